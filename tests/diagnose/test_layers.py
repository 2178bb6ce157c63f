"""Where the mistake sits: layers are told apart even where they hardly change anything."""

from __future__ import annotations

import numpy as np
import pytest

import fastcheck
from fastcheck import nn, planted


@pytest.mark.parametrize(("weights", "inputs"), [(0.003, 10), (0.005, 3), (0.01, 1)])
def test_a_tanh_of_small_numbers_is_a_layer_of_its_own(weights, inputs):
    # tanh z is z to within the rounding of float32; its derivative is 1 - z^2 all the same, and
    # that is 1e-5 off 1.
    first, second = (nn.Affine(*size, weight_scale=weights) for size in ((60, 30), (30, 50)))
    layers = [first, nn.LeakyRelu(), second, nn.Tanh(), nn.Affine(50, 2)]
    net = nn.Network(layers, dtype="float32", seed=1)
    rng = np.random.default_rng(0)
    x = (inputs * rng.normal(size=(7, 60))).astype(np.float32)
    t = rng.integers(0, 2, 7)
    wrong = (planted.plant("weights-zero", net, seed=seed) for seed in range(20))
    model = next(one for one in wrong if one.place == "Affine2")
    (finding,) = fastcheck.gradcheck(model, x, t).findings
    assert finding.kind == "zero"
    assert finding.where == ("Affine2",)


@pytest.mark.parametrize(
    ("outputs", "alter", "kind"),
    [
        (4, lambda w: 1.3 * w, "factor"),
        (4, lambda w: w + 0.1 * np.roll(w, 1), "stale"),
        (1, lambda w: 1.3 * w, "stale"),  # of a single weight it may be either
    ],
)
def test_what_is_handed_down_by_another_matrix(outputs, alter, kind):
    middle = nn.Affine(outputs, outputs)
    layers = [nn.Affine(5, outputs), nn.Tanh(), middle, nn.Tanh(), nn.Affine(outputs, 3)]
    net = nn.Network(layers, seed=1)
    rng = np.random.default_rng(0)
    right = middle.backward

    def backward(x, y, dy):
        return dy @ alter(middle.W).T, right(x, y, dy)[1]

    middle.backward = backward
    (finding,) = fastcheck.gradcheck(net, rng.random((9, 5)), rng.integers(0, 3, 9)).findings
    assert (finding.kind, finding.where) == (kind, ("Affine2",))
