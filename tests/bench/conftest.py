"""The benchmark's own arithmetic and its tables; nothing here depends on how fast anything is."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

# bench/ is not installed: `python -m pytest` finds it in the current folder, `pytest` does not.
sys.path.append(str(Path(__file__).resolve().parents[2]))

from bench import classic
from bench.cases import Sizes
from bench.competitors import REFERENCE, entrants
from bench.timing import Timing

TINY = Sizes(batch=3, hidden=2)


@pytest.fixture(scope="session")
def everyone():
    return entrants(TINY)


@pytest.fixture(scope="session")
def timings(everyone):
    """Real results of a tiny network, with made-up times."""
    return {
        name: Timing((8.0 / 2**place, 16.0 / 2**place)[: entrant.turns], entrant.run())
        for place, (name, entrant) in enumerate(everyone.items())
    }


@pytest.fixture(scope="session")
def rows(everyone, timings):
    return classic.rows_of(everyone, timings)


@pytest.fixture(scope="session")
def measured(everyone, rows):
    """The classic part, as it is shown."""
    return classic.section(rows, everyone[REFERENCE].case, rounds=2)
