"""The peers' rows of the table, each as a benchmark of its own."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from bench import peers
from bench.entrant import Entrant
from bench.pedantic import measured

Everyone = dict[str, Entrant]


def test_scipy(benchmark: Any, everyone: Everyone) -> None:
    error = measured(benchmark, everyone[peers.SCIPY], rounds=1)
    assert error is not None
    assert np.isfinite(error)  # its step, too, crosses kinks


@pytest.mark.parametrize("name", [peers.TORCH_SLOW, peers.TORCH_FAST])
def test_torch_on_the_classic_network(benchmark: Any, everyone: Everyone, name: str) -> None:
    assert measured(benchmark, everyone[name], rounds=1) is None
    assert "yes or no" in benchmark.extra_info["note"]  # either, by how close the kinks are


def test_torch_fast_mode_on_the_example(benchmark: Any, everyone: Everyone) -> None:
    entrant = everyone[peers.TORCH_FAST_EXAMPLE]
    assert measured(benchmark, entrant, rounds=20, iterations=5) is None
    assert "accepts" in benchmark.extra_info["note"]
