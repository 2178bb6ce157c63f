"""What the diagnosis adds to a comparison, and when it has nothing to add."""

from __future__ import annotations

import numpy as np
import pytest

import fastcheck
from fastcheck import nn
from fastcheck.explain import settled, together
from fastcheck.report import ParameterReport
from fastcheck.verdict import CODES, Finding


def finding(kind, *, severe=False, **evidence):
    return Finding("W1", kind, kind=kind, severe=severe, evidence=evidence)


def report(verdict):
    one = np.ones(4)
    codes = np.full(4, CODES[verdict], np.uint8)
    return ParameterReport(
        name="W1",
        analytic=one,
        numerical=one,
        bound=one,
        codes=codes,
        left=one,
        right=one,
        switched=codes > 9,
    )


def test_what_the_code_did_besides_silences_the_diagnosis():
    explained = (finding("stale"), finding("unexplained"))
    note = (finding("aliased"),)
    assert together(note, explained) == note + explained
    for kind in ("modified", "random loss", "random gradient"):
        seen = (finding(kind, severe=True),)
        assert together(seen, explained) == seen
    seen = (finding("missing", severe=True),)
    assert together(seen, explained) == (*seen, explained[0])


@pytest.mark.parametrize(
    ("findings", "known", "verdict"),
    [
        ((finding("loss", epsilon=1e-7),), True, "approximate"),
        ((finding("loss"),), True, "fail"),
        ((finding("unexplained"),), True, "fail"),
        ((), True, "fail"),
        # Without a recording nobody knows.
        ((), False, "approximate"),
    ],
)
def test_approximate_stands_only_where_an_epsilon_explains_it(findings, known, verdict):
    def compare(*, strict):
        return {"W1": report("fail" if strict else "approximate")}

    params, found = settled(compare, lambda _: findings, strict=False, known=known)
    assert params["W1"].verdict == verdict
    assert found == findings


@pytest.mark.parametrize("factor", [1 + 1e-6, 1 - 1e-7])
def test_a_factor_close_to_1_is_no_epsilon(factor):
    net = nn.TwoLayerNet(12, 7, 3, seed=1)
    rng = np.random.default_rng(0)
    x, t = rng.random((9, 12)), rng.integers(0, 3, 9)
    right = net.gradient
    net.gradient = lambda x, t: {name: factor * array for name, array in right(x, t).items()}
    assert fastcheck.gradcheck(net, x, t).verdict == "fail"


@pytest.mark.parametrize("strict", [False, True])
def test_the_epsilon_of_the_classic_pair_is_named(strict):
    net = nn.TwoLayerNet(12, 7, 3, seed=1, loss=nn.ClippedSoftmaxCrossEntropy(exact=False))
    rng = np.random.default_rng(0)
    x, t = rng.random((9, 12)), rng.integers(0, 3, 9)
    found = fastcheck.gradcheck(net, x, t, strict=strict)
    assert found.verdict == ("fail" if strict else "approximate")
    (named,) = found.findings
    assert named.kind == "loss"
    assert named.where == ("ClippedSoftmaxCrossEntropy",)
    assert "1e-07" in named.message
    assert not named.severe


def test_rtol_is_what_approximate_allows():
    net = nn.TwoLayerNet(12, 7, 3, seed=1, loss=nn.ClippedSoftmaxCrossEntropy(exact=False))
    rng = np.random.default_rng(0)
    x, t = rng.random((9, 12)), rng.integers(0, 3, 9)
    assert fastcheck.gradcheck(net, x, t, rtol=1e-9).verdict == "fail"
    with pytest.raises(ValueError, match=r"rtol=0 must be a positive finite number; leave it out"):
        fastcheck.gradcheck(net, x, t, rtol=0)
