"""Options, models and gradients that are refused, and how that is said."""

from __future__ import annotations

import numpy as np
import pytest

import fastcheck
from fastcheck import data
from fastcheck.errors import InvalidArgument, InvalidType, UnknownChoice


def test_assert_gradcheck(wrapped, net, batch):
    assert fastcheck.assert_gradcheck(net, *batch, params="b2").passed
    bad = wrapped(gradient=lambda x, t: {k: -v for k, v in net.gradient(x, t).items()})
    with pytest.raises(fastcheck.GradientMismatch, match=r"FAIL: 14 of 16") as caught:
        fastcheck.assert_gradcheck(bad, *batch, params=["b1", "b2"])
    assert isinstance(caught.value, AssertionError)
    assert caught.value.report.verdict == "fail"


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"engine": "ful"}, UnknownChoice, r"engine='ful' is unknown; .*did you mean 'full'"),
        ({"threads": 0}, InvalidArgument, r"threads=0 must be an integer >= 1"),
        ({"threads": 1.5}, InvalidType, r"threads=1.5 must be an integer"),
        ({"step": 0.0}, InvalidArgument, r"step=0.0 must be a positive finite number"),
        ({"step": float("nan")}, InvalidArgument, r"step=nan must be a positive"),
        (
            {"step": 1e-30, "engine": "full"},
            InvalidArgument,
            r"step=1e-30 is lost beside W1\[0, 0\]",
        ),
        (
            {"scheme": "centre"},
            UnknownChoice,
            r"scheme='centre' is unknown; choose from 'central', 'forward', 'backward', .central4'",
        ),
        (
            {"scheme": "central4", "engine": "full"},
            InvalidArgument,
            r"scheme='central4' is not for engine='full', .* only; use engine='incremental'",
        ),
        (
            {"scheme": "backward", "engine": "reference"},
            InvalidArgument,
            r"scheme='backward' is not for engine='reference', .* only; use engine='incremental'",
        ),
        ({"params": "W3"}, UnknownChoice, r"params='W3' is unknown; choose from 'W1', 'b1'"),
        ({"params": []}, InvalidArgument, r"params=\[\] names no parameter"),
        ({"params": 3}, InvalidType, r"params=3 is no name and no list of names; leave it out"),
    ],
)
@pytest.mark.parametrize("function", [fastcheck.gradcheck, fastcheck.numerical_gradient])
def test_bad_options(net, function, options, error, message):
    batch = data.mnist(8)
    with pytest.raises(error, match=message):
        function(net, *batch, **options)


def test_a_model_without_gradient(batch):
    class Half:
        def __init__(self):
            self.params = {"w": np.zeros(2)}

        def loss(self, x, t):
            return (self.params["w"] ** 2).sum()

    with pytest.raises(InvalidType, match=r"model=Half has no method gradient\(x, t\)"):
        fastcheck.gradcheck(Half(), *batch)


@pytest.mark.parametrize(
    ("gradient", "message"),
    [
        (lambda g: None, "gradient returned NoneType, must be a dict like params"),
        (lambda g: {"b1": g["b1"]}, "b2: gradient has no entry for this parameter"),
        (lambda g: {**g, "b2": g["b2"][:3]}, r"b2: its gradient has shape \(3,\), the parameter"),
        (lambda g: {**g, "b2": g["b2"] + 0j}, "b2: its gradient is of dtype complex128"),
    ],
)
def test_unusable_gradients_are_findings(wrapped, net, batch, gradient, message):
    bad = wrapped(gradient=lambda x, t: gradient(net.gradient(x, t)))
    report = fastcheck.gradcheck(bad, *batch, params=["b1", "b2"])
    assert report.verdict == "fail"
    with pytest.raises(AssertionError, match=message):
        fastcheck.assert_gradcheck(bad, *batch, params=["b1", "b2"])


@pytest.mark.parametrize("engine", ["auto", "incremental", "full", "reference"])
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_loss_that_is_no_number(wrapped, batch, engine, value):
    class Diverged(wrapped):
        def loss(self, x, t):
            return self.net.loss(x, t) * value

    with pytest.raises(InvalidArgument, match=f"model.loss returned {value} at the parameters"):
        fastcheck.gradcheck(Diverged(), *batch, engine=engine)


@pytest.mark.parametrize("value", [np.nan, -np.inf])
def test_a_parameter_that_is_no_number(net, batch, value):
    net.params["b1"][2] = value
    with pytest.raises(InvalidArgument, match=r"params\['b1'\] holds nan or infinity"):
        fastcheck.gradcheck(net, *batch)


@pytest.mark.parametrize("dtype", [complex, object, np.float16, int])
def test_a_parameter_of_another_kind(wrapped, batch, dtype):
    model = wrapped()
    model.params = {**model.params, "extra": np.zeros(2, dtype)}
    with pytest.raises(InvalidType, match=r"params\['extra'\] is of kind .*, must be a float32"):
        fastcheck.gradcheck(model, *batch)


def test_unknown_attribute():
    with pytest.raises(AttributeError, match="module 'fastcheck' has no attribute 'nothing'"):
        fastcheck.nothing  # noqa: B018 - the access is what is tested
    assert set(fastcheck.__all__) <= set(dir(fastcheck))
    assert all(getattr(fastcheck, name) is not None for name in fastcheck.__all__)
