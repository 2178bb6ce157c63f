"""The verdict by bounds on single elements, from made-up numbers."""

from __future__ import annotations

import numpy as np
import pytest

from fastcheck.engine.result import NumericalGradient, ParameterDifferences
from fastcheck.verdict import VERDICTS, Bounds, judge
from fastcheck.verdict.allowance import BEND, MEANINGLESS, SHARE, TINY_STEP, truncation
from fastcheck.verdict.codes import APPROXIMATION, SYSTEMATIC, approximation
from fastcheck.verdict.evidence import WIDE

TINY = 2.0**-60
DOUBLE, SINGLE = np.dtype(np.float64), np.dtype(np.float32)
B = 1e-14


def verdicts(
    analytic,
    central,
    *,
    bound=B,
    size=None,
    faint=0.0,
    centre=None,
    kink=0.0,
    left=None,
    right=None,
    switched=False,
    crossed=None,
    step=TINY,
    order=2,
    single=False,
    scale=0.0,
    dtype=np.float64,
    rtol=None,
    strict=False,
):
    central = np.atleast_1d(np.asarray(central, float))

    def full(value):
        return np.array(np.broadcast_to(np.asarray(value, float), central.shape))

    numerical = ParameterDifferences(
        central=central,
        left=full(central if left is None else left),
        right=full(central if right is None else right),
        step=full(step),
        switched=full(switched) != 0,
        crossed=full(switched if crossed is None else crossed) != 0,
    )
    result = NumericalGradient(
        parameters={"w": numerical},
        engine="incremental",
        loss=1.0,
        unit_roundoff=0.0,
        forward_roundoff=2.0**-53,
        sees_switches=True,
        step=TINY,
        threads=1,
        seconds=0.0,
        order=order,
    )
    bounds = Bounds(
        bound=full(bound),
        size=np.maximum(np.abs(central), 1.0) if size is None else full(size),
        faint=faint,
        centre=full(central if centre is None else centre),
        kink=full(kink),
        single=single,
    )
    given = np.atleast_1d(np.asarray(analytic, dtype))
    verdict = judge(given, numerical, result, scale=scale, bounds=bounds, rtol=rtol, strict=strict)
    return [VERDICTS[code] for code in verdict.codes], verdict.bound


def test_constants():
    assert WIDE == {DOUBLE: 1e-6, SINGLE: 1e-2}
    assert APPROXIMATION == {DOUBLE: 1e-5, SINGLE: 1e-3}
    assert approximation(np.dtype(np.int64)) == 1e-5
    assert SYSTEMATIC == 0.25
    # An epsilon of 1e-7 beside a probability of 0.1 is within both.
    assert APPROXIMATION[DOUBLE] > 1e-7 / 0.1
    # At the engine's own step even a one-sided difference has nothing to show.
    assert BEND * TINY == 2.0**-49
    assert BEND * TINY**2 < 2.0**-100
    # WIDE is more than half of the digits.
    assert WIDE[DOUBLE] > 2.0**-26.5
    assert WIDE[SINGLE] > 2.0**-8


@pytest.mark.parametrize(
    ("factor", "verdict"), [(0.0, "pass"), (0.999, "pass"), (-0.999, "pass"), (1.001, "fail")]
)
def test_at_the_border_of_the_bound(factor, verdict):
    central = np.array([0.25, 1.0])
    bound = 2.0**-30 * 1e-3  # large beside the rounding of this sum
    judged, given = verdicts(
        central + np.array([factor * bound, 0.0]), central, bound=bound, strict=True
    )
    assert judged == [verdict, "pass"]
    assert given == pytest.approx(bound, rel=1e-12, abs=0)


def test_the_bound_has_the_step_and_underflow():
    _, bound = verdicts([1.0], [1.0], size=8.0, faint=TINY * 1e-15, order=1)
    assert bound == pytest.approx(B + 1e-15 + BEND * TINY * 8.0, rel=1e-14, abs=0)


@pytest.mark.parametrize("order", [1, 2, 4])
@pytest.mark.parametrize("dtype", [DOUBLE, SINGLE])
def test_a_large_step_adds_the_share_of_the_largest(order, dtype):
    steps = np.array([TINY, TINY_STEP, 2 * TINY_STEP, 1e-4])
    size = np.array([1.0, 2.0, 4.0, 8.0])
    allowed = truncation(steps, order, size, 3.0, dtype)
    tiny = BEND * steps**order * size
    np.testing.assert_allclose(allowed[:2], tiny[:2], rtol=1e-15)
    coarse = 3 * (SHARE[dtype] + steps**order)
    np.testing.assert_allclose(allowed[2:], coarse[2:], rtol=1e-14)


def test_not_finite():
    nan, inf = np.nan, np.inf
    judged, _ = verdicts([nan, inf, 1.0, 1.0, nan, 1.0], [1.0, 1.0, nan, inf, nan, 1.0])
    assert judged == ["fail", "fail", "inconclusive", "inconclusive", "fail", "pass"]
    # Nothing is known of it, though it agrees.
    assert verdicts([1.0], [1.0], bound=inf)[0] == ["inconclusive"]
    assert verdicts([nan], [1.0], bound=inf)[0] == ["fail"]


def test_a_wide_bound_is_inconclusive():
    # Just below and above WIDE of S.
    for single, dtype in ((False, DOUBLE), (True, SINGLE)):
        for factor, verdict in ((0.99, "pass"), (1.01, "inconclusive")):
            bound = factor * WIDE[dtype] * 4.0
            options = {"bound": bound, "size": 4.0, "single": single}
            assert verdicts([1.0 + 0.5 * bound], [1.0], **options)[0] == [verdict]
            # Equality is more than agreement within the bound; a large error is seen all the same.
            assert verdicts([1.0], [1.0], **options)[0] == ["pass"]
            assert verdicts([2.0], [1.0], **options)[0] == ["fail"]
    # In float32 a gradient may be as near as it can be and yet not equal.
    narrow = {"bound": 1e-6, "size": 1e-40, "single": True, "dtype": np.float32}
    near = [np.float32(0.1), 0.0]
    assert verdicts(near, [0.1, 1e-60], **narrow)[0] == ["pass", "pass"]
    assert verdicts([near[0] * (1 + 2.0**-22), 1e-44], [0.1, 1e-60], **narrow)[0] == [
        "inconclusive",
        "inconclusive",
    ]
    # Of whole numbers most are "rounded" to 0.
    whole = {"bound": 0.5, "size": 1.0, "dtype": np.int64}
    assert verdicts([0], [0.3], **whole)[0] == ["inconclusive"]
    # Cancellation alone is no width: S is large there.
    assert verdicts([1e-9 + 5e-15], [1e-9], size=1.0)[0] == ["pass"]


def test_wide_by_underflow_alone_is_a_pass():
    options = {"bound": 0.0, "size": 1e-303, "faint": 2.0**-1064}
    judged, bound = verdicts([2e-303], [1e-303], scale=1.0, **options)
    assert bound == pytest.approx(2.0**-1004, rel=1e-6, abs=0)
    assert judged == ["pass"]
    assert verdicts([1e-302], [1e-303], scale=1.0, **options)[0] == ["fail"]
    # Of a loss in float32 anything that small.
    options |= {"bound": 1e-40, "single": True}
    assert verdicts([1e-41], [0.0], **options)[0] == ["pass"]


def test_wide_beside_itself_but_nothing_beside_the_model():
    options = {"bound": 1e-17, "size": 1e-16}
    assert verdicts([1.05e-16], [1e-16], **options)[0] == ["inconclusive"]
    assert verdicts([1.05e-16], [1e-16], scale=1.0, **options)[0] == ["pass"]


def test_wide_with_a_large_step_is_beside_the_largest():
    options = {"step": 1e-3, "size": 1.0, "order": 1}
    judged, bound = verdicts([1.01, 100.0], [1.0, 100.0], **options)
    assert WIDE[DOUBLE] < bound[0] < MEANINGLESS * 100
    assert judged == ["pass", "pass"]
    options["step"] = 0.2
    assert verdicts([1.01], [1.0], **options)[0] == ["inconclusive"]


@pytest.mark.parametrize(
    ("analytic", "verdict"),
    [
        (0.0, "kink"),
        (0.3, "kink"),
        (1.0, "kink"),
        (1.0 + 0.5 * B, "kink"),
        (-0.5 * B, "kink"),
        (0.5, "pass"),
        (1.1, "fail"),
        (-0.1, "fail"),
    ],
)
@pytest.mark.parametrize("switched", [False, True])
def test_a_kink_within_rounding(analytic, verdict, switched):
    judged, _ = verdicts([analytic], [0.5], centre=0.5, kink=0.5, switched=switched)
    assert judged == [verdict]


def test_a_kink_holds_for_its_own_element_alone():
    judged, _ = verdicts([0.3, 0.3], [0.5, 0.5], centre=0.5, kink=[0.5, 0.0])
    assert judged == ["kink", "fail"]
    # The numerical gradient belongs to the interval, the middle of a kink-free element does not.
    judged, _ = verdicts([1.2, 0.3], [1.5, 0.5], centre=[0.5, 0.3], kink=[0.5, 0.0])
    assert judged == ["kink", "fail"]


def test_a_wide_kink_is_inconclusive():
    judged, _ = verdicts([0.3], [0.5], centre=0.5, kink=0.5, bound=1e-5, size=1.0)
    assert judged == ["inconclusive"]


@pytest.mark.parametrize(
    ("analytic", "verdict"),
    [(0.0, "kink"), (1.0, "kink"), (0.3, "kink"), (0.5, "pass"), (1.1, "inconclusive")],
)
@pytest.mark.parametrize("mirrored", [False, True])
def test_switched_without_a_kink_lies_between_left_and_right(analytic, verdict, mirrored):
    left, right = (1.0, 0.0) if mirrored else (0.0, 1.0)
    judged, _ = verdicts([analytic], [0.5], left=left, right=right, switched=True)
    assert judged == [verdict]
    # Different slopes without a switch are none.
    if analytic != 0.5:
        assert verdicts([analytic], [0.5], left=left, right=right)[0] == ["fail"]


VALUES = np.array([1.0, -0.5, 0.25, 2.0, 0.0, 0.0])


def test_an_epsilon_left_out_everywhere_is_approximate():
    wrong = VALUES * (1 + 1e-6)
    assert verdicts(wrong, VALUES)[0] == ["approximate"] * 4 + ["pass"] * 2
    assert verdicts(wrong, VALUES, strict=True)[0] == ["fail"] * 4 + ["pass"] * 2
    assert verdicts(wrong, VALUES, rtol=1e-8)[0] == ["fail"] * 4 + ["pass"] * 2
    assert verdicts(wrong, VALUES, rtol=0.0)[0] == ["fail"] * 4 + ["pass"] * 2
    large = VALUES * (1 + 5e-4)
    assert verdicts(large, VALUES)[0] == ["fail"] * 4 + ["pass"] * 2
    assert verdicts(large, VALUES, single=True)[0] == ["approximate"] * 4 + ["pass"] * 2
    assert verdicts(large, VALUES, rtol=1e-2)[0] == ["approximate"] * 4 + ["pass"] * 2


@pytest.mark.parametrize(("size", "largest"), [(8.0, 2.0), (2.0, 2.0), (1.0, 2.0)])
def test_the_limit_is_a_share_of_the_smaller_of_size_and_largest(size, largest):
    values = np.full(4, largest)
    for factor, verdict in ((0.99, "approximate"), (1.01, "fail")):
        off = factor * 1e-5 * min(size, largest)
        assert verdicts(values + off, values, size=size)[0] == [verdict] * 4


def test_one_element_a_little_wrong_is_a_fail():
    values = np.arange(1.0, 9.0)
    for count in range(1, 9):
        wrong = values.copy()
        wrong[:count] += 1e-6
        verdict = "approximate" if count >= SYSTEMATIC * 8 else "fail"
        assert verdicts(wrong, values)[0] == [verdict] * count + ["pass"] * (8 - count)


def test_the_epsilon_at_a_kink():
    options = {"centre": 0.5, "kink": 0.5}
    for analytic in (1 + 1e-6, -1e-6):
        assert verdicts([analytic], [0.5], **options)[0] == ["approximate"]
        assert verdicts([analytic], [0.5], strict=True, **options)[0] == ["fail"]


def test_a_parameter_that_the_loss_does_not_hang_on():
    options = {"bound": 0.0, "size": 0.0}
    assert verdicts([0.0, 1e-30], [0.0, 0.0], **options)[0] == ["pass", "fail"]


def test_a_switch_within_rounding_that_makes_no_difference():
    options = {"left": 0.5, "right": 0.5, "switched": True}
    assert verdicts([0.7], [0.5], crossed=False, **options)[0] == ["fail"]
    assert verdicts([0.7], [0.5], crossed=True, **options)[0] == ["inconclusive"]


def test_the_order_of_the_verdicts_in_one_parameter():
    judged, _ = verdicts(
        analytic=[np.nan, 1.0, 1.0, 0.3, 7.0, 7.0],
        central=[1.0, np.nan, 1.0, 0.5, 0.5, 1.0],
        left=[1, 1, 1, 0, 0, 1],
        right=[1, 1, 1, 1, 1, 1],
        switched=[0, 0, 0, 1, 1, 0],
    )
    assert judged == ["fail", "inconclusive", "pass", "kink", "inconclusive", "fail"]
