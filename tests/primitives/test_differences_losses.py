"""The difference of softmax cross entropy against mpmath, and its series up to its limit."""

import math
import re

import mpmath
import numba
import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from fastcheck.primitives import losses
from fastcheck.primitives.jit import kernel
from fastcheck.primitives.smooth_series import SERIES_LIMIT
from fastcheck.primitives.softmax import softmax

EPS = 2.0**-52
SMALLEST = 2.0**-1022

# Enough for a difference of SMALLEST between two losses of 2^11, to 160 bits.
BITS = 1200

# How much the rule may be wrong by, in units of 2^-52: of the true difference where only one score
# moves or all move such that nothing cancels, and of `uncancelled` otherwise.
ULPS = 4
CANCELLED_ULPS = 4

LN10 = math.log(10.0)

# Scores of three to five classes; the comment is p of the first.
SCORES = {
    "ordinary": [0.3, -1.2, 2.1, 0.7],
    "equal": [0.5, 0.5, 0.5],
    "two": [1.0, -1.0],
    "sure": [9.0, -3.0, 1.5, -8.0],
    "saturated": [300 * LN10, 0.0, -5.0],  # 1 - 1e-300
    "nearly": [12 * LN10, 0.0, -3.0, 1.0],  # 1 - 4e-12
    "far up": [1000.3, 999.9, 1001.1, 998.0],
    "far down": [-1000.3, -999.9, -1001.1, -998.0],
    "apart": [1e3, -1e3, 997.0],
    "hopeless": [-600.0, 0.0, 3.0],  # 5e-263
    "tiny": [1e-300, -1e-300, 0.0],
}
SIZES = [1e-300, 7e-101, 3e-30, 2e-16, 3e-9, 1e-4, 0.03, 0.7, 1.0, 1.1, 3.3, 10.0]
STEPS = [sign * size for size in SIZES for sign in (1, -1)]


def one_hot(place, count):
    t = np.zeros(count)
    t[place] = 1.0
    return t


def probabilities(z):
    return softmax(np.asarray(z, float)[None])[0]


def difference(z, d, t):
    z, d, t = (np.asarray(item, float) for item in (z, d, t))
    return losses._softmax_cross_entropy_difference(z, d, t, probabilities(z))


def series(z, d, t):
    z, d, t = (np.asarray(item, float) for item in (z, d, t))
    total, pivot = losses._total_and_pivot(t)
    return losses._softmax_cross_entropy_series(d, t, probabilities(z), total, pivot)


def exact_parts(z, d, t):
    """The true difference, and what its terms would add up to if none cancelled."""
    with mpmath.workprec(BITS):
        z, d, t = ([mpmath.mpf(float(x)) for x in item] for item in (z, d, t))
        total = mpmath.fsum(t)
        heaviest = max(range(len(t)), key=lambda k: abs(t[k]))
        origin = d[heaviest] if 2 * abs(t[heaviest]) > abs(total) else 0
        e = [step - origin for step in d]
        powers = [mpmath.exp(x) for x in z]
        norm = mpmath.fsum(powers)
        growth = [p / norm * mpmath.expm1(x) for p, x in zip(powers, e, strict=True)]
        moved = mpmath.log1p(mpmath.fsum(growth))
        straight = [a * b for a, b in zip(t, e, strict=True)]
        exact = total * moved - mpmath.fsum(straight)
        size = mpmath.fsum(map(abs, t)) * (
            abs(moved) + mpmath.fsum(map(abs, growth)) / (1 + mpmath.fsum(growth))
        ) + mpmath.fsum(map(abs, straight))
        return exact, size


def ulps(found, exact, size=None):
    return float(abs(mpmath.mpf(found) - exact) / abs(exact if size is None else size)) / EPS


def is_normal(exact):
    return abs(exact) >= SMALLEST


@pytest.mark.parametrize("name", SCORES)
def test_one_score_of_a_one_hot_row(name):
    # Nothing cancels: good to a few ulp of the difference itself.
    z, checked = SCORES[name], 0
    for target in range(len(z)):
        for place in range(len(z)):
            for step in STEPS:
                d, t = step * one_hot(place, len(z)), one_hot(target, len(z))
                exact, _ = exact_parts(z, d, t)
                if is_normal(exact):
                    checked += 1
                    assert ulps(difference(z, d, t), exact) <= ULPS, (target, place, step)
    assert checked > 20


@pytest.mark.parametrize("name", SCORES)
@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_all_scores_but_the_target_move_one_way(name, sign):
    z = SCORES[name]
    for target in range(len(z)):
        for step in SIZES:
            d = sign * step * np.linspace(0.3, 1.0, len(z)) * (1 - one_hot(target, len(z)))
            exact, _ = exact_parts(z, d, one_hot(target, len(z)))
            if is_normal(exact):
                assert ulps(difference(z, d, one_hot(target, len(z))), exact) <= ULPS


def test_steps_apart_whose_difference_is_rounded():
    # Of e = d_k - d_y, 16 or more, the rounding alone is 8 ulp of exp(e).
    rng, z = np.random.default_rng(1), [0.0, -30.0]
    for _ in range(50):
        d = [-rng.uniform(8.0, 10.0), rng.uniform(8.0, 10.0)]
        exact, _ = exact_parts(z, d, [1.0, 0.0])
        assert ulps(difference(z, d, [1.0, 0.0]), exact) <= ULPS


def signed(low, high):
    """Floats of either sign whose exponents are spread evenly."""
    return st.builds(
        lambda sign, mantissa, exponent: sign * mantissa * 2.0**exponent,
        st.sampled_from([1.0, -1.0]),
        st.floats(1.0, 2.0),
        st.integers(low, high),
    )


def rows(steps, targets):
    """Scores, steps and targets of one row."""
    scores = st.one_of(st.floats(-5, 5), st.floats(-1e3, 1e3), st.sampled_from([0.0, 1e3, -1e3]))
    element = st.tuples(scores, st.one_of(st.just(0.0), steps), targets)
    return st.lists(element, min_size=1, max_size=7).map(
        lambda row: tuple(np.array(part, float) for part in zip(*row, strict=True))
    )


PARTS = st.one_of(st.just(0.0), st.floats(0.0, 1.0), st.sampled_from([1.0, 1e-10, 0.1]))
ANY = st.one_of(st.just(0.0), st.floats(-3.0, 3.0), st.sampled_from([1.0, -1.0]))
ANY_STEP = st.one_of(signed(-996, 3), signed(-4, 3))


@given(rows(ANY_STEP, st.just(0.0)), st.integers(0, 6))
def test_any_one_hot_row(row, target):
    z, d, _ = row
    t = one_hot(target % len(z), len(z))
    exact, size = exact_parts(z, d, t)
    assume(is_normal(size))
    assert ulps(difference(z, d, t), exact, size) <= CANCELLED_ULPS


@pytest.mark.parametrize("targets", [PARTS, ANY])
@given(data=st.data())
def test_any_row_of_soft_targets(targets, data):
    z, d, t = data.draw(rows(ANY_STEP, targets))
    exact, size = exact_parts(z, d, t)
    assume(is_normal(size))
    assert ulps(difference(z, d, t), exact, size) <= CANCELLED_ULPS


@pytest.mark.parametrize("name", SCORES)
@pytest.mark.parametrize(
    "share", [0.9, 0.5, 1 / 3, 0.05, 1 - 1e-9, 1 - 2.0**-50, 1e-9], ids="{:.3g}".format
)
def test_one_score_of_a_soft_row(name, share):
    # p_k and t_k are each given to a rounding, and so is what the difference is made of.
    z = SCORES[name]
    t = np.full(len(z), (1 - share) / (len(z) - 1))
    t[0] = share
    for place in range(len(z)):
        for step in STEPS:
            d = step * one_hot(place, len(z))
            exact, size = exact_parts(z, d, t)
            # Where one target outweighs all others, what its score moves by is no part of `size`.
            if is_normal(exact):
                assert ulps(difference(z, d, t), exact, size) <= CANCELLED_ULPS, (place, step)


def test_a_soft_row_that_is_nearly_learned():
    # p and t are both 1 - 1e-9 or so: only by the other classes does one know how they differ.
    z, t = [21.0, 0.0, 0.5], [1.0 - 2.0**-30, 2.0**-31, 2.0**-31]
    for step in (1e-12, 1e-3, -0.5, 2.0):
        exact, _ = exact_parts(z, [step, 0.0, 0.0], t)
        assert ulps(difference(z, [step, 0.0, 0.0], t), exact) < 60
        # The naive rule is off by a hundred thousand times as much.
        naive = math.log1p(probabilities(z)[0] * math.expm1(step)) - t[0] * step
        assert ulps(naive, exact) > 1e6


@given(st.lists(st.floats(-1e3, 1e3), min_size=1, max_size=6), signed(-996, 3), st.integers(0, 5))
def test_scores_that_all_move_alike_change_nothing(z, step, target):
    t = one_hot(target % len(z), len(z))
    assert difference(z, [step] * len(z), t) == 0.0
    thirds = np.full(len(z), 1 / 3)
    assert abs(difference(z, [step] * len(z), thirds)) <= CANCELLED_ULPS * EPS * abs(step) * len(z)


@pytest.mark.parametrize(
    ("z", "d", "t", "result"),
    [
        ([0.0, 0.0], [1000.0, 0.0], [1.0, 0.0], -math.log(2.0)),
        ([0.0, 0.0], [1000.0, 0.0], [0.0, 1.0], 1000.0 - math.log(2.0)),
        ([0.0, 0.0], [-1000.0, 0.0], [1.0, 0.0], 1000.0 - math.log(2.0)),
        ([0.0, 0.0], [-1000.0, 0.0], [0.0, 1.0], -math.log(2.0)),
        ([0.0, 0.0], [1e300, 0.0], [0.0, 1.0], 1e300),
        ([-900.0, 0.0], [1800.0, 0.0], [1.0, 0.0], -900.0),
        ([-900.0, 0.0], [0.0, -1800.0], [1.0, 0.0], -900.0),
        ([-900.0, 0.0], [900.0, 0.0], [0.5, 0.5], math.log(2.0) - 450.0),
        ([-800.0, 0.0], [0.0, -1.0], [1.0, 0.0], -1.0),  # p of the target is 0
        ([-800.0, 0.0], [1.0, 0.0], [1.0, 0.0], -1.0),
        ([0.0, -800.0], [0.0, 1.0], [1.0, 0.0], 0.0),
        ([5.0], [3.0], [1.0], 0.0),
        ([1.0, 2.0], [0.5, 0.25], [1.0, -1.0], -0.25),  # T = 0
        ([1.0, 2.0], [0.5, 0.25], [0.0, 0.0], 0.0),
        ([0.0, 0.0], [0.0, 1.0], [-1.0, 0.0], -math.log1p(0.5 * math.expm1(1.0))),
        ([-math.inf, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, 1.0, 0.0], math.log1p(math.expm1(1.0) / 2)),
    ],
)
def test_ends_and_overflows(z, d, t, result):
    assert difference(z, d, t) == pytest.approx(result, rel=4 * EPS, abs=0)


def test_no_step_is_no_difference():
    special = [math.nan, math.inf, -math.inf, 800.0, -800.0, 0.0]
    for z in (*SCORES.values(), special, [math.nan, 0.0], []):
        for t in (one_hot(0, len(z)) if len(z) else np.zeros(0), np.full(len(z), 0.7)):
            for zero in (0.0, -0.0):
                assert difference(z, np.full(len(z), zero), t) == 0.0


@pytest.mark.parametrize("name", SCORES)
def test_the_softmax_to_a_few_ulp(name):
    z = SCORES[name]
    with mpmath.workprec(400):
        powers = [mpmath.exp(mpmath.mpf(x)) for x in z]
        exact = [power / mpmath.fsum(powers) for power in powers]
    for found, share in zip(probabilities(z), exact, strict=True):
        assert not is_normal(share) or ulps(found, share) <= 3


@pytest.mark.parametrize("lost", [-math.inf, -1.7e308])
def test_the_softmax_of_a_score_that_is_masked(lost):
    # Its distance to the largest overflows, and so does what that would be rounded by.
    rest = probabilities([0.3, 1.2]).tolist()
    assert probabilities([0.3, lost, 1.2]).tolist() == [rest[0], 0.0, rest[1]]
    assert probabilities([lost, 1e308]).tolist() == [0.0, 1.0]


# Parts of the limit, from the last number below it to far inside.
SHARES = [1 - 2.0**-53, -1 + 2.0**-53, 0.37, -0.37, 1e-3, -1e-9, 1e-40]


@pytest.mark.parametrize("name", SCORES)
def test_the_series_up_to_its_limit(name):
    z, checked = SCORES[name], 0
    for target in range(len(z)):
        t = one_hot(target, len(z))
        for place in range(len(z)):
            for share in SHARES:
                d = share * SERIES_LIMIT * one_hot(place, len(z))
                exact, _ = exact_parts(z, d, t)
                if is_normal(exact):
                    checked += 1
                    assert ulps(series(z, d, t), exact) <= ULPS
    assert checked > 10


@given(rows(signed(-60, -29), PARTS))
def test_the_series_anywhere(row):
    exact, size = exact_parts(*row)
    assume(is_normal(size))
    assert ulps(series(*row), exact, size) <= CANCELLED_ULPS


def test_the_limit_is_not_timid():
    # Eight times as far what is left out shows.
    z, d = [0.0, -3.0], np.array([0.0, 8 * SERIES_LIMIT])
    exact, _ = exact_parts(z, d, one_hot(0, 2))
    assert ulps(series(z, d, one_hot(0, 2)), exact) > ULPS / 4


@pytest.mark.skipif(numba.config.DISABLE_JIT, reason="nothing is compiled")
def test_the_series_calls_no_library():
    row = losses._softmax_cross_entropy_series

    @kernel
    def panel(d, t, p, out):
        for lane in range(out.size):
            out[lane] = row(d[:, lane], t, p, 1.0, 1)

    steps = np.linspace(-1e-9, 1e-9, 12).reshape(3, 4)
    out, p = np.empty(4), probabilities([1.0, 2.0, 0.0])
    panel(steps, one_hot(1, 3), p, out)
    assert out.tolist() == [series([1.0, 2.0, 0.0], steps[:, k], one_hot(1, 3)) for k in range(4)]
    (code,) = panel.inspect_llvm().values()
    assert not re.search(r"call double @(log1p|expm1|exp|log)\b", code)


@pytest.mark.parametrize(
    ("t", "total", "pivot"),
    [
        ([0.0, 1.0, 0.0], 1.0, 1),
        ([0.5, 0.5], 1.0, -1),
        ([0.25, 0.5, 0.25], 1.0, -1),
        ([0.2, 0.6, 0.2], 1.0, 1),
        ([0.0, -2.0], -2.0, 1),
        ([3.0, -2.0], 1.0, 0),
        ([1.0, -1.0], 0.0, 0),
        ([0.0, 0.0], 0.0, -1),
        ([], 0.0, -1),
    ],
)
def test_the_pivot_outweighs_the_others(t, total, pivot):
    assert losses._total_and_pivot(np.array(t, float)) == (total, pivot)


def test_the_kernels_as_plain_python():
    def plain(compiled):
        return getattr(compiled, "py_func", compiled)

    z, t = np.array([0.3, -1.2, 2.1]), np.array([0.1, 0.7, 0.2])
    p = probabilities(z)
    assert plain(losses._total_and_pivot)(t) == losses._total_and_pivot(t)
    assert plain(losses._total_and_pivot)(np.ones(3)) == (3.0, -1)
    for d in np.array([[0.1, 0.0, -0.2], [0.0, 9.0, 0.0], [800.0, 0.0, 0.0], [0.0, 0.0, 0.0]]):
        for targets in (t, np.array([0.0, 1.0, 0.0]), np.array([1.0, -1.0, 0.0])):
            compiled = losses._softmax_cross_entropy_difference
            assert plain(compiled)(z, d, targets, p) == compiled(z, d, targets, p)
            compiled = losses._softmax_cross_entropy_series
            assert plain(compiled)(d, targets, p, 1.0, 1) == compiled(d, targets, p, 1.0, 1)
    far = (np.array([-900.0, 0.0]), np.array([0.0, -800.0]), np.array([1.0, 0.0]))
    compiled = losses._softmax_cross_entropy_difference
    chances = probabilities(far[0])
    assert plain(compiled)(*far, chances) == compiled(*far, chances)
    assert plain(losses._moved_norm)(z, p, 0.1) == losses._moved_norm(z, p, 0.1)
    assert plain(losses._softmax_cross_entropy)(z, t) == losses._softmax_cross_entropy(z, t)


@pytest.mark.parametrize(
    ("z", "d", "t"),
    [
        ([0.0, -800.0], [0.0, 2000.0], [1.0, 0.0]),
        ([-829.9, -168.4, -64.1, -2174.8], [0.0, 0.0, 0.0, 2485.1], [0.0, 0.0, 1.0, 0.0]),
        ([0.0, -720.0, -750.0], [-700.0, 0.0, 690.0], [0.0, 1.0, 0.0]),
        ([0.0, -720.0, -750.0], [-700.0, 0.0, 690.0], [0.2, 0.5, 0.3]),
        # What is left of the others is far from an underflow, and yet it is nothing.
        ([0.0, -720.0, -746.0], [-600.0, 0.0, 690.0], [0.0, 1.0, 0.0]),
    ],
)
def test_a_score_without_weight_becomes_the_largest(z, d, t):
    exact, _ = exact_parts(z, d, t)
    assert difference(z, d, t) == pytest.approx(float(exact), rel=1e-12)
