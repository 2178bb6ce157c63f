"""Every planted mistake gets its diagnosis, and its place."""

from __future__ import annotations

import numpy as np
import pytest

import fastcheck
from fastcheck import nn
from fastcheck.diagnose import Case, Suspect, diagnose
from fastcheck.planted import MISTAKES, applicable, plant
from fastcheck.planted.samples import sample_networks
from fastcheck.verdict import CODES

SAMPLES = sample_networks("float64", 0)


@pytest.mark.parametrize("name", list(MISTAKES))
def test_is_named_and_placed(name):
    seen = 0
    for sample in SAMPLES:
        if not applicable(name, sample.net):
            continue
        model = plant(name, sample.net, seed=1)
        report = fastcheck.gradcheck(model, sample.x, sample.t)
        if report.verdict == "pass":
            continue
        seen += 1
        findings = diagnose(_case(model, sample, report))
        assert {item.kind for item in findings} <= MISTAKES[name].kinds, sample.name
        assert {item.where for item in findings} == {(model.place,)}
    assert seen


@pytest.mark.parametrize("name", list(MISTAKES))
def test_is_named_beside_the_textbooks_epsilon(name):
    """The classic pair leaves the epsilon out; most who make a mistake make it beside that."""
    net = nn.Network(
        [nn.Affine(9, 6), nn.Relu(), nn.Affine(6, 6), nn.Sigmoid(), nn.Affine(6, 4)],
        loss=nn.ClippedSoftmaxCrossEntropy(exact=False),
        seed=1,
        l2=0.01,
    )
    rng = np.random.default_rng(2)
    x, t = rng.random((7, 9)), rng.integers(0, 4, 7)
    if not applicable(name, net):
        return
    model = plant(name, net, seed=1)
    report = fastcheck.gradcheck(model, x, t)
    assert report.verdict == "fail"
    mistake, *besides = report.findings
    assert mistake.kind in MISTAKES[name].kinds
    assert mistake.where == (model.place,)
    assert len(besides) <= 1
    for item in besides:
        assert "Besides, the loss has log(p + 1e-07)" in item.message
        assert item.where == ("ClippedSoftmaxCrossEntropy",)
    # What is a loss of its own or does not hang on the loss at all has no epsilon to leave out.
    assert besides or name in {
        "loss-sign",
        "loss-zero",
        "targets-minus-softmax",
        "targets-not-subtracted",
        "softmax-missing",
        "softmax-twice",
    }


def test_what_is_close_beside_the_epsilon_is_wrong():
    net = nn.TwoLayerNet(9, 6, 4, loss=nn.ClippedSoftmaxCrossEntropy(exact=False), seed=1)
    rng = np.random.default_rng(2)
    x, t = rng.random((7, 9)), rng.integers(0, 4, 7)
    assert fastcheck.gradcheck(net, x, t).verdict == "approximate"
    right = net.gradient

    def close(x, t):
        gradient = right(x, t)
        gradient["W2"] *= 1 + 1e-7
        return gradient

    net.gradient = close
    report = fastcheck.gradcheck(net, x, t)
    assert report.verdict == "fail"
    assert report.findings[0].parameter == "W2"


def _case(model, sample, report):
    suspects = {
        name: Suspect(
            name,
            np.asarray(model.params[name], np.float64),
            np.asarray(item.analytic, np.float64),
            item.numerical,
            item.bound + (0.0 if item.kink is None else item.kink),
            item.codes == CODES["fail"],
        )
        for name, item in report.params.items()
    }
    program = fastcheck.record(sample.net, sample.x, sample.t)
    classes, batch = sample.net.outputs, len(sample.x)
    return Case(
        suspects, batch, classes, model.gradient, sample.x, sample.t, program, model, 2.0**-53
    )
