"""Schemes: what their formulas give, with the step that was asked for."""

from __future__ import annotations

from functools import cache
from math import factorial

import mpmath
import numpy as np
import pytest

from fastcheck.engine.incremental.gradient import incremental_gradient
from fastcheck.engine.incremental.schemes import SCHEMES, scheme_of
from fastcheck.engine.steps import INCREMENTAL_STEP
from fastcheck.errors import InvalidArgument, InvalidType, UnknownChoice
from fastcheck.options import SCHEMES as NAMES
from fastcheck.recording import record

ORDERS = {"central": 2, "forward": 1, "backward": 1, "central4": 4}
every_scheme = pytest.mark.parametrize("scheme", ORDERS)

RNG = np.random.default_rng(3)
X = RNG.standard_normal((5, 4))
T = np.eye(3)[RNG.integers(0, 3, 5)]
PARAMS = {
    "W": RNG.standard_normal((4, 6)),
    "b": RNG.standard_normal(6),
    "V": RNG.standard_normal((6, 3)),
}


def loss(p, x, t, *, exp=np.exp, log=np.log, tanh=np.tanh):
    scores = tanh(x @ p["W"] + p["b"]) @ p["V"]
    shifted = scores - scores.max(axis=1, keepdims=True)
    log_p = shifted - log(exp(shifted).sum(axis=1, keepdims=True))
    return -np.sum(t * log_p) / len(x) + np.sum(exp(-p["W"]) * p["W"] ** 2)


@pytest.fixture(scope="module")
def program(make_model):
    return record(make_model(PARAMS, loss), X, T)


# Of every element of an array.
exact, exp, log, tanh = (
    np.frompyfunc(function, 1, 1) for function in (mpmath.mpf, mpmath.exp, mpmath.log, mpmath.tanh)
)


@cache
@mpmath.workdps(40)
def moved_by(name, index, point, h):
    params = {key: exact(array) for key, array in PARAMS.items()}
    params[name][index] += point * mpmath.mpf(h)
    return loss(params, exact(X), exact(T), exp=exp, log=log, tanh=tanh)


@mpmath.workdps(40)
def by_formula(formula, name, h):
    """Evaluate ``sum_p weights[p] L(w + points[p] h) / (divisor h)`` in mpmath."""
    result = np.empty(PARAMS[name].shape)
    points, weights, divisor = formula
    for index in np.ndindex(result.shape):
        losses = [moved_by(name, index, point, h) for point in points]
        total = sum(w * item for w, item in zip(weights, losses, strict=True))
        result[index] = total / (divisor * mpmath.mpf(h))
    return result


FORMULAS = {
    # scheme: points, weights times the divisor, the divisor
    "central": ([1, -1], [1, -1], 2),
    "forward": ([1, 0], [1, -1], 1),
    "backward": ([0, -1], [1, -1], 1),
    "central4": ([1, -1, 2, -2], [8, -8, -1, 1], 12),
}


def differences(program, **options):
    return incremental_gradient(program, names=list(PARAMS), **options)


@every_scheme
@pytest.mark.parametrize("step", [1e-2, 0.3, 2.0**-10])
def test_a_large_step_gives_what_the_formula_gives(program, scheme, step):
    result = differences(program, scheme=scheme, step=step)
    for name, found in result.parameters.items():
        expected = by_formula(FORMULAS[scheme], name, step)
        assert np.abs(found.central - expected).max() <= 2e-13 * np.abs(expected).max(), name


@every_scheme
def test_the_step_is_honoured_exactly(program, scheme):
    result = differences(program, scheme=scheme, step=1e-2)
    assert result.step == 1e-2
    for found in result.parameters.values():
        assert (found.step == 1e-2).all()
    result = differences(program, scheme=scheme)
    assert result.step == INCREMENTAL_STEP
    for found in result.parameters.values():
        assert (found.step == INCREMENTAL_STEP).all()


@every_scheme
def test_the_error_falls_with_the_order_of_the_scheme(program, scheme):
    exact = differences(program).parameters["W"].central
    coarse, fine = (
        np.abs(differences(program, scheme=scheme, step=h).parameters["W"].central - exact).max()
        for h in (2.0**-5, 2.0**-6)
    )
    assert np.log2(coarse / fine) == pytest.approx(ORDERS[scheme], abs=0.25)


@every_scheme
def test_both_sides_come_with_every_scheme(program, scheme):
    found = differences(program, scheme=scheme, step=1e-2).parameters["W"]
    right, left = (by_formula(FORMULAS[side], "W", 1e-2) for side in ("forward", "backward"))
    largest = np.abs(right).max()
    assert np.abs(found.right - right).max() <= 2e-13 * largest
    assert np.abs(found.left - left).max() <= 2e-13 * largest


@every_scheme
def test_the_weights_are_exact_for_polynomials_up_to_the_order(scheme):
    formula = scheme_of(scheme)
    assert formula.order == ORDERS[scheme]
    assert formula.points[:2].tolist() == [1.0, -1.0]
    for degree in range(1, ORDERS[scheme] + 1):
        derivative = formula.weights @ formula.points**degree
        assert derivative == pytest.approx(1.0 if degree == 1 else 0.0, abs=1e-15)
    beyond = (
        formula.weights @ formula.points ** (ORDERS[scheme] + 1) / factorial(ORDERS[scheme] + 1)
    )
    assert abs(beyond) > 1e-3


def test_the_options_offer_every_scheme():
    assert set(NAMES) == set(SCHEMES) == set(ORDERS)


def test_an_unknown_scheme_lists_the_choices(program):
    message = (
        r"scheme='centrl' is unknown; choose from 'central', 'forward', 'backward', 'central4' "
        r"\(did you mean 'central'\?\)"
    )
    with pytest.raises(UnknownChoice, match=message):
        differences(program, scheme="centrl")


@pytest.mark.parametrize("step", [0.0, -1e-3, np.inf, np.nan])
def test_a_step_that_is_none(program, step):
    with pytest.raises(InvalidArgument, match=r"step=.* must be a positive finite number; leave"):
        differences(program, step=step)


def test_a_step_of_the_wrong_kind(program):
    with pytest.raises(InvalidType, match="step='small' must be a positive finite number; leave"):
        differences(program, step="small")


@pytest.mark.parametrize(
    ("threads", "kind"), [(0, InvalidArgument), (1.5, InvalidType)], ids=["none", "half"]
)
def test_threads_that_are_none(program, threads, kind):
    with pytest.raises(kind, match=rf"threads={threads} must be an integer >= 1; leave it out"):
        differences(program, threads=threads)
