"""Results kept as lines of JSON, so that an interrupted run goes on where it stopped.

The file's name carries a hash of all sources that results hang on: what another version found is
never taken for this one's.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from itertools import chain
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import fastcheck
from bench.timing import one_blas_thread
from bench.trust.extent import Task
from fastcheck.primitives.cache import cache_root

Record = dict[str, Any]
Work = Callable[[str], Record]

_CHUNK = 8


def ledger_folder() -> Path:
    """Return where results are kept: beside the compiled kernels."""
    return cache_root() / "trust"


@cache
def source_hash() -> str:
    """Return a hash of the sources of fastcheck and of these tables."""
    roots = Path(fastcheck.__file__).parent, Path(__file__).parent
    digest = hashlib.sha256()
    for path in chain.from_iterable(sorted(root.rglob("*.py")) for root in roots):
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:16]


def results(task: Task, table: str, keys: Sequence[str], work: Work) -> list[Record]:
    """Return what `work` finds for each key, in their order; what is known is not done again.

    Parameters
    ----------
    task
        Where results are kept, and how many processes.
    table
        The beginning of the file's name.
    keys
        All different.
    work
        A function of a module, called with a key; what it returns must go into JSON.
    """
    path = None if task.folder is None else task.folder / f"{table}-{source_hash()}.jsonl"
    known = _read(path)
    missing = [key for key in keys if key not in known]
    done = len(keys) - len(missing)
    for key, record in _worked(missing, work, task.workers):
        known[key] = record
        done += 1
        task.tell(f"{table}: {done:,} of {len(keys):,}")
        if path is not None:
            _append(path, key, record)
    return [known[key] for key in keys]


def _worked(keys: Sequence[str], work: Work, workers: int) -> Iterator[tuple[str, Record]]:
    if workers == 1 or len(keys) < 2:
        with one_blas_thread():
            yield from ((key, work(key)) for key in keys)
        return
    # A fork would copy the threads' locks, but not the threads.
    with ProcessPoolExecutor(workers, get_context("spawn"), _start) as pool:
        try:
            yield from zip(keys, pool.map(work, keys, chunksize=_CHUNK), strict=True)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _start() -> None:
    """Pin BLAS for the life of a worker: two of them are as many as there are processors."""
    os.environ["OPENBLAS_NUM_THREADS"] = "1"
    one_blas_thread().__enter__()


def _append(path: Path, key: str, record: Record) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as file:
        # The line before it may have been cut short.
        file.write("\n" + json.dumps([key, record]))


def _read(path: Path | None) -> dict[str, Record]:
    if path is None or not path.exists():
        return {}
    return dict(_parsed(path.read_text(encoding="utf-8").splitlines()))


def _parsed(lines: Iterable[str]) -> Iterator[tuple[str, Record]]:
    for line in lines:
        try:
            key, record = json.loads(line)
        except ValueError:  # the run ended within the line
            continue
        yield key, record
