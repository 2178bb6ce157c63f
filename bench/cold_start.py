"""Cold start: whole processes, from the interpreter's start to its end, and where the time goes."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

from bench.musts import Must
from bench.process import Process, python
from bench.quantities import NONE, duration, megabytes
from bench.section import Section, Tell
from bench.stages import STAGES

ROUNDS = 5

INTERPRETER = "Python alone"
IMPORT = "import fastcheck"
IMPORT_API = "from fastcheck import gradcheck"
EMPTY_CACHE = "fastcheck run, empty kernel cache"
WARM_CACHE = "fastcheck run, warm kernel cache"

IMPORTS = {INTERPRETER: "pass", IMPORT: IMPORT, IMPORT_API: IMPORT_API}

HEADINGS = ("process", "time", "least", "processor time", "peak memory")

_WARM, _EMPTY, _MEMORY = 1.5, 15.0, 300e6
_WARM_GOAL = 1.0


def measure(*, tell: Tell, rounds: int | None = None) -> Section:
    """Time imports and runs.

    Parameters
    ----------
    rounds
        How often each is run, interleaved; into an empty cache once.
    """
    rounds = rounds or ROUNDS
    with tempfile.TemporaryDirectory(prefix="fastcheck-bench-") as name:
        warm, empty = Path(name) / "warm", Path(name) / "empty"
        python(["-c", IMPORT_API])  # compiles the .pyc files, which no user waits for twice
        processes: dict[str, list[Process]] = {what: [] for what in (*IMPORTS, WARM_CACHE)}
        tell(EMPTY_CACHE)
        processes[EMPTY_CACHE] = [run(warm)]
        turns: dict[str, Callable[[], Process]] = {
            **{what: partial(import_in_new_process, what) for what in IMPORTS},
            WARM_CACHE: partial(run, warm),
        }
        inside: list[dict[str, float]] = []
        for number in range(1, rounds + 1):
            for what, turn in turns.items():
                tell(f"round {number} of {rounds}: {what}")
                processes[what].append(turn())
            inside.append(stages_in_new_process(warm))
        tell("where the time goes, empty kernel cache")
        inside_empty = stages_in_new_process(empty)
    return section(processes, inside, inside_empty)


def section(
    processes: dict[str, list[Process]],
    inside: list[dict[str, float]],
    inside_empty: dict[str, float],
) -> Section:
    """Return the table of these processes.

    Parameters
    ----------
    processes
        By what they did.
    inside, inside_empty
        Seconds of the stages with a warm cache, one dict per round, and with an empty one.
    """
    warm, empty = processes[WARM_CACHE], processes[EMPTY_CACHE]
    return Section(
        title="Cold start, whole processes",
        headings=HEADINGS,
        rows=(
            *((what, *_cells(found)) for what, found in processes.items()),
            *((f"  within: {stage}", *_inside(stage, inside, inside_empty)) for stage in STAGES),
        ),
        below=(
            (
                "The empty cache once. Within: with a warm cache; where it differs, with an empty "
                "one in brackets. Processor time is that of all processors together, memory that "
                "of the largest process."
            ),
        ),
        musts=(
            Must(
                what=WARM_CACHE,
                measured=median(process.seconds for process in warm),
                by_least=min(process.seconds for process in warm),
                limit=_WARM,
                goal=_WARM_GOAL,
                unit="seconds",
            ),
            Must(
                what=EMPTY_CACHE,
                measured=median(process.seconds for process in empty),
                limit=_EMPTY,
                unit="seconds",
            ),
            *(
                Must(
                    what=f"{what}, peak memory",
                    measured=max(process.peak_memory for process in processes[what]),
                    limit=_MEMORY,
                    unit="bytes",
                )
                for what in (WARM_CACHE, EMPTY_CACHE)
            ),
        ),
        data={
            "processes": {
                what: [
                    {
                        "seconds": process.seconds,
                        "processor_seconds": process.processor_seconds,
                        "peak_memory": process.peak_memory,
                    }
                    for process in found
                ]
                for what, found in processes.items()
            },
            "stages": {"warm": inside, "empty": [inside_empty]},
        },
    )


def import_in_new_process(what: str) -> Process:
    """Start Python, import, end: `what` is INTERPRETER, IMPORT or IMPORT_API."""
    return python(["-c", IMPORTS[what]])


def run(cache: Path | None) -> Process:
    """Run ``fastcheck run`` with kernels cached in `cache`."""
    return python(["-m", "fastcheck", "run", "--threads", "2"], cache=cache)


def stages_in_new_process(cache: Path) -> dict[str, float]:
    """Return the seconds of the stages of a check."""
    found: dict[str, Any] = json.loads(python(["-m", "bench.stages"], cache=cache).output)
    return {stage: float(found[stage]) for stage in STAGES}


def _cells(found: list[Process]) -> tuple[str, ...]:
    seconds = [process.seconds for process in found]
    return (
        duration(median(seconds)),
        duration(min(seconds)),
        duration(median(process.processor_seconds for process in found)),
        megabytes(max(process.peak_memory for process in found)),
    )


def _inside(
    stage: str, inside: list[dict[str, float]], inside_empty: dict[str, float]
) -> tuple[str, ...]:
    seconds = [one[stage] for one in inside]
    words = duration(median(seconds))
    if inside_empty[stage] > 2 * median(seconds) and inside_empty[stage] > 1:
        words += f" ({duration(inside_empty[stage])})"
    return words, duration(min(seconds)), NONE, NONE
