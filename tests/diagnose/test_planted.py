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


def textbook(*activations):
    """A network whose loss is log(p + 1e-7) and whose gradient leaves the epsilon out."""
    layers = [nn.Affine(9, 6), activations[0], nn.Affine(6, 6), activations[1], nn.Affine(6, 4)]
    loss = nn.ClippedSoftmaxCrossEntropy(exact=False)
    net = nn.Network(layers, loss=loss, seed=1, l2=0.01)
    for name in ("b1", "b2"):
        net.params[name][...] = 0.1
    return net


TEXTBOOK = (textbook(nn.Relu(), nn.LeakyRelu(0.1)), textbook(nn.Tanh(), nn.Sigmoid()))
TEXTBOOK += (textbook(nn.Softplus(), nn.Relu()), textbook(nn.Relu(), nn.Relu()))
# In these the targets or the softmax play no part, or another.
WITHOUT_EPSILON = {
    "loss-sign",
    "loss-zero",
    "targets-minus-softmax",
    "targets-not-subtracted",
    "softmax-missing",
    "softmax-twice",
}


@pytest.mark.parametrize(
    "name", [name for name, item in MISTAKES.items() if "MeanSquaredError" not in item.needs]
)
def test_is_named_beside_the_textbooks_epsilon(name):
    """The classic pair leaves the epsilon out; most who make a mistake make it beside that."""
    net = next(net for net in TEXTBOOK if applicable(name, net))
    rng = np.random.default_rng(2)
    x, t = rng.random((7, 9)), rng.integers(0, 4, 7)
    model = plant(name, net, seed=1)
    report = fastcheck.gradcheck(model, x, t)
    assert report.verdict == "fail"
    mistake, *besides = report.findings
    assert mistake.kind in MISTAKES[name].kinds
    assert mistake.where == (model.place,)
    assert len(besides) == (name not in WITHOUT_EPSILON)
    for item in besides:
        assert "Besides, the loss has log(p + 1e-07)" in item.message
        assert item.where == ("ClippedSoftmaxCrossEntropy",)


@pytest.mark.parametrize("factor", [-1.0, 1 + 1e-7])
def test_what_is_close_beside_the_epsilon_is_wrong(factor):
    net = nn.TwoLayerNet(9, 6, 4, loss=nn.ClippedSoftmaxCrossEntropy(exact=False), seed=1)
    rng = np.random.default_rng(2)
    x, t = rng.random((7, 9)), rng.integers(0, 4, 7)
    before = fastcheck.gradcheck(net, x, t)
    assert before.verdict == "approximate"
    right = net.gradient

    def close(x, t):
        gradient = right(x, t)
        gradient["W2"] *= factor
        return gradient

    net.gradient = close
    report = fastcheck.gradcheck(net, x, t)
    assert report.verdict == "fail"
    first, second = report.findings
    assert (first.kind, first.parameters) == ("factor", ("W2",))
    assert second.evidence == {"epsilon": 1e-7}
    for name, item in report.params.items():
        if name == "W2":
            assert item.counts["approximate"] == 0
            assert item.counts["fail"] > 0
        else:
            np.testing.assert_array_equal(item.codes, before.params[name].codes)


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
