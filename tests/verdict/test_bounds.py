"""The bounds on a gradient, by dtype, and the constants that they are made with."""

from __future__ import annotations

import math

import numpy as np
import pytest

import fastcheck
from fastcheck.primitives.running_error import BLOCK, EQUAL, FUNCTION, LIKELY, likely
from fastcheck.program import base_values
from fastcheck.program.adjoint import adjoints
from fastcheck.program.clipped import clipped_logarithms
from fastcheck.recording import record
from fastcheck.verdict import bounds_of

DOUBLE, SINGLE = 2.0**-53, 2.0**-24


class Model:
    def __init__(self, dtype=np.float64):
        rng = np.random.default_rng(0)
        self.params = {
            "w": rng.standard_normal(4).astype(dtype),
            "unused": np.ones((2, 2), dtype),
        }

    def loss(self, x, t):
        return np.sum(np.tanh(x @ self.params["w"]) ** 2)


def recorded(dtype):
    x = np.random.default_rng(1).standard_normal((5, 4)).astype(dtype)
    model = Model(dtype)
    return record(model, x, None), {name: np.zeros_like(a) for name, a in model.params.items()}


def adjoint_of(program, name):
    return adjoints(program, *base_values(program), clipped_logarithms(program))[
        program.parameters[name]
    ]


def test_float64_has_the_backprop_and_the_difference():
    program, zeros = recorded(np.float64)
    known, adjoint = bounds_of(program, zeros)["w"], adjoint_of(program, "w")
    np.testing.assert_array_equal(known.bound, 2 * adjoint.error)
    np.testing.assert_array_equal(known.size, adjoint.size)
    np.testing.assert_array_equal(known.centre, adjoint.value)
    np.testing.assert_array_equal(known.kink, np.zeros(4))
    assert not known.single
    assert 0 < known.faint < 1e-290


def test_float32_throughout():
    program, zeros = recorded(np.float32)
    known, adjoint = bounds_of(program, zeros)["w"], adjoint_of(program, "w")
    assert program.unit_roundoff == SINGLE
    np.testing.assert_allclose(known.bound, adjoint.error * (1 + 2.0**-29), rtol=1e-14)
    assert known.single
    # A gradient in float64 of such a loss is no better.
    doubled = {name: a.astype(np.float64) for name, a in zeros.items()}
    again = bounds_of(program, doubled)["w"]
    np.testing.assert_array_equal(again.bound, known.bound)
    assert again.single


def test_a_gradient_in_float32_of_a_loss_in_float64_may_be_added_up_in_float32():
    program, zeros = recorded(np.float64)
    single = {name: a.astype(np.float32) for name, a in zeros.items()}
    known, rounded = bounds_of(program, zeros)["w"], bounds_of(program, single)["w"]
    adjoint = adjoint_of(program, "w")
    value = adjoint.value
    narrow = adjoint.error * 2.0**29 + SINGLE * np.abs(value)
    np.testing.assert_allclose(rounded.bound, known.bound + narrow, rtol=1e-14)
    assert rounded.single
    assert np.all(np.abs(value.astype(np.float32) - value) <= rounded.bound)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_a_loss_that_does_not_hang_on_a_parameter(dtype):
    program, zeros = recorded(dtype)
    known = bounds_of(program, zeros)["unused"]
    for array in (known.bound, known.size, known.centre, known.kink):
        np.testing.assert_array_equal(array, np.zeros((2, 2)))
    assert known.faint == 0.0
    # Whatever is not 0 there is wrong.
    assert not known.single


def test_only_what_was_given():
    program, zeros = recorded(np.float64)
    assert set(bounds_of(program, {"w": zeros["w"]})) == {"w"}


def test_whole_numbers_for_a_gradient():
    program, zeros = recorded(np.float64)
    known = bounds_of(program, {"w": np.zeros(4, np.int64)})["w"]
    np.testing.assert_array_equal(known.bound, bounds_of(program, zeros)["w"].bound)
    assert not known.single


def test_likely_is_never_more_than_the_count():
    for count in range(2000):
        assert likely(count) <= count
        assert likely(count) <= likely(count + 1)
    # From LIKELY^2 on it is the root.
    assert [likely(count) for count in (0, 1, 15, 16)] == [0, 1, 15, 16]
    assert likely(17) == 4 * math.sqrt(17) < 17
    assert likely(10_000, BLOCK) == 400
    # Roundings that are all the same weigh more than the root, beyond 12^2.
    assert likely(144) == 48
    assert likely(10_000) == pytest.approx(10_000 / 3)
    assert likely(400, BLOCK) == 128
    assert (LIKELY, FUNCTION, EQUAL, BLOCK) == (4.0, 4.0, 1 / 3, 384.0)


@pytest.mark.parametrize("kind", ["both signs", "positive", "spread"])
@pytest.mark.parametrize("count", [3, 17, 100, 1000])
def test_sums_in_float32_one_after_the_other(kind, count):
    trials = 400
    rng = np.random.default_rng([count, len(kind)])
    a = {
        "both signs": lambda: rng.standard_normal((trials, count)),
        "positive": lambda: rng.random((trials, count)),
        "spread": lambda: np.exp(3 * rng.standard_normal((trials, count))),
    }[kind]().astype(np.float32)
    total = np.zeros(trials, np.float32)
    for column in a.T:
        total += column
    exact = np.array([math.fsum(row) for row in a.astype(float)])
    bound = likely(count - 1) * SINGLE * np.abs(a.astype(float)).sum(axis=1)
    share = np.abs(total - exact) / bound
    assert share.max() <= 1
    assert share.max() > 0.002


def sums_of_few_digits(parts, count=1000, trials=100):
    """Return how far sums in so many parts are off, in units of what is likely."""
    rng = np.random.default_rng(7)
    a = (rng.integers(1, 1000, (trials, count)) / 1024 + 1e-3).astype(np.float32)
    partial = np.zeros((trials, parts), np.float32)
    for block in np.split(a, count // parts, axis=1):
        partial += block
    total = np.zeros(trials, np.float32)
    for column in partial.T:
        total += column
    exact = np.array([math.fsum(row) for row in a.astype(float)])
    return np.abs(total - exact) / (likely(count - 1) * SINGLE * exact)


def test_roundings_that_all_go_one_way():
    # Every term has the same rest below the last digit of the sum.
    assert 0.2 < sums_of_few_digits(1).max() < 1
    assert sums_of_few_digits(8).max() < 0.2


@pytest.mark.parametrize("count", [200, 1000, 10_000])
def test_one_number_added_to_itself_over_and_over(count):
    numbers = np.random.default_rng(3).random(2000).astype(np.float32)
    total = np.zeros(2000, np.float32)
    for _ in range(count):
        total += numbers
    exact = count * numbers.astype(float)
    share = np.abs(total - exact) / (likely(count - 1) * SINGLE * exact)
    assert 0.5 < share.max() <= 1


class Odd:
    """A parameter that is a single number, and a batch that may be empty."""

    def __init__(self):
        self.params = {"s": np.array(1.5), "w": np.ones(2)}

    def loss(self, x, t):
        return np.sum((x @ self.params["w"]) ** 2) * self.params["s"] + self.params["s"] ** 2

    def gradient(self, x, t):
        z, s = x @ self.params["w"], self.params["s"]
        return {"s": np.sum(z**2) + 2 * s, "w": 2 * s * (x.T @ z)}


@pytest.mark.parametrize("samples", [0, 1, 5])
def test_a_single_number_and_an_empty_batch(samples):
    x = np.random.default_rng(0).random((samples, 2))
    report = fastcheck.gradcheck(Odd(), x, None)
    assert report.verdict == "pass"
    assert report.params["s"].bound.shape == ()
