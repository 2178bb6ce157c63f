"""fastcheck's rows of the table, each as a benchmark of its own.

pytest-benchmark runs all rounds of a benchmark before it turns to the next: right for the
comparison of a benchmark with its own past, not for ratios on a noisy machine. Those come from
``python -m bench``, which interleaves the same competitors.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from bench import competitors
from bench.accuracy import LARGEST
from bench.entrant import Entrant
from bench.pedantic import measured
from fastcheck.engine.steps import FULL_STEP

Everyone = dict[str, Entrant]


def test_reference_loop(benchmark: Any, everyone: Everyone) -> None:
    error = measured(benchmark, everyone[competitors.REFERENCE], rounds=1)
    assert error is not None
    assert np.isfinite(error)  # its step crosses kinks: there the error is as large as the gradient


@pytest.mark.parametrize(
    "name",
    [
        competitors.PROGRAM,
        competitors.ONE_THREAD,
        competitors.BARE,
        competitors.GRADCHECK,
        competitors.EXAMPLE,
    ],
)
def test_incremental_engine(benchmark: Any, everyone: Everyone, name: str) -> None:
    error = measured(benchmark, everyone[name], rounds=20)
    assert error is not None
    assert error < LARGEST  # a fast wrong answer is none


def test_full_engine(benchmark: Any, everyone: Everyone) -> None:
    error = measured(benchmark, everyone[competitors.FULL], rounds=3)
    assert error is not None
    assert error < FULL_STEP


def test_recording(benchmark: Any, everyone: Everyone) -> None:
    assert measured(benchmark, everyone[competitors.RECORDING], rounds=20) is None


def test_loss(benchmark: Any, everyone: Everyone) -> None:
    assert measured(benchmark, everyone[competitors.LOSS], rounds=20, iterations=20) is None


def test_backprop(benchmark: Any, everyone: Everyone) -> None:
    error = measured(benchmark, everyone[competitors.BACKPROP], rounds=20, iterations=20)
    assert error is not None
    assert error < 1e-12
