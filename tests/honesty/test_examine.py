"""What an examination returns, whom it calls, and what it leaves behind."""

from __future__ import annotations

import numpy as np
import pytest

import fastcheck
from fastcheck import nn
from fastcheck.honesty import judged_repeat, loss_faults


def test_an_honest_model_has_no_findings(model, examine):
    honest = model(accuracy=lambda self, x, t: np.float32(0.5))
    evidence = examine(honest)
    assert evidence.findings == ()
    assert evidence.notes == ()
    assert evidence.repeat == {}
    assert evidence.accuracy == 0.5
    assert honest.calls == 4
    for name, array in evidence.gradient.items():
        assert np.array_equal(array, honest.params[name])
        assert array is not honest.params[name]
    assert judged_repeat(evidence, {}) == ()


def test_a_network_of_ours_has_no_findings(examine):
    rng = np.random.default_rng(0)
    net = nn.TwoLayerNet(5, 4, 3, seed=1)
    x, t = rng.random((6, 5)), np.array([0, 1, 2, 0, 1, 2])
    assert examine(net, x, t).findings == ()


def test_parameters_that_are_not_checked_are_apart(model, examine):
    lopsided = model(gradient=lambda self, x, t: {"w": np.full((2, 3), 7.0), "b": self.params["b"]})
    evidence = examine(lopsided, names=["b"])
    assert list(evidence.gradient) == ["b"]
    assert list(evidence.unchecked) == ["w"]
    assert evidence.largest == 7.0
    odd = model(gradient=lambda self, x, t: {"w": "odd", "b": self.params["b"].copy()})
    evidence = examine(odd, names=["b"])
    assert evidence.unchecked == {}
    assert evidence.largest == 0.0
    assert evidence.findings == ()


def test_each_gradient_follows_a_loss(model, examine):
    order = []

    def loss(self, x, t):
        order.append("loss")
        return self.honest_loss()

    def gradient(self, x, t):
        order.append("gradient")
        return self.honest_gradient()

    examine(model(loss, gradient))
    assert order == ["loss", "gradient"] * 2


@pytest.mark.parametrize("error", [ZeroDivisionError, KeyboardInterrupt])
def test_what_gradient_raises_is_not_caught_and_the_data_is_put_back(model, examine, error):
    x = np.ones(3)

    def gradient(self, x, t):
        x[0] = self.params["b"][0] = 9.0
        raise error("in the middle")

    bad = model(gradient=gradient)
    with pytest.raises(error, match="in the middle"):
        examine(bad, x)
    assert x.tolist() == [1.0, 1.0, 1.0]
    assert bad.params["b"].tolist() == [0.5, -0.5]


def test_a_gradient_that_works_only_once_is_a_note(model, examine):
    def gradient(self, x, t):
        if self.calls > 2:
            raise RuntimeError("the graph is freed")
        return self.honest_gradient()

    evidence = examine(model(gradient=gradient))
    assert evidence.findings == ()
    assert evidence.notes == ("gradient could not be repeated: RuntimeError: the graph is freed",)


def test_an_accuracy_that_raises_is_a_note(model, examine):
    evidence = examine(model(accuracy=lambda self, x, t: 1 / 0))
    assert evidence.accuracy is None
    assert evidence.notes == ("no accuracy: ZeroDivisionError: division by zero",)


def test_an_accuracy_that_writes_into_the_data_is_undone(model, examine):
    x = np.ones(3)

    def accuracy(self, x, t):
        x[:] = self.params["b"][:] = 0.0
        return 1.0

    assert examine(model(accuracy=accuracy), x).findings == ()
    assert x.tolist() == [1.0, 1.0, 1.0]


def test_loss_faults_of_a_random_loss(model):
    (finding,) = loss_faults(model(lambda self, x, t: float(self.calls)), None, None)
    assert finding.kind == "random loss"
    assert finding.evidence["first"] == 1.0


def test_loss_faults_of_a_loss_that_changes_its_data(model):
    def loss(self, x, t):
        x /= 2
        return float(x.sum())

    x = np.ones(3)
    (finding,) = loss_faults(model(loss), x, None)
    assert finding.kind == "modified"
    assert finding.message.startswith("x is changed by loss in 3 of 3 elements")
    assert x.tolist() == [1.0, 1.0, 1.0]


def test_loss_faults_are_none_where_the_reason_is_another(model):
    assert loss_faults(model(), None, None) == ()
    assert loss_faults(model(lambda self, x, t: float("nan")), None, None) == ()
    assert loss_faults(model(lambda self, x, t: 1 / 0), None, None) == ()
    assert loss_faults(object(), None, None) == ()


def test_a_random_loss_is_a_report_that_fails(model):
    rng = np.random.default_rng(0)
    dropout = model(lambda self, x, t: self.honest_loss() + rng.random())
    report = fastcheck.gradcheck(dropout, None, None)
    assert report.verdict == "fail"
    assert [finding.kind for finding in report.findings] == ["random loss"]
    assert "loss=" in str(report)
