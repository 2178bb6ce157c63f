"""Parameters of which the loss has a copy, and some that only look like it."""

from __future__ import annotations

import numpy as np
import pytest

import fastcheck
from fastcheck import nn, planted


class Copied:
    """A product of two matrices, one or both of which were copied when the model was made."""

    def __init__(self, copied):
        rng = np.random.default_rng(0)
        self.params = {"V": rng.standard_normal((4, 5)), "W": rng.standard_normal((5, 3))}
        self.used = {name: w.copy() if name in copied else w for name, w in self.params.items()}

    def loss(self, x, t):
        return np.sum((x @ self.used["V"] @ self.used["W"] - t) ** 2)

    def gradient(self, x, t):
        v, w = self.used["V"], self.used["W"]
        dz = 2 * (x @ v @ w - t)
        return {"V": x.T @ dz @ w.T, "W": (x @ v).T @ dz}


@pytest.mark.parametrize("copied", ["V", "W"])
def test_a_parameter_of_which_the_loss_has_a_copy(copied):
    rng = np.random.default_rng(1)
    model, x, t = Copied(copied), rng.random((6, 4)), rng.random((6, 3))
    report = fastcheck.gradcheck(model, x, t)
    assert report.verdict == "fail"
    (finding,) = report.findings
    assert finding.kind == "unused"
    assert f"The loss does not use {copied}, so that" in finding.message
    assert finding.where == ()


def test_where_the_loss_has_copies_only_the_note_says_so():
    rng = np.random.default_rng(1)
    report = fastcheck.gradcheck(Copied("VW"), rng.random((6, 4)), rng.random((6, 3)))
    assert [finding.kind for finding in report.findings] == ["unexplained"]
    assert "it does not depend on any array in params" in " ".join(report.notes)


def test_a_decay_of_an_unused_parameter_is_called_so():
    rng = np.random.default_rng(1)
    model, x, t = Copied("V"), rng.random((6, 4)), rng.random((6, 3))
    right = model.gradient
    model.gradient = lambda x, t: {**right(x, t), "V": 0.01 * model.params["V"]}
    (finding,) = fastcheck.gradcheck(model, x, t).findings
    assert finding.kind == "weight decay"
    assert "has 0.01 times the parameter itself too much" in finding.message


def test_an_unused_parameter_has_no_place_in_the_backward():
    net = nn.Network([nn.Affine(4, 5), nn.Relu(), nn.Affine(5, 5), nn.Relu(), nn.Affine(5, 3)])
    model = planted.plant("relu-mask-missing", net, place="Relu1")
    used = model.params
    model.params = {**used, "W3": used["W3"].copy()}  # what the loss reads is another
    rng = np.random.default_rng(1)
    x, t = rng.standard_normal((6, 4)), rng.integers(0, 3, 6)
    unused, other = fastcheck.gradcheck(model, x, t).findings
    assert (unused.kind, unused.parameter, unused.where) == ("unused", "W3", ())
    assert (other.kind, other.where) == ("mask", ("Relu1",))


@pytest.mark.parametrize("options", [{"engine": "reference"}, {"params": "W", "engine": "auto"}])
def test_a_dead_unit_is_used_all_the_same(options):
    class Dead:
        params = {"W": np.ones((2, 3)), "b": np.zeros(3)}  # noqa: RUF012

        def loss(self, x, t):
            return np.sum(np.maximum(x @ self.params["W"] - 50, 0)) + np.sum(self.params["b"])

        def gradient(self, x, t):
            return {"W": x.T @ np.ones((len(x), 3)), "b": np.ones(3)}

    findings = fastcheck.gradcheck(Dead(), np.ones((4, 2)), None, **options).findings
    assert findings
    assert all(finding.kind != "unused" for finding in findings)
