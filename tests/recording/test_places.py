"""Places that depend on the parameters: kept for the backward they do no harm, read they refuse."""

from __future__ import annotations

import re

import numpy as np
import pytest

import fastcheck
from fastcheck.errors import CannotRecord
from fastcheck.recording.places import Places


class Pooled:
    """A layer of the textbook's kind: argmax for the backward, max for the forward."""

    def __init__(self, place):
        self.params = {"W": np.random.default_rng(0).standard_normal((4, 6))}
        self.place, self.kept = place, None

    def loss(self, x, t):
        z = (x @ self.params["W"]).reshape(-1, 3)
        self.kept = self.place(z)
        return np.sum(np.max(z, axis=1) ** 2)

    def gradient(self, x, t):
        z = (x @ self.params["W"]).reshape(-1, 3)
        dz = np.zeros_like(z)
        rows = np.arange(len(z))
        dz[rows, z.argmax(axis=1)] = 2 * z.max(axis=1)
        return {"W": x.T @ dz.reshape(len(x), 6)}


X = np.random.default_rng(1).standard_normal((5, 4))


@pytest.mark.parametrize(
    "place",
    [
        lambda z: np.argmax(z, axis=1),
        lambda z: z.argmax(1).reshape(-1, 2).copy(),
        lambda z: np.argsort(z, axis=1).flatten(),
        np.argmin,
        lambda z: np.arange(z.argmax(axis=1).size),
    ],
)
def test_places_that_are_only_kept_are_recorded(place):
    model = Pooled(place)
    report = fastcheck.gradcheck(model, X, None)
    assert (report.verdict, report.engine) == ("pass", "incremental")
    assert not isinstance(model.kept, Places)


@pytest.mark.parametrize(
    "read",
    [
        lambda z: z[np.arange(10), np.argmax(z, axis=1)],
        lambda z: X[np.argmax(z, axis=1)],
        lambda z: np.take(X, z.argmax(axis=1)),
        lambda z: z.argmax(axis=1) == 1,
        lambda z: z.argmax(axis=1) + 1,
        lambda z: 2 * z.argmax(axis=1),
        lambda z: np.sum(z.argmax(axis=1)),
        lambda z: np.eye(3)[z.argmax(axis=1)],
        lambda z: int(z.argmax()),
        lambda z: float(z.argmax()),
        lambda z: range(z.argmax()),
        lambda z: [*z.argmax(axis=1)],
        lambda z: len(z.argmax(axis=1)),
        lambda z: 1 if z.argmax() else 0,
        lambda z: 1 in z.argmax(axis=1),
        lambda z: np.array(z.argmax(axis=1)),
        lambda z: z.argmax(axis=1).mean(),
        lambda z: z.argmax(axis=1)[0],
    ],
)
def test_whoever_reads_them_is_refused(read):
    told = re.escape("which element it finds depends on the parameters; use a mask or np.where")
    with pytest.raises(CannotRecord, match=rf"arg(max|min|sort).*{told}"):
        fastcheck.record(Pooled(read), X, None)
