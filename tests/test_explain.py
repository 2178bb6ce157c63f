"""What the diagnosis adds to a comparison, and when it has nothing to add."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

import fastcheck
from fastcheck import nn
from fastcheck.explain import _rows, settled, together
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


SCORES = {"W": SimpleNamespace(value=np.ones((5, 3))), "b": SimpleNamespace(value=np.ones(3))}


@pytest.mark.parametrize(
    ("targets", "classes", "positions"),
    [
        (np.arange(4) % 3, 3, 1),
        (np.eye(3, dtype=int), 3, 1),
        (np.full((4, 3), 7), 3, 1),  # counts
        (np.eye(3), 3, 1),
        (np.ones((4, 5), int), 3, 5),
        (np.ones((4, 5, 3), int), 3, 5),
        (np.ones((4, 5, 6)), 6, 5),
        (np.ones(4), None, 1),
        (np.float64(1.0), None, 1),
        (None, None, 1),
        ([[1], [1, 2]], None, 1),
    ],
)
def test_classes_and_positions(targets, classes, positions):
    assert _rows(targets, SCORES) == (classes, positions)
    assert _rows(np.arange(4), {})[0] is None


def test_a_mistake_besides_makes_nothing_else_strict():
    def compare(*, strict):
        both = report("fail" if strict else "approximate")
        return {"W1": both, "W2": both}

    found = (
        Finding("W2", "", kind="factor", severe=False, parameters=("W2",)),
        Finding(
            None, "", kind="loss", severe=False, parameters=("W1", "W2"), evidence={"epsilon": 1}
        ),
    )
    params, _ = settled(compare, lambda _: found, strict=False, known=True)
    assert {name: item.verdict for name, item in params.items()} == {
        "W1": "approximate",
        "W2": "fail",
    }


class Counts:
    """Integer targets with a row for each sample, and a factor."""

    def __init__(self):
        self.params = {"W": np.random.default_rng(0).standard_normal((4, 5))}

    def loss(self, x, t):
        return np.sum((x @ self.params["W"] - t) ** 2) / len(x)

    def gradient(self, x, t):
        return {"W": 10 * x.T @ (x @ self.params["W"] - t) / len(x)}


def test_counts_are_no_labels():
    rng = np.random.default_rng(1)
    x, t = rng.random((7, 4)), rng.integers(0, 9, (7, 5))
    (found,) = fastcheck.gradcheck(Counts(), x, t).findings
    assert "5 is the number of classes:" in found.message


def test_a_fault_of_the_diagnosis_leaves_the_verdict(monkeypatch):
    def fault(case):
        raise ValueError("no such matrix")

    monkeypatch.setattr("fastcheck.explain.diagnose", fault)
    rng = np.random.default_rng(1)
    report = fastcheck.gradcheck(Counts(), rng.random((7, 4)), rng.random((7, 5)))
    assert report.verdict == "fail"
    (found,) = report.findings
    assert found.message.startswith(
        "The diagnosis itself failed, with ValueError: no such matrix; the verdict does not hang"
    )
    assert (found.kind, found.severe) == ("unexplained", False)
