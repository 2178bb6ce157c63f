"""Cold start: whole processes, from the interpreter's start to its end."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

from bench.timing import Competitor, Tell, interleaved

INTERPRETER = "Python alone"
IMPORT = "import fastcheck"
IMPORT_API = "from fastcheck import gradcheck"
EMPTY_CACHE = "fastcheck run --params b2, empty kernel cache"
WARM_CACHE = "fastcheck run --params b2, warm kernel cache"

_IMPORTS = {INTERPRETER: "pass", IMPORT: IMPORT, IMPORT_API: IMPORT_API}


@dataclass(frozen=True, slots=True)
class ColdStart:
    """Seconds of whole processes, by what they did; one number per round."""

    seconds: dict[str, tuple[float, ...]]

    def medians(self) -> dict[str, float]:
        """Return the medians over the rounds."""
        return {name: median(taken) for name, taken in self.seconds.items()}


def cold_start(*, rounds: int, tell: Tell = lambda _: None) -> ColdStart:
    """Time imports and first runs.

    Parameters
    ----------
    rounds
        How often each is run, interleaved; compiling into an empty cache, once.
    tell
        Called with what is about to run.
    """
    with tempfile.TemporaryDirectory(prefix="fastcheck-bench-") as name:
        cache = Path(name)
        import_in_new_process(IMPORT_API)  # compiles the .pyc files, which no user waits for twice
        tell(EMPTY_CACHE)
        began = perf_counter()
        run_in_new_process(cache)
        empty = perf_counter() - began
        timings = interleaved(
            [
                *(
                    Competitor(
                        name=what,
                        run=partial(import_in_new_process, what),
                        warm_up=lambda: None,
                    )
                    for what in _IMPORTS
                ),
                Competitor(
                    name=WARM_CACHE,
                    run=partial(run_in_new_process, cache),
                    warm_up=lambda: None,
                ),
            ],
            rounds=rounds,
            tell=tell,
        )
    seconds = {what: timings[what].seconds for what in _IMPORTS}
    return ColdStart(
        {**seconds, EMPTY_CACHE: (empty,), WARM_CACHE: timings[WARM_CACHE].seconds},
    )


def import_in_new_process(what: str) -> None:
    """Start Python, import, end: `what` is INTERPRETER, IMPORT or IMPORT_API."""
    _run(["-c", _IMPORTS[what]], os.environ)


def run_in_new_process(cache: Path) -> dict[str, Any]:
    """Run ``fastcheck run --params b2`` with kernels cached in `cache`; return its report."""
    report = cache / "report.json"
    _run(
        ["-m", "fastcheck", "run", "--params", "b2", "--quiet", "--json", str(report)],
        {**os.environ, "FASTCHECK_CACHE_DIR": str(cache / "kernels")},
    )
    content: dict[str, Any] = json.loads(report.read_text(encoding="utf-8"))
    return content


def _run(arguments: Sequence[str], environment: Mapping[str, str]) -> None:
    # One BLAS thread there too, and the kernels that BLAS chooses by itself.
    threads = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")
    pinned = {**environment, **dict.fromkeys(threads, "1")}
    pinned.pop("OPENBLAS_CORETYPE", None)
    subprocess.run([sys.executable, *arguments], env=pinned, check=True, stdout=subprocess.DEVNULL)
