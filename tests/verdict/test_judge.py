"""The verdict on single elements, from made-up numbers."""

from __future__ import annotations

import numpy as np
import pytest

from fastcheck.engine.result import ParameterDifferences
from fastcheck.verdict import VERDICTS, judge, overall
from fastcheck.verdict.allowance import (
    EXACT_SHARE,
    RESIDUE_FACTOR,
    ROUNDING_FACTOR,
    SHARE,
    TINY_STEP,
    exact_share,
    residue,
    rounding,
    share,
)
from fastcheck.verdict.judge import APPROXIMATION, MEANINGLESS, SYSTEMATIC

STEP = 2.0**-20
U = 2.0**-53


def differences(central, *, left=None, right=None, switched=False, step=STEP):
    central = np.atleast_1d(np.asarray(central, float))
    return ParameterDifferences(
        central=central,
        left=np.atleast_1d(np.asarray(central if left is None else left, float)),
        right=np.atleast_1d(np.asarray(central if right is None else right, float)),
        step=np.full(central.shape, step),
        switched=np.full(central.shape, switched),
    )


def verdicts(analytic, numerical, *, loss=1.0, scale=0.0, dtype=np.float64, u=U, order=2):
    verdict = judge(
        np.atleast_1d(np.asarray(analytic, dtype)),
        numerical,
        loss=loss,
        unit_roundoff=u,
        scale=scale,
        order=order,
    )
    return [VERDICTS[code] for code in verdict.codes], verdict.bound


def test_bound_is_the_share_of_the_largest_gradient_plus_the_rounding():
    _, bound = verdicts([1.0, -4.0], differences([1.0, -4.0]), loss=-3.0)
    assert bound == pytest.approx(1e-5 * 4.0 + 16 * U * 3.0 / STEP, rel=1e-15)
    assert (ROUNDING_FACTOR, SHARE[np.dtype(np.float64)], MEANINGLESS) == (16.0, 1e-5, 0.1)


def test_float32_backprop_has_a_larger_share():
    assert share(np.dtype(np.float32), 2.0) == 2e-3
    assert share(np.dtype(np.int64), 2.0) == 2e-5
    assert rounding(-2.0, 0.5, np.array([4.0])) == [16 * 0.5 * 2.0 / 4.0]


@pytest.mark.parametrize("factor", [0.0, 0.5, 0.999, -0.999])
def test_within_the_bound_passes(factor):
    g = differences([1.0, 0.25])
    _, bound = verdicts([1.0, 0.25], g)
    assert verdicts([1.0, 0.25 + factor * bound[1]], g)[0] == ["pass", "pass"]


@pytest.mark.parametrize("factor", [1.001, 2.0, -2.0, 1e6])
def test_beyond_the_bound_fails_and_only_there(factor):
    g = differences([1.0, 0.25])
    _, bound = verdicts([1.0, 0.25], g)
    assert verdicts([1.0, 0.25 + factor * bound[1]], g)[0] == ["pass", "fail"]


@pytest.mark.parametrize("analytic", [0.0, 1.0, 0.3])
def test_between_the_slopes_of_a_kink(analytic):
    g = differences([0.5, 1.0], left=[0.0, 1.0], right=[1.0, 1.0], switched=True)
    assert verdicts([analytic, 1.0], g)[0] == ["kink", "pass"]


@pytest.mark.parametrize("analytic", [-0.01, 1.01, -1.0])
def test_outside_the_slopes_of_a_kink(analytic):
    g = differences([0.5, 1.0], left=[1.0, 1.0], right=[0.0, 1.0], switched=True)
    # Several kinks may coincide: then every mix of their slopes is a correct gradient.
    assert verdicts([analytic, 1.0], g)[0] == ["inconclusive", "pass"]


def test_different_slopes_without_a_switch_are_no_kink():
    g = differences(0.5, left=0.0, right=1.0, switched=False)
    assert verdicts(0.2, g)[0] == ["fail"]


def test_not_finite():
    g = differences([1.0, np.nan, np.inf, 1.0])
    given = [np.nan, 1.0, 1.0, np.inf]
    assert verdicts(given, g)[0] == ["fail", "inconclusive", "inconclusive", "fail"]


def test_a_bound_wider_than_the_gradient_says_nothing():
    tiny = 1e-12
    assert verdicts([tiny, 0.0], differences([tiny * 1.5, 0.0]))[0] == ["inconclusive", "pass"]
    # Beside a model whose gradient is 1, this parameter has none, and that is right.
    assert verdicts([tiny], differences([tiny * 1.5]), scale=1.0)[0] == ["pass"]
    # Equality is more than agreement within the bound: a dead unit has exactly no gradient.
    assert verdicts([0.0], differences([0.0]))[0] == ["pass"]
    # A large error is seen all the same.
    assert verdicts([1.0], differences([0.0]))[0] == ["fail"]


TINY = 2.0**-60


def exact(central, **more):
    """Differences computed as such, as the incremental engine does."""
    return differences(central, **{"step": TINY, **more})


def test_a_difference_computed_as_such_leaves_the_backprops_rounding_alone():
    given = exact([1.0, -4.0])
    for dtype, expected in [(np.float64, 1e-9), (np.float32, 1e-3)]:
        _, bound = verdicts([1.0, -4.0], given, loss=1e9, dtype=dtype, u=0.0)
        assert bound.tolist() == [expected * 4.0] * 2
        assert EXACT_SHARE[np.dtype(dtype)] == expected
    # Terms 2**23 times the largest gradient, each with the unit roundoff of float64.
    assert 2.0**23 * U <= EXACT_SHARE[np.dtype(np.float64)] < 2.0**24 * U


@pytest.mark.parametrize(("factor", "verdict"), [(0.999, "pass"), (-0.999, "pass"), (1.1, "fail")])
def test_at_the_border_of_the_exact_share(factor, verdict):
    values = np.array([4.0, 0.25, 1.0, 2.0, 3.0])
    wrong = values.copy()
    wrong[1] += factor * 4e-9
    assert verdicts(wrong, exact(values), u=0.0)[0] == ["pass", verdict, "pass", "pass", "pass"]
    # The full engine could not tell.
    assert verdicts(wrong, differences(values))[0] == ["pass"] * 5


@pytest.mark.parametrize("order", [1, 2, 4])
def test_a_coarse_step_adds_its_truncation(order):
    steps = np.array([TINY, TINY_STEP, 2 * TINY_STEP, 1e-6, 0.5])
    allowed = exact_share(np.dtype(np.float64), 8.0, steps, order)
    assert allowed[:2].tolist() == [8e-9, 8e-9]
    assert allowed[2:] == pytest.approx(8 * (1e-5 + steps[2:] ** order), rel=1e-15)
    _, bound = verdicts([8.0], exact([8.0], step=1e-3), u=0.0, order=order)
    assert bound == pytest.approx(8 * (1e-5 + 1e-3**order), rel=1e-15)


def test_truncation_at_the_largest_tiny_step_is_within_the_share():
    # h / 2 times a second derivative of 2,000 gradients.
    assert EXACT_SHARE[np.dtype(np.float64)] >= TINY_STEP / 2 * 2000


@pytest.mark.parametrize(("dtype", "u"), [(np.float64, 2.0**-53), (np.float32, 2.0**-24)])
@pytest.mark.parametrize("numerical", [0.0, 1.5 * U])
def test_a_parameter_without_effect_may_keep_the_rounding_of_its_terms(dtype, u, numerical):
    allowed = RESIDUE_FACTOR * u * 3.0
    assert residue(np.dtype(dtype), 3.0) == allowed
    for engine in ({"u": 0.0}, {"loss": 1e-9}):
        step = exact if engine == {"u": 0.0} else differences
        good, bad = 0.9 * allowed, 1.5 * allowed
        given = step([numerical, numerical])
        judged, bound = verdicts([good, bad], given, dtype=dtype, scale=3.0, **engine)
        assert judged == ["pass", "fail"]
        assert bound[0] == pytest.approx(allowed, rel=1e-2)
    # Beside nothing larger it is a gradient like any other.
    assert verdicts([0.9 * allowed], exact([numerical]), dtype=dtype, u=0.0)[0] == ["fail"]


def test_a_parameter_with_an_effect_however_small_is_judged_by_its_own_size():
    tiny = 1e-12
    assert verdicts([1.5 * tiny], exact([tiny]), u=0.0, scale=1.0)[0] == ["fail"]
    assert verdicts([tiny * (1 + 1e-10)], exact([tiny]), u=0.0, scale=1.0)[0] == ["pass"]


VALUES = np.array([1.0, -0.5, 0.25, 2.0, 0.0, 0.0])


def test_an_epsilon_left_out_everywhere_is_approximate():
    judged, _ = verdicts(VALUES * (1 + 1e-6), exact(VALUES), u=0.0)
    assert judged == ["approximate"] * 4 + ["pass"] * 2
    # Beyond APPROXIMATION of the largest gradient it is wrong.
    judged, _ = verdicts(VALUES * (1 + 1.1 * APPROXIMATION), exact(VALUES), u=0.0)
    assert judged == ["approximate"] * 3 + ["fail"] + ["pass"] * 2


def test_one_element_a_little_wrong_is_a_fail():
    values = np.arange(1.0, 9.0)
    for count in range(1, 9):
        wrong = values.copy()
        wrong[:count] *= 1 + 1e-6
        verdict = "approximate" if count >= SYSTEMATIC * 8 else "fail"
        assert verdicts(wrong, exact(values), u=0.0)[0] == [verdict] * count + ["pass"] * (
            8 - count
        )


def test_the_epsilon_at_a_kink():
    given = exact([0.5, 1.0], left=[0.0, 1.0], right=[1.0, 1.0], switched=True)
    assert verdicts([1 + 1e-6, 1.0], given, u=0.0)[0] == ["approximate", "pass"]
    assert verdicts([-1e-6, 1.0], given, u=0.0)[0] == ["approximate", "pass"]
    assert verdicts([1 + 1e-4, 1.0], given, u=0.0)[0] == ["inconclusive", "pass"]


def test_nothing_is_approximate_beside_the_rounding_of_losses_or_of_float32():
    # There the share is as wide already.
    for options in ({}, {"u": 0.0, "dtype": np.float32}):
        for error in (1e-6, 2e-5, 2e-3):
            judged, _ = verdicts(VALUES * (1 + error), differences(VALUES), **options)
            assert "approximate" not in judged


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ([], "pass"),
        (["pass", "kink"], "pass"),
        (["approximate", "pass"], "approximate"),
        (["approximate", "inconclusive"], "inconclusive"),
        (["inconclusive", "fail", "pass"], "fail"),
    ],
)
def test_overall(given, wanted):
    assert overall(given) == wanted
