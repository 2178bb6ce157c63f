"""Weight decay in words: by how much, whether the penalty has a half or not."""

from __future__ import annotations

import numpy as np
import pytest

import fastcheck


class Penalised:
    """A penalty without a half, and some of it in the gradient."""

    def __init__(self, decay, scale=0.1):
        rng = np.random.default_rng(0)
        self.params = {"W": rng.standard_normal((4, 3)), "b": rng.standard_normal(3)}
        self.decay, self.scale = decay, scale

    def loss(self, x, t):
        w, b = self.params["W"], self.params["b"]
        return np.sum((x @ w + b - t) ** 2) / len(x) + self.scale * np.sum(w * w)

    def gradient(self, x, t):
        w, b = self.params["W"], self.params["b"]
        dz = 2 * (x @ w + b - t) / len(x)
        return {"W": x.T @ dz + self.decay * w, "b": dz.sum(axis=0) + self.decay * 0}


@pytest.mark.parametrize(
    ("decay", "words"),
    [
        (0.0, "is missing: the penalty of the loss makes it 0.2 times the parameter."),
        (0.1, "is half of what it should be: the penalty of the loss makes it 0.2 times the"),
        (0.4, "comes in twice: the penalty of the loss makes it 0.2 times the parameter"),
        (-0.2, "has the wrong sign: add it"),
        (0.04, "is divided by the batch size: the penalty of the loss makes it 0.2 times the"),
        (1.0, "is multiplied by the batch size: the penalty of the loss makes it 0.2 times the"),
        (0.5, "is 2.5 times what it should be: the penalty of the loss makes it 0.2 times the"),
    ],
)
def test_a_penalty_without_a_half(decay, words):
    rng = np.random.default_rng(1)
    (finding,) = fastcheck.gradcheck(
        Penalised(decay), rng.random((5, 4)), rng.random((5, 3))
    ).findings
    assert finding.kind == "weight decay"
    assert f"The weight decay in the gradient of W {words}" in finding.message


@pytest.mark.parametrize(
    ("decay", "scale", "words"),
    [
        (0.0, 0.05, "The gradient of W lacks 0.1 times the parameter itself, as of a weight decay"),
        (0.3, 0.0, "The gradient of W has 0.3 times the parameter itself too much, as of a weight"),
    ],
)
def test_a_penalty_that_is_not_recorded(decay, scale, words):
    rng = np.random.default_rng(1)
    x, t = rng.random((5, 4)), rng.random((5, 3))
    (finding,) = fastcheck.gradcheck(
        Penalised(decay, scale), x, t, engine="reference", step=1e-5
    ).findings
    assert words in finding.message


def test_a_scale_of_one_element_is_no_decay():
    class Scaled:
        params = {"g": np.array([1.0])}  # noqa: RUF012

        def loss(self, x, t):
            return np.sum(self.params["g"] * x)

        def gradient(self, x, t):
            return {"g": np.array([2 * np.sum(x)])}

    (finding,) = fastcheck.gradcheck(Scaled(), np.array([[0.25], [0.75]]), None).findings
    assert finding.kind == "factor"


@pytest.mark.parametrize("decay", [0.0, 0.2])
def test_what_is_zero_but_for_the_penalty_is_zero(decay):
    rng = np.random.default_rng(1)
    model = Penalised(decay, scale=decay / 2)
    model.gradient = lambda x, t: {"W": decay * model.params["W"], "b": np.zeros(3)}
    (finding,) = fastcheck.gradcheck(model, rng.random((5, 4)), rng.random((5, 3))).findings
    assert finding.kind == "zero"
    assert finding.message.startswith("The gradient of W and b is zero where it should not be")
