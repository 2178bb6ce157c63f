"""A factor that equals several things: the plainest is named, and two plain ones both."""

from __future__ import annotations

import numpy as np
import pytest

import fastcheck
from fastcheck.diagnose import Case
from fastcheck.diagnose.factor_words import Factor, explained
from fastcheck.diagnose.wording import _ALSO, listed
from fastcheck.verdict.finding import MISTAKES


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


class Labelled:
    """A softmax cross entropy over every position of a sequence, with a factor on its gradient."""

    def __init__(self, factor):
        self.params = {"W": np.random.default_rng(0).standard_normal((4, 3))}
        self.factor = factor

    def loss(self, x, t):
        z = x @ self.params["W"]
        z = z - z.max(axis=-1, keepdims=True)
        p = np.exp(z) / np.exp(z).sum(axis=-1, keepdims=True)
        picked = p.reshape(-1, 3)[np.arange(t.size), t.ravel()]
        return -np.sum(np.log(picked)) / t.size

    def gradient(self, x, t):
        z = x @ self.params["W"]
        z = z - z.max(axis=-1, keepdims=True)
        p = np.exp(z) / np.exp(z).sum(axis=-1, keepdims=True)
        dz = (p.reshape(-1, 3) - np.eye(3)[t.ravel()]) / t.size
        return {"W": self.factor * (x.reshape(-1, 4).T @ dz)}


@pytest.mark.parametrize(
    ("factor", "number", "meaning", "advice"),
    [
        (11, "11", "the number of positions", "positions once"),
        (77, "77", "the batch size times the number of positions", "batch and positions once"),
        (1 / 77, "1/77", "1 over the batch size times the number of positions", "positions once"),
        (1 / 7, "1/7", "1 over the batch size", "divide by the batch size only as often"),
        (1 / 3, "1/3", "1 over the number of classes", "over the classes too"),
    ],
)
def test_positions_of_a_sequence(factor, number, meaning, advice):
    rng = np.random.default_rng(1)
    x, t = rng.random((7, 11, 4)), rng.integers(0, 3, (7, 11))
    (finding,) = fastcheck.gradcheck(Labelled(factor), x, t).findings
    assert f"is {number} times the numerical one, and {number} is {meaning}:" in finding.message
    assert advice in finding.message


@pytest.mark.parametrize(
    ("factor", "number"),
    [(1 + 1e-6, "1.000001"), (1 - 2e-9, "0.999999998"), (1.2345, "1.2345"), (-1 / 700, "-1/700")],
)
def test_factors_of_no_meaning(factor, number):
    rng = np.random.default_rng(1)
    x, t = rng.random((7, 11, 4)), rng.integers(0, 3, (7, 11))
    (finding,) = fastcheck.gradcheck(Labelled(factor), x, t).findings
    assert f"is {number} times the numerical one:" in finding.message


@pytest.mark.parametrize(
    ("value", "uncertainty", "number"),
    [
        (1 / 3, 0.0, "1/3"),
        (0.5, 0.0, "0.5"),
        (1 / 7 + 2e-13, 0.0, "0.142857"),
        (1 / 7 + 1e-6, 2e-6, "1/7"),
        (1 / 8 - 0.0016, 0.005, "0.1234"),
        (1.2345e-4, 1e-8, "0.00012345"),
        (17.0, 0.0, "17"),
    ],
)
def test_the_number(value, uncertainty, number):
    factor = Factor(value, uncertainty, ())
    case = Case({}, 9, None, None, None, None, None, None)
    message = explained(case, factor, ("W",), None).message
    assert f"is {number} times the numerical one:" in message


def test_many_names_are_cut_short():
    assert listed(["W1"]) == "W1"
    assert listed(["W1", "b1", "W2"]) == "W1, b1 and W2"
    names = [f"W{i}" for i in range(11)]
    assert listed(names[:10]) == "W0, W1, W2, W3, W4, W5, W6, W7, W8 and W9"
    assert listed(names) == "W0, W1, W2, ... and W10 (11 of them)"


def test_every_kind_has_words_for_what_it_would_give_too():
    assert set(_ALSO) == set(MISTAKES) - {"unused", "unexplained"}


class Columns:
    """Samples in columns, as in y = W x + b, and a gradient that is not averaged."""

    def __init__(self):
        rng = np.random.default_rng(0)
        self.params = {"W": rng.standard_normal((2, 3)), "b": np.zeros((2, 1))}

    def loss(self, x, t):
        return np.sum((self.params["W"] @ x + self.params["b"] - t) ** 2) / x.shape[1]

    def gradient(self, x, t):
        dz = 2 * (self.params["W"] @ x + self.params["b"] - t)
        return {"W": dz @ x.T, "b": dz.sum(axis=1, keepdims=True)}


def test_samples_in_columns():
    rng = np.random.default_rng(1)
    report = fastcheck.gradcheck(Columns(), rng.random((3, 12)), rng.random((2, 12)))
    assert report.batch == 12
    (finding,) = report.findings
    assert "is 12 times the numerical one, and 12 is the batch size:" in finding.message
    assert all("fastcheck" not in place for place in finding.where)


def test_half_of_the_columns_is_another_batch():
    rng = np.random.default_rng(1)
    model, x, t = Columns(), rng.random((3, 12)), rng.random((2, 12))
    right = model.gradient
    noise = rng.random((2, 3))
    model.gradient = lambda x, t: {**right(x, t), "W": right(x, t)["W"] * noise}
    report = fastcheck.gradcheck(model, x, t)
    assert all(finding.kind != "stale" for finding in report.findings)
    kept = right(x, t)
    model.gradient = lambda *_: {name: 0.5 * array for name, array in kept.items()}
    model.params["W"] += 1.0
    (finding,) = fastcheck.gradcheck(model, x, t).findings
    assert finding.kind == "stale"
