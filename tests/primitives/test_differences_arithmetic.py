"""The difference rules of two operands against exact arithmetic, both operands moving at once."""

import math
from fractions import Fraction
from itertools import product

import mpmath
import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from fastcheck.primitives import arithmetic, arithmetic_series
from fastcheck.primitives.arithmetic_series import (
    _divide_reach,
    _divide_slope,
    _logaddexp_slope,
    _power_bend,
    _power_reach,
    _power_slope,
)
from fastcheck.primitives.smooth import series
from fastcheck.primitives.smooth_series import SERIES_LIMIT

EPS = 2.0**-52
SMALLEST, LARGEST = 2.0**-1022, math.nextafter(math.inf, 0.0)
# A difference that cancels down to this is below SMALLEST, were the values as large as LARGEST.
MOST_BITS = 2100
NAMES = ["add", "subtract", "multiply", "divide", "power", "logaddexp"]

# How much a rule may be wrong by, in units of 2^-52 of the larger of its terms: of the difference
# itself where one operand moves, and of what each operand does where both do.
ULPS = {"add": 1, "subtract": 1, "multiply": 2, "divide": 3, "power": 6, "logaddexp": 5}
SERIES_ULPS = {"divide": 3, "power": 5, "logaddexp": 4}

SIZES = [1e-300, 7e-101, 3e-17, 2e-9, 1e-4, 0.3, 1.0, 10.0]
STEPS = [sign * size for size in SIZES for sign in (1, -1)]
# One operand moves, or the other, or both: alike, oppositely, and by very different amounts.
MOVES = [
    *((d, 0.0) for d in STEPS),
    *((0.0, d) for d in STEPS),
    *((d, d) for d in STEPS),
    *((d, -d) for d in STEPS),
    *((d, -3e-9) for d in STEPS),
    *((0.7, d) for d in STEPS),
    *((3.7e-8, d) for d in (101.3, -101.3)),
    *((d, 3.7e-8) for d in (101.3, -101.3)),
]
PAIRS = {
    "add": [(0.3, 1.7), (1e300, -1.0)],
    "subtract": [(0.3, 1.7), (1e300, -1.0)],
    "multiply": [(0.3, 1.7), (-2.7, 1e-300), (1e150, -1e-200), (0.0, 3.3), (0.0, -0.0)],
    "divide": [
        (0.3, 1.7),
        (-2.7, 0.11),
        (1e-50, -1e-30),
        (1e300, 1e-5),
        (1e8, 1e-300),  # q dy overflows for dy = 10
        (1e300, 1e10),  # dy / (y + dy) underflows for dy = 1e-300
        (1e-300, 1e5),
        (0.0, 3.3),
        (1e300, 1e300),
    ],
    "power": [
        (0.3, 1.7),
        (19.5, -2.5),
        (2.7, 2.0),
        (3.3, 1.0),
        (2.7, 0.0),
        (1.0, 0.5),
        (1.0 + 1e-9, 300.7),
        (1e10, 1.5),  # dx / x underflows
        (1e-30, 0.5),
        (11.0, 50.0),
        (1e5, -60.0),
    ],
    "logaddexp": [
        (0.3, 1.7),
        (1.7, 0.3),
        (0.0, 0.0),
        (-5.1, 5.3),
        (20.3, -19.9),  # saturated: s(x - y) is 1 to 1e-18
        (-300.3, 300.7),
        (600.1, -120.7),
        (1e5, 0.0),
        (-1e300, 3.0),
        (-110.7, 0.3),  # what dx - dy is rounded by shows for dx = 101.3
    ],
}


def difference_of(name):
    return getattr(arithmetic, f"_{name}_difference")


def plus(x, d):
    return mpmath.fadd(x, d, exact=True)


def log_sum_exp(x, y):
    top = max(x, y)
    return top + mpmath.log1p(mpmath.exp(min(x, y) - top))


def power(x, y):
    return x ** int(y) if y == int(y) and abs(y) < 1000 else x**y


def to_100_bits(function, x, moved_x, y, moved_y):
    """f(moved) - f(base) by as many bits as it takes; None where it is not normal."""
    # Never fewer than the operands have: mpmath 1.3 takes 0.25 + 1e-100 to fewer for 1 + 4e-100 in
    # log.
    bits = 300 + max(moved_x.bc, moved_y.bc)
    while True:
        with mpmath.workprec(bits):
            low, high = function(mpmath.mpf(x), mpmath.mpf(y)), function(moved_x, moved_y)
            exact, size = high - low, max(abs(low), abs(high))
            lost = mpmath.mag(size) - mpmath.mag(exact) if exact != 0 else bits
            if bits - lost >= 100:
                return exact if size <= LARGEST else None
            if bits > MOST_BITS:
                return None
            bits = MOST_BITS + 300 if exact == 0 else int(lost) + 300


def exactly(name, x, dx, y, dy):
    """The true difference, and the larger of its terms; None where the rule promises nothing."""
    if name in ("power", "logaddexp"):
        moved_x, moved_y = plus(x, dx), plus(y, dy)
        if name == "power" and not (x > 0 and moved_x > 0):
            whole = dy == 0 and y == int(y)
            if not whole or x == 0 or moved_x == 0:
                return None
        function = power if name == "power" else log_sum_exp
        exact = to_100_bits(function, x, moved_x, y, moved_y)
        if exact is None:
            return None
        term = abs(exact)
        if dx and dy:
            with mpmath.workprec(300 + moved_x.bc):
                if name == "power":
                    low = min(abs(power(mpmath.mpf(x), y)), abs(power(moved_x, moved_y)))
                    one, other = moved_y * mpmath.log(moved_x / x), dy * mpmath.log(x)
                    term += low * min(abs(one), abs(other))
                else:
                    term += min(abs(dx), abs(dy))
    else:
        a, da, b, db = map(Fraction, (x, dx, y, dy))
        if name == "divide" and (b == 0 or b + db == 0):
            return None
        terms = {
            "add": lambda: (da, db),
            "subtract": lambda: (da, -db),
            "multiply": lambda: (da * (b + db), a * db),
            "divide": lambda: (da / (b + db), -a / b * db / (b + db)),
        }[name]()
        exact, term = sum(terms), sum(map(abs, terms))
        if name == "divide" and max(abs(a / b), abs((a + da) / (b + db))) > LARGEST:
            return None
    return (exact, term) if SMALLEST <= abs(exact) <= LARGEST else None


def ulps(found, exact, term):
    if not math.isfinite(found):
        return math.inf
    if isinstance(exact, Fraction):
        return float(abs(Fraction(found) - exact) / term) / EPS
    with mpmath.workprec(200):
        return float(abs(mpmath.mpf(found) - exact) / term) / EPS


@pytest.mark.parametrize("name", NAMES)
def test_the_difference_for_steps_of_every_size(name):
    difference, checked = difference_of(name), 0
    for (x, y), (dx, dy) in product(PAIRS[name], MOVES):
        true = exactly(name, x, dx, y, dy)
        if true is not None:
            checked += 1
            assert ulps(difference(x, dx, y, dy), *true) <= ULPS[name], (x, dx, y, dy)
    assert checked > 150


def signed(low, high):
    """Floats of either sign whose exponents are spread evenly."""
    return st.builds(
        lambda sign, mantissa, exponent: sign * mantissa * 2.0**exponent,
        st.sampled_from([1.0, -1.0]),
        st.floats(1.0, 2.0),
        st.integers(low, high),
    )


STEP = st.one_of(st.just(0.0), signed(-996, 2), signed(-30, 2))
OPERANDS = {
    "power": (signed(-60, 60).map(abs), st.one_of(signed(-8, 5), st.integers(-9, 9).map(float))),
    "logaddexp": (st.floats(-400, 400), st.floats(-400, 400)),
}


@pytest.mark.parametrize("name", NAMES)
@given(data=st.data())
def test_the_difference_anywhere(name, data):
    left, right = OPERANDS.get(name, (signed(-300, 300), signed(-300, 300)))
    x, y, dx, dy = data.draw(st.tuples(left, right, STEP, STEP))
    true = exactly(name, x, dx, y, dy)
    assume(true is not None)
    assert ulps(difference_of(name)(x, dx, y, dy), *true) <= ULPS[name]


@pytest.mark.parametrize("name", ["multiply", "divide"])
@given(st.tuples(*[signed(-3, 3)] * 3), st.sampled_from([-1.0, -2.0]), st.floats(-1e-6, 1e-6))
def test_an_operand_that_nearly_vanishes(name, operands, times, more):
    x, dx, y = operands
    dy = y * times * (1 + more)
    true = exactly(name, x, dx, y, dy)
    assume(true is not None)
    assert ulps(difference_of(name)(x, dx, y, dy), *true) <= ULPS[name]


@pytest.mark.parametrize("exponent", [-7.0, -2.0, -1.0, 1.0, 2.0, 3.0, 4.0, 51.0])
@pytest.mark.parametrize("x", [-0.3, -1.0, -2.7, 0.7])
def test_powers_on_either_side_of_zero(exponent, x):
    steps = [*STEPS, -x / 3, -x * (1 - 1e-5), -x * (1 + 1e-9), -2 * x * (1 + 1e-9), -2 * x * 0.999]
    checked = 0
    for dx in steps:
        true = exactly("power", x, dx, exponent, 0.0)
        if true is not None:
            checked += 1
            found = arithmetic._power_difference(x, dx, exponent, 0.0)
            assert ulps(found, *true) <= ULPS["power"], (x, dx, exponent)
    assert checked >= len(steps) - 4


@pytest.mark.parametrize(
    ("arguments", "result"),
    [
        ((0.0, 1e-5, 3.0, 0.0), 1e-15),
        ((0.0, -1e-5, 3.0, 0.0), -1e-15),
        ((0.0, -1e-5, 2.0, 0.0), 1e-10),
        ((0.0, 4.0, 0.5, 0.0), 2.0),
        ((2.0, -2.0, 3.0, 0.0), -8.0),
        ((-2.0, 2.0, 2.0, 0.0), -4.0),
        ((-2.0, 4.0, 4.0, 0.0), 0.0),
        ((-2.0, 0.0, 2.0, 1.0), -12.0),  # (-2)^3 - (-2)^2
        ((2.0, -2.0, -1.0, 0.0), math.inf),
        ((2.0, -3.0, 0.5, 0.0), math.nan),
        ((-2.0, 1e-3, 0.5, 0.0), math.nan),
        ((-2.0, 1e-3, 2.0, 1e-3), math.nan),
        ((0.0, 0.0, 0.0, 1e-3), -1.0),  # 0^y is 0, but 0^0 is 1
        ((10.0, 0.0, 300.0, 20.0), math.inf),
    ],
)
def test_odd_cases_of_power(arguments, result):
    found = arithmetic._power_difference(*arguments)
    assert found == pytest.approx(result, rel=4 * EPS, abs=0, nan_ok=True)


@pytest.mark.parametrize(
    ("arguments", "result"),
    [
        ((3.8, 900.7, 2.0, 0.0), 900.7 - math.log1p(math.exp(-1.8))),  # exp overflows
        ((2.0, 0.0, 3.8, 900.7), 900.7 - math.log1p(math.exp(-1.8))),
        ((3.0, 0.0, -math.inf, 1.0), 0.0),
        ((-math.inf, -5.0, 3.0, 0.25), 0.25),
        ((-math.inf, 5.0, 3.0, 0.0), 0.0),
        ((193.0, -997.0, -692.5, 0.0), -885.5),  # both exponentials underflow
        ((0.0, -1e5, 0.0, -1e5), -1e5),
        ((0.0, 1e5, 0.0, 1e5), 1e5),
        ((0.0, -math.inf, 0.0, 0.0), -math.log(2.0)),
    ],
)
def test_ends_and_overflows_of_logaddexp(arguments, result):
    found = arithmetic._logaddexp_difference(*arguments)
    assert found == pytest.approx(result, rel=4 * EPS, abs=0)
    x, dx, y, dy = arguments
    assert arithmetic._logaddexp_difference(y, dy, x, dx) == pytest.approx(found, rel=4 * EPS)


@pytest.mark.parametrize(
    ("arguments", "result"),
    [
        ((-math.inf, 0.0, 0.125, 0.0), 0.0),  # a masked score, scaled
        ((math.inf, 0.0, 2.0, 0.0), 0.0),
        ((0.0, 2.0, math.inf, 0.0), math.inf),
        ((0.0, 0.0, math.inf, 1.0), 0.0),
        ((math.nan, 0.0, math.nan, 0.0), 0.0),
    ],
)
def test_what_does_not_move_is_not_multiplied_by_infinity(arguments, result):
    assert arithmetic._multiply_difference(*arguments) == result


@pytest.mark.parametrize("name", NAMES)
def test_no_step_is_no_difference(name):
    special = [math.nan, math.inf, -math.inf, 0.0, -0.0, 5e-324, -1.0, -3.0, 0.5, 800.0, -800.0]
    for x, y in product(special, special):
        for dx, dy in product((0.0, -0.0), (0.0, -0.0)):
            assert difference_of(name)(x, dx, y, dy) == 0.0


# Parts of the reach, from the last number below it to far inside.
SHARES = [1 - 2.0**-53, -1 + 2.0**-53, 0.37, -0.37, 1e-3, -1e-9, 1e-40]


def test_the_series_of_a_quotient():
    for x, y in PAIRS["divide"]:
        reach = _divide_reach(x / y, y)
        slope = _divide_slope(x / y, y)
        for share, dx in product(SHARES, (0.0, *STEPS)):
            dy = reach * share
            true = exactly("divide", x, dx, y, dy) if reach else None
            if true is not None:
                found = arithmetic._divide_series(1 / y, slope, dx, dy)
                assert ulps(found, *true) <= SERIES_ULPS["divide"], (x, dx, y, dy)
    assert _divide_reach(0.3 / 1.7, 1.7) == 1.7 * SERIES_LIMIT
    assert _divide_reach(0.0, -3.0) == 3.0 * SERIES_LIMIT
    assert _divide_reach(1e-300, 1e10) == 0.0  # the slope is subnormal
    assert _divide_reach(math.nan, 0.0) == 0.0
    assert arithmetic._divide_series(1 / 1.7, 0.3, 0.0, 0.0) == 0.0


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_the_series_of_a_power(sign):
    checked = 0
    for size, y in [*PAIRS["power"], (5.0, -3.0), (0.7, 7.0)]:
        x = sign * size
        if x < 0 and y != int(y):
            continue
        base = math.pow(x, y)
        reach = _power_reach(base, x, y)
        slope, bend = _power_slope(base, x, y), _power_bend(x, y)
        for dx in (reach * share for share in SHARES if reach):
            true = exactly("power", x, dx, y, 0.0)
            if true is not None:
                checked += 1
                assert ulps(series(slope, bend, dx), *true) <= SERIES_ULPS["power"], (x, dx, y)
    assert checked > 30


def test_where_the_series_of_a_power_reaches():
    assert _power_reach(9.0, -3.0, 2.0) == SERIES_LIMIT
    for base, x, y in (
        (0.0, 0.0, 3.0),
        (0.0, 0.0, 1.0),
        (1.0, 3.0, 0.0),
        (0.0, 1e-170, 2.0),
        (1e-320, 1e-160, 2.0),
        (math.inf, 1e-160, -2.0),
        (1e-310, 1e-310, 1.5),
        (math.nan, -3.0, 0.5),
    ):
        assert _power_reach(base, x, y) == 0.0


def test_the_series_of_logaddexp():
    checked = 0
    for x, y in PAIRS["logaddexp"]:
        p, q = _logaddexp_slope(x, y), _logaddexp_slope(y, x)
        steps = [SERIES_LIMIT * share for share in SHARES]
        for dx, dy in product((0.0, *steps), (0.0, *steps)):
            true = exactly("logaddexp", x, dx, y, dy) if dx or dy else None
            if true is not None:
                checked += 1
                # In units of p |dx| + q |dy|, which may be less than the smaller of dx and dy.
                term = max(abs(float(true[0])), p * abs(dx) + q * abs(dy))
                found = arithmetic._logaddexp_series(p, q, dx, dy)
                assert ulps(found, true[0], term) <= SERIES_ULPS["logaddexp"], (x, dx, y, dy)
        assert arithmetic._logaddexp_series(p, q, 0.0, 0.0) == 0.0
    assert checked > 300


@pytest.mark.parametrize("name", ["divide", "power", "logaddexp"])
def test_the_limit_of_the_series_is_not_timid(name):
    d = 16 * SERIES_LIMIT
    if name == "divide":
        found = arithmetic._divide_series(1 / 0.7, 0.3 / 0.7 / 0.7, 0.0, 0.7 * d)
        true = exactly(name, 0.3, 0.0, 0.7, 0.7 * d)
    elif name == "power":
        base = math.pow(0.7, -3.0)
        slope, bend = _power_slope(base, 0.7, -3.0), _power_bend(0.7, -3.0)
        found, true = series(slope, bend, 0.7 * d / 4), exactly(name, 0.7, 0.7 * d / 4, -3.0, 0.0)
    else:
        p, q = _logaddexp_slope(-3.0, 0.0), _logaddexp_slope(0.0, -3.0)
        found = arithmetic._logaddexp_series(p, q, d, 0.0)
        true = exactly(name, -3.0, d, 0.0, 0.0)
    assert ulps(found, *true) > SERIES_ULPS[name]


TRUTHS = [0.0, -0.0, 1.0, -2.0, 0.5, 5e-324, math.nan]


@pytest.mark.parametrize(
    ("function", "accepted"),
    [
        (np.logical_and, arithmetic._BOTH),
        (np.logical_or, arithmetic._ONE | arithmetic._BOTH),
        (np.logical_xor, arithmetic._ONE),
    ],
)
def test_the_difference_of_two_answers(function, accepted):
    moves = [0.0, 1.0, -1.0, 2.0, -0.5, 1e-300]
    seen = set()
    for x, y, dx, dy in product(TRUTHS, TRUTHS, moves, moves):
        before = function(bool(x), bool(y))
        # 0.5 + 1e-300 is not 0, and neither is 5e-324 + 1e-300: in floats too.
        after = function(bool(x + dx), bool(y + dy))
        found = arithmetic._logic_difference(x, dx, y, dy, accepted)
        assert found == float(after) - float(before), (x, dx, y, dy)
        seen.add(found)
    assert seen == {-1.0, 0.0, 1.0}


def plain(compiled):
    return getattr(compiled, "py_func", compiled)


@pytest.mark.parametrize("name", NAMES)
def test_the_difference_as_plain_python(name):
    compiled = difference_of(name)
    for x, y in ((0.3, 1.7), (2.5, 0.4), (3.0, 2.0)):
        for dx, dy in product((0.0, 1e-300, 3e-9, -0.1, 2.0), (0.0, 1e-290, -2e-9, 0.3, -3.0)):
            assert plain(compiled)(x, dx, y, dy) == compiled(x, dx, y, dy)


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("power_growth", (0.3, 0.1, 1.7, -1e-5)),
        ("power_growth", (-0.3, 0.1, 4.0, 0.0)),
        ("power_growth", (-0.3, 0.5, 4.0, 0.0)),
        ("power_growth", (0.3, -0.5, 4.0, 0.0)),
        ("moved_power", (0.1, 0.7, 0.1, 0.7)),
        ("power_slope", (9.0, 3.0, 2.0)),
        ("power_bend", (3.0, 2.5)),
        ("power_reach", (9.0, 3.0, 2.0)),
        ("power_reach", (0.0, 3.0, 2.0)),
        ("divide_slope", (0.3, 1.7)),
        ("divide_reach", (0.3, 1.7)),
        ("divide_reach", (0.0, 1.7)),
        ("divide_series", (1 / 1.7, 0.3, 1e-9, 2e-9)),
        ("logaddexp_slope", (0.3, 1.7)),
        ("logaddexp_series", (0.3, 0.7, 1e-9, -2e-9)),
        ("logaddexp_difference", (0.3, 0.0, 1.7, -5.0)),
        ("logic_difference", (0.0, 1.0, 1.0, -1.0, 8)),
        ("logic_difference", (0.0, 1.0, 1.0, 1.0, 8)),
    ],
)
def test_the_parts_as_plain_python(name, arguments):
    of_the_series = name.endswith(("_slope", "_bend", "_reach"))
    compiled = getattr(arithmetic_series if of_the_series else arithmetic, f"_{name}")
    assert plain(compiled)(*arguments) == compiled(*arguments)


def test_powers_on_both_sides_of_zero_as_plain_python():
    compiled = arithmetic._power_growth
    for arguments in ((-0.3, 0.5, 3.0, 0.0), (0.0, 0.5, 3.0, 0.0), (-0.3, 0.1, 2.0, 0.1)):
        assert math.isnan(plain(compiled)(*arguments))
        assert math.isnan(compiled(*arguments))
