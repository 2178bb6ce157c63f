"""A factor that equals several things: the plainest is named, and two plain ones both."""

from __future__ import annotations

import numpy as np
import pytest

import fastcheck


class ForgottenHalf:
    """Half of the mean squared distance, with a gradient that forgets the half."""

    def __init__(self):
        self.params = {"W": np.random.default_rng(0).standard_normal((4, 3))}

    def loss(self, x, t):
        return 0.5 * np.sum((x @ self.params["W"] - t) ** 2) / len(x)

    def gradient(self, x, t):
        return {"W": 2 * x.T @ (x @ self.params["W"] - t) / len(x)}


@pytest.mark.parametrize("batch", [2, 5, 6])
def test_a_forgotten_half_is_called_so(batch):
    rng = np.random.default_rng(1)
    x, t = rng.random((batch, 4)), rng.random((batch, 3))
    (finding,) = fastcheck.gradcheck(ForgottenHalf(), x, t).findings
    assert finding.kind == "factor"
    assert "or a half that the loss has" in finding.message
    # 6 / 3 is 2 as well, but nobody makes that mistake; of 2 and the batch size either may be it.
    assert ("batch size" in finding.message) == (batch == 2)
    assert "number of classes" not in finding.message
