"""Gradients in another dtype than the loss is computed in."""

from __future__ import annotations

import numpy as np
import pytest

import fastcheck


class Accumulating:
    """Weights in float32, data in float64; the gradient is added up sample by sample."""

    def __init__(self, seed, factor=1.0):
        rng = np.random.default_rng(seed)
        self.params = {"W": rng.standard_normal((5, 3)).astype(np.float32)}
        self.factor = factor

    def loss(self, x, t):
        return np.mean((x @ self.params["W"] - t) ** 2)

    def gradient(self, x, t):
        total = np.zeros_like(self.params["W"])
        for row, target in zip(x, t, strict=True):
            total += 2 * np.outer(row, row @ self.params["W"] - target) / t.size
        return {"W": (self.factor * total).astype(np.float32)}


@pytest.mark.parametrize("seed", range(20))
def test_what_is_added_up_in_float32_is_held_to_that(seed):
    rng = np.random.default_rng(100 + seed)
    x, t = rng.standard_normal((200, 5)), rng.standard_normal((200, 3))
    assert fastcheck.gradcheck(Accumulating(seed), x, t).verdict == "pass"
    assert fastcheck.gradcheck(Accumulating(seed, 1.001), x, t).verdict == "fail"
