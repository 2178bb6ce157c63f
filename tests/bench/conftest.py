"""The benchmark's own arithmetic and its tables; nothing here depends on how fast anything is."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

# bench/ is not installed: `python -m pytest` finds it in the current folder, `pytest` does not.
sys.path.append(str(Path(__file__).resolve().parents[2]))

from bench import table
from bench.accurate import precision
from bench.cases import Sizes
from bench.cold_start import EMPTY_CACHE, WARM_CACHE, ColdStart
from bench.competitors import REFERENCE, entrants
from bench.machine import machine
from bench.timing import Timing, one_blas_thread

TINY = Sizes(batch=3, hidden=2)


@pytest.fixture(scope="session")
def measured():
    """Real results of a tiny network, with made-up times."""
    everyone = entrants(TINY)
    timings = {
        name: Timing((8.0 / 2**place, 16.0 / 2**place)[: entrant.turns], entrant.run())
        for place, (name, entrant) in enumerate(everyone.items())
    }
    starts = ColdStart({EMPTY_CACHE: (12.0,), WARM_CACHE: (0.9, 1.1)})
    case = everyone[REFERENCE].case
    with one_blas_thread():
        surroundings = machine()
    return table.Measured(
        rows=table.rows_of(everyone, timings),
        cold_start=starts.seconds,
        cold_start_medians=starts.medians(),
        batch=TINY.batch,
        hidden=TINY.hidden,
        parameters=case.parameters,
        dtype=case.dtype,
        rounds=2,
        precision=precision(),
        machine=surroundings,
    )
