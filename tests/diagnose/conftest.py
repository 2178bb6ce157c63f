"""Networks of one's own, with a wrong gradient: the case that is to be diagnosed."""

from __future__ import annotations

import numpy as np
import pytest

import fastcheck
from fastcheck.diagnose import Case, Suspect
from fastcheck.verdict import CODES


class OwnNetwork:
    """Two layers written by hand, without layer objects."""

    def __init__(self, activation=lambda x: np.maximum(x, 0), l2=0.0, epsilon=0.0):
        generator = np.random.default_rng(7)
        self.params = {
            "W1": generator.standard_normal((6, 5)),
            "b1": generator.standard_normal(5),
            "W2": generator.standard_normal((5, 5)),
            "b2": generator.standard_normal(5),
        }
        self.activation, self.l2, self.epsilon = activation, l2, epsilon

    def loss(self, x, t):
        p = self.params
        z = self.activation(x @ p["W1"] + p["b1"]) @ p["W2"] + p["b2"]
        powers = np.exp(z - np.max(z, axis=1, keepdims=True))
        y = powers / np.sum(powers, axis=1, keepdims=True)
        loss = -np.sum(t * np.log(y + self.epsilon)) / len(x)
        if self.l2:
            loss = loss + self.l2 / 2 * (np.sum(p["W1"] ** 2) + np.sum(p["W2"] ** 2))
        return loss

    def gradient(self, x, t):
        raise NotImplementedError


def case_of(model, x, t, wrong, *, program=True, again=None):
    """Diagnose a gradient made by `wrong` from the numerical one."""
    right = fastcheck.numerical_gradient(model, x, t)
    found = {name: array.copy() for name, array in right.items()}
    changed = wrong(found)
    found = found if changed is None else changed
    model.gradient = lambda *_: found
    report = fastcheck.gradcheck(model, x, t)
    suspects = {
        name: Suspect(
            name,
            np.asarray(model.params[name], np.float64),
            np.asarray(item.analytic, np.float64),
            item.numerical,
            item.bound,
            np.isin(item.codes, [CODES["fail"], CODES["approximate"]]),
        )
        for name, item in report.params.items()
    }
    recorded = fastcheck.record(model, x, t) if program else None
    return Case(suspects, len(x), 5, again, x, t, recorded, model)


@pytest.fixture
def batch():
    generator = np.random.default_rng(3)
    return generator.standard_normal((8, 6)), np.eye(5)[generator.integers(0, 5, 8)]


@pytest.fixture
def own_network():
    return OwnNetwork


@pytest.fixture
def make_case():
    return case_of
