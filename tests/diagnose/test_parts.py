"""Mistakes on one part of a gradient: on one branch, one mask, one product."""

from __future__ import annotations

import numpy as np
import pytest

import fastcheck


class Sloped:
    """A leaky ReLU with another slope in the backward: a factor on one part of the gradient."""

    def __init__(self, slope):
        rng = np.random.default_rng(0)
        self.params = {"V": rng.standard_normal((4, 6)), "W": rng.standard_normal((6, 2))}
        self.slope = slope

    def hidden(self, x):
        a = x @ self.params["V"]
        return a, np.where(a > 0, a, 0.01 * a)

    def loss(self, x, t):
        return np.mean((self.hidden(x)[1] @ self.params["W"] - t) ** 2)

    def gradient(self, x, t):
        a, h = self.hidden(x)
        d = 2 * (h @ self.params["W"] - t) / t.size
        slope = np.where(a > 0, 1, self.slope)
        return {"W": h.T @ d, "V": x.T @ (d @ self.params["W"].T * slope)}


def test_a_factor_on_a_part_is_called_so():
    rng = np.random.default_rng(1)
    x, t = rng.standard_normal((5, 4)), rng.standard_normal((5, 2))
    (finding,) = fastcheck.gradcheck(Sloped(0.1), x, t).findings
    # That 10 is twice the batch size is chance.
    assert finding.message.startswith(
        "One part of the gradient of V is 10 times what it should be: look for a constant"
    )
    (finding,) = fastcheck.gradcheck(Sloped(0.05), x, t).findings
    assert "is 5 times what it should be, and 5 is the batch size: " in finding.message


class Dropped:
    """A network with a dropout mask that is drawn once."""

    def __init__(self, backward):
        rng = np.random.default_rng(0)
        self.params = {"V": rng.standard_normal((4, 6)), "W": rng.standard_normal((6, 2))}
        self.mask = (rng.random((5, 6)) < 0.5) / 0.5
        self.backward = backward(self.mask)

    def loss(self, x, t):
        return np.mean((np.tanh(x @ self.params["V"]) * self.mask @ self.params["W"] - t) ** 2)

    def gradient(self, x, t):
        h = np.tanh(x @ self.params["V"])
        d = 2 * (h * self.mask @ self.params["W"] - t) / t.size
        dh = d @ self.params["W"].T * self.backward
        return {"W": (h * self.mask).T @ d, "V": x.T @ (dh * (1 - h * h))}


@pytest.mark.parametrize(
    ("backward", "words"),
    [
        (lambda m: 1.0, "does not multiply by the array that the forward multiplies by"),
        (lambda m: 2.0 - m, "the dropout mask is inverted"),
        (lambda m: m > 0, "is 0.5 times the numerical one"),
    ],
)
def test_dropout(backward, words):
    rng = np.random.default_rng(1)
    x, t = rng.standard_normal((5, 4)), rng.standard_normal((5, 2))
    assert fastcheck.gradcheck(Dropped(lambda m: m), x, t).passed
    (finding,) = fastcheck.gradcheck(Dropped(backward), x, t).findings
    assert words in finding.message
    assert finding.parameter == "V"


class Gated:
    """A gate: one moving array times another, of which the backward forgets one."""

    def __init__(self):
        rng = np.random.default_rng(0)
        self.params = {"U": rng.standard_normal((4, 6)), "V": rng.standard_normal((4, 6))}

    def loss(self, x, t):
        return np.sum((x @ self.params["U"]) * np.tanh(x @ self.params["V"])) / len(x)

    def gradient(self, x, t):
        v = np.tanh(x @ self.params["V"])
        ones = np.full(v.shape, 1 / len(x))
        return {"U": x.T @ ones, "V": x.T @ ((x @ self.params["U"]) * (1 - v * v) / len(x))}


def test_a_product_of_two_that_move_has_no_mask():
    (finding,) = fastcheck.gradcheck(
        Gated(), np.random.default_rng(1).random((5, 4)), None
    ).findings
    assert finding.kind == "unexplained"


class Transposed:
    """Two layers with weights as outputs x inputs; the second hands down by older ones."""

    class Layer:
        def __init__(self, outputs, inputs, rng):
            self.params = {"W": rng.standard_normal((outputs, inputs))}
            self.older = self.params["W"]

        def forward(self, x):
            return x @ self.params["W"].T

        def backward(self, x, y, dy):
            return dy @ self.older, {"W": dy.T @ x}

    def __init__(self, alter):
        rng = np.random.default_rng(0)
        self.layers = [self.Layer(5, 4, rng), self.Layer(3, 5, rng)]
        self.params = {"W1": self.layers[0].params["W"], "W2": self.layers[1].params["W"]}
        self.layers[1].older = alter(self.params["W2"])

    def loss(self, x, t):
        return np.sum((self.layers[1].forward(self.layers[0].forward(x)) - t) ** 2)

    def gradient(self, x, t):
        h = self.layers[0].forward(x)
        y = self.layers[1].forward(h)
        dh, second = self.layers[1].backward(h, y, 2 * (y - t))
        return {"W1": self.layers[0].backward(x, h, dh)[1]["W"], "W2": second["W"]}


@pytest.mark.parametrize(
    ("alter", "kind"),
    [(lambda w: 1.3 * w, "factor"), (lambda w: w + 0.1 * np.roll(w, 1), "stale")],
)
def test_weights_stored_the_other_way_round(alter, kind):
    rng = np.random.default_rng(1)
    (finding,) = fastcheck.gradcheck(
        Transposed(alter), rng.random((9, 4)), rng.random((9, 3))
    ).findings
    assert (finding.kind, finding.where) == (kind, ("Layer2",))
