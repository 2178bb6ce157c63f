"""What a check could have seen."""

from __future__ import annotations

import numpy as np
import pytest

from fastcheck.report.resolution import (
    Resolution,
    Vacuity,
    relative_bounds,
    resolution,
    vacuity,
)


def test_relative_bounds_are_of_what_is_not_zero():
    bound = np.array([[1.0, 1.0, 3.0], [1.0, 1.0, np.inf]])
    numerical = np.array([[2.0, 0.0, -1.0], [np.nan, np.inf, 1.0]])
    assert relative_bounds(bound, numerical).tolist() == [0.5, 3.0, np.inf]


def test_a_tiny_gradient_under_a_large_bound_does_not_warn():
    assert relative_bounds(np.array([1.0]), np.array([5e-324])).tolist() == [np.inf]


def test_an_entry_whose_bound_is_not_known_is_unresolved():
    ratios = relative_bounds(np.array([np.nan, 1e-3, 1e-3]), np.ones(3))
    assert ratios.tolist() == [np.inf, 1e-3, 1e-3]
    assert resolution([ratios]) == Resolution(median=1e-3, worst=np.inf, unresolved=1, entries=3)


def test_resolution_over_several_parameters():
    figures = resolution([np.array([0.5, 1.0]), np.zeros(0), np.array([3.0])])
    # A bound as large as g itself still tells it from zero.
    assert figures == Resolution(median=1.0, worst=3.0, unresolved=1, entries=3)


@pytest.mark.parametrize("ratios", [[], [np.zeros(0)]])
def test_resolution_of_nothing(ratios):
    assert resolution(ratios) == Resolution(median=None, worst=None, unresolved=0, entries=0)


def test_the_zeros_of_a_weight():
    numerical = np.ones((4, 3))
    numerical[1] = numerical[:, 2] = numerical[0, 0] = 0
    analytic = numerical.copy()
    # Zero on one side only is no agreement of zeros.
    numerical[3, 0] = 0
    assert vacuity("W1", analytic, numerical) == Vacuity(
        entries=7, unused_inputs=1, dead_units=1, no_effect=1
    )


def test_a_weight_of_outputs_by_inputs():
    numerical = np.ones((3, 4))
    numerical[:, 1] = numerical[:, 3] = numerical[2] = 0
    as_stored = vacuity("W1", numerical, numerical, units_last=False)
    assert as_stored == vacuity("W1", numerical.T, numerical.T)
    assert (as_stored.unused_inputs, as_stored.dead_units) == (2, 1)


def test_a_weight_without_zeros_and_an_empty_one():
    nothing = Vacuity(0, 0, 0, 0)
    assert vacuity("W", np.ones((2, 2)), np.ones((2, 2))) == nothing
    assert vacuity("W", np.ones((0, 2)), np.ones((0, 2))) == nothing


@pytest.mark.parametrize(
    ("name", "dead"), [("b1", 2), ("bias", 2), ("fc_bias", 2), ("B", 2), ("w", 0), ("gamma", 0)]
)
def test_the_zeros_of_one_axis_are_dead_units_in_a_bias(name, dead):
    array = np.array([0.0, 1.0, 0.0])
    assert vacuity(name, array, array) == Vacuity(2, 0, dead, 2 - dead)


@pytest.mark.parametrize("shape", [(), (2, 2, 2)])
def test_other_shapes_have_no_reason(shape):
    zeros = np.zeros(shape)
    assert vacuity("k", zeros, zeros) == Vacuity(zeros.size, 0, 0, zeros.size)
