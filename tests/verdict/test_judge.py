"""The verdict on single elements where losses were subtracted, from made-up numbers."""

from __future__ import annotations

import numpy as np
import pytest

from fastcheck.engine.result import NumericalGradient, ParameterDifferences
from fastcheck.verdict import VERDICTS, judge, overall
from fastcheck.verdict.allowance import (
    RESIDUE_FACTOR,
    ROUNDING_FACTOR,
    SHARE,
    residue,
    rounding,
    share,
)
from fastcheck.verdict.codes import APPROXIMATION, SYSTEMATIC
from fastcheck.verdict.judge import MEANINGLESS

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
        crossed=np.full(central.shape, switched),
    )


def verdicts(analytic, numerical, *, loss=1.0, scale=0.0, dtype=np.float64, forward=U, **options):
    result = NumericalGradient(
        parameters={"w": numerical},
        engine="full",
        loss=loss,
        unit_roundoff=U,
        forward_roundoff=forward,
        sees_switches=True,
        step=STEP,
        threads=1,
        seconds=0.0,
    )
    given = np.atleast_1d(np.asarray(analytic, dtype))
    verdict = judge(given, numerical, result, scale=scale, **options)
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


@pytest.mark.parametrize(("dtype", "u"), [(np.float64, 2.0**-53), (np.float32, 2.0**-24)])
@pytest.mark.parametrize("numerical", [0.0, 1.5 * U])
def test_a_parameter_without_effect_may_keep_the_rounding_of_its_terms(dtype, u, numerical):
    allowed = RESIDUE_FACTOR * u * 3.0
    assert residue(np.dtype(dtype), 3.0) == allowed
    given = differences([numerical, numerical])
    options = {"dtype": dtype, "loss": 1e-9}
    judged, bound = verdicts([0.9 * allowed, 1.5 * allowed], given, scale=3.0, **options)
    assert judged == ["pass", "fail"]
    assert bound[0] == pytest.approx(allowed, rel=1e-2)
    # Beside nothing larger it is a gradient like any other.
    assert verdicts([0.9 * allowed], differences([numerical]), **options)[0] == ["fail"]


def test_a_parameter_with_an_effect_however_small_is_judged_by_its_own_size():
    tiny = 1e-12
    options = {"loss": 0.0, "scale": 1.0}
    assert verdicts([1.5 * tiny], differences([tiny]), **options)[0] == ["fail"]
    assert verdicts([tiny * (1 + 1e-6)], differences([tiny]), **options)[0] == ["pass"]


VALUES = np.array([1.0, -0.5, 0.25, 2.0, 0.0, 0.0])


def test_an_epsilon_left_out_everywhere_is_approximate_where_rtol_allows_it():
    given = differences(VALUES)
    wrong = VALUES * (1 + 2e-4)
    approximate = ["approximate"] * 4 + ["pass"] * 2
    assert verdicts(wrong, given, rtol=1e-3)[0] == approximate
    # Beyond rtol of the largest gradient it is wrong.
    judged, _ = verdicts(VALUES * (1 + 1.1e-3), given, rtol=1e-3)
    assert judged == ["approximate"] * 3 + ["fail"] + ["pass"] * 2
    assert verdicts(wrong, given, rtol=1e-3, strict=True)[0] == ["fail"] * 4 + ["pass"] * 2
    assert verdicts(wrong, given)[0] == ["fail"] * 4 + ["pass"] * 2


def test_one_element_a_little_wrong_is_a_fail():
    values = np.arange(1.0, 9.0)
    for count in range(1, 9):
        wrong = values.copy()
        wrong[:count] *= 1 + 2e-4
        wrong[:count] += 1e-4
        verdict = "approximate" if count >= SYSTEMATIC * 8 else "fail"
        judged, _ = verdicts(wrong, differences(values), rtol=1e-3)
        assert judged == [verdict] * count + ["pass"] * (8 - count)


def test_the_epsilon_at_a_kink():
    given = differences([0.5, 1.0], left=[0.0, 1.0], right=[1.0, 1.0], switched=True)
    for analytic, strict, verdict in [
        (1 + 1e-4, False, "approximate"),
        (-1e-4, False, "approximate"),
        (1 + 1e-4, True, "inconclusive"),
        (1 + 1e-2, False, "inconclusive"),
    ]:
        judged, _ = verdicts([analytic, 1.0], given, rtol=1e-3, strict=strict)
        assert judged == [verdict, "pass"]


def test_by_default_nothing_is_approximate_beside_the_rounding_of_losses():
    # There the share is as wide already.
    assert APPROXIMATION == SHARE
    for dtype in (np.float64, np.float32):
        for error in (1e-6, 2e-5, 2e-3):
            judged, _ = verdicts(VALUES * (1 + error), differences(VALUES), dtype=dtype)
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


def test_a_gradient_in_float64_of_a_loss_in_float32_has_the_share_of_float32():
    g = differences([1.0, 0.25])
    assert verdicts([1.0, 0.2505], g)[0] == ["pass", "fail"]
    assert verdicts([1.0, 0.2505], g, forward=2.0**-24)[0] == ["pass", "pass"]
    assert verdicts([1.0, 0.2515], g, forward=2.0**-24)[0] == ["pass", "fail"]
