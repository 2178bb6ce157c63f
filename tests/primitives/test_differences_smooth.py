"""The difference rules of the smooth functions against mpmath, and their series up to its limit."""

import math
import re

import mpmath
import numba
import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from fastcheck.primitives import smooth, smooth_series
from fastcheck.primitives.jit import kernel
from fastcheck.primitives.rounding import rise, sum_error

EPS = 2.0**-52
SMALLEST, LARGEST = 2.0**-1022, math.nextafter(math.inf, 0.0)
# A difference that cancels down to this is below SMALLEST, were the values as large as LARGEST.
MOST_BITS = 2100

EXACTLY = {
    "negative": lambda z: -z,
    "reciprocal": lambda z: 1 / z,
    "square": lambda z: z * z,
    "sqrt": mpmath.sqrt,
    "exp": mpmath.exp,
    "expm1": mpmath.expm1,
    "log": mpmath.log,
    "log1p": mpmath.log1p,
    "tanh": mpmath.tanh,
}

# How much a rule may be wrong by, in units of 2^-52 of the true difference: a rounding or two for
# each of its operations, and one ulp for each of the C library's functions.
ULPS = {
    "negative": 0,
    "reciprocal": 2,
    "square": 2,
    "sqrt": 2,
    "exp": 4,
    "expm1": 4,
    "log": 4,
    "log1p": 4,
    "tanh": 6,
}

# The same for the series; half an ulp of it is what the series leaves out.
SERIES_ULPS = {
    "reciprocal": 3,
    "sqrt": 3,
    "exp": 3,
    "expm1": 3,
    "log": 3,
    "log1p": 3,
    "tanh": 5,
}

ORDINARY = [0.3, 1.0, 2.7, 19.5]
BASES = {
    "negative": [*ORDINARY, 0.0, 1e-300, -1e300],
    "reciprocal": [*ORDINARY, -0.3, -5.0, 1e-305, -1e-150, 1e150, -1e300],
    "square": [*ORDINARY, 0.0, -0.3, -1.0, -5.0, 1e-300, -1e-150, 1e150],
    "sqrt": [*ORDINARY, 0.0, 5e-324, 1e-300, 1e-17, 1e17, 1e300],
    # 709.7 is the last whose exp is finite, and below -708.4 it is subnormal.
    "exp": [
        *ORDINARY,
        0.0,
        1e-300,
        -1e-9,
        -1.0,
        -37.3,
        300.3,
        -300.7,
        699.6,
        709.7,
        -708.9,
        -717.3,
    ],
    "log": [*ORDINARY, 5e-324, 1e-308, 1e-300, 1e-17, 1e17, 1e300],
    "log1p": [*ORDINARY, 0.0, 1e-300, -1e-9, -0.3, -0.9, -1 + 2.0**-53, -1 + 1e-9, 1e17, 1e300],
    # 1 - tanh(20)^2 is 0 in float64; beyond 354.8 the slope is subnormal.
    "tanh": [*ORDINARY, 0.0, 1e-300, -1e-9, -0.3, -1.0, 20.0, -37.3, 177.7, -353.1, 400.0],
}
BASES["expm1"] = BASES["exp"]

SIZES = [1e-300, 7e-101, 3e-30, 2e-16, 3e-9, 1e-4, 0.03, 0.7, 1.0, 1.1, 3.3, 10.0]
HUGE = [37.0, 701.0, 1500.0]
STEPS = [sign * size for size in [*SIZES, *HUGE] for sign in (1, -1)]
# Steps to somewhere close to 0, where z + d has cancelled, and to the mirrored place.
CANCELLING = [-0.3, -0.9, -1 + 1e-5, -1 + 2.0**-40, -1 - 2.0**-30, -2.0, -2 + 2.0**-45]

# Where a function ends.
LOWEST = {"sqrt": 0.0, "log": 0.0, "log1p": -1.0}


def difference_of(name):
    # Those of exp and expm1, which differ by a constant, are one.
    return getattr(smooth, f"_{'exp' if name == 'expm1' else name}_difference")


def exact_difference(function, base, moved):
    """f(moved) - f(base) by as many bits as it takes; None where it is not normal."""
    # Never fewer than `moved` has: mpmath 1.3 takes 0.25 + 1e-100 to fewer for 1 + 4e-100 in log.
    bits = 300 + moved.bc
    while True:
        with mpmath.workprec(bits):
            low, high = function(mpmath.mpf(base)), function(moved)
            exact, size = high - low, max(abs(low), abs(high))
            lost = mpmath.mag(size) - mpmath.mag(exact) if exact != 0 else bits
            if bits - lost >= 100:
                return exact if size <= LARGEST else None
            if bits > MOST_BITS:
                return None
            bits = MOST_BITS + 300 if exact == 0 else int(lost) + 300


def expected(name, z, d):
    """The true difference where the rule promises it: a normal number, of finite values."""
    moved = mpmath.fadd(z, d, exact=True)
    lowest = LOWEST.get(name, -math.inf)
    if min(z, moved) < lowest or (name in ("log", "log1p") and moved == lowest):
        return None
    if name == "reciprocal" and moved == 0:
        return None
    if name in ("exp", "expm1") and moved > 709.78:
        return None
    exact = exact_difference(EXACTLY[name], z, moved)
    return exact if exact is not None and SMALLEST <= abs(exact) <= LARGEST else None


def ulps(found, exact):
    return float(abs(mpmath.mpf(found) - exact) / abs(exact)) / EPS


def length(name, z):
    return 1.0 + z if name == "log1p" else z


@pytest.mark.parametrize("name", EXACTLY)
def test_the_difference_for_steps_of_every_size(name):
    difference, checked = difference_of(name), 0
    for z in BASES[name]:
        for d in [*STEPS, *(length(name, z) * part for part in CANCELLING)]:
            exact = expected(name, z, d) if d else None
            if exact is not None:
                checked += 1
                assert ulps(difference(z, d), exact) <= ULPS[name], (z, d)
    assert checked > 100


def signed(low, high):
    """Floats of either sign whose exponents are spread evenly."""
    return st.builds(
        lambda sign, mantissa, exponent: sign * mantissa * 2.0**exponent,
        st.sampled_from([1.0, -1.0]),
        st.floats(1.0, 2.0),
        st.integers(low, high),
    )


@pytest.mark.parametrize("name", EXACTLY)
@given(data=st.data())
def test_the_difference_anywhere(name, data):
    if name in ("exp", "expm1", "tanh"):
        z = data.draw(st.one_of(st.floats(-745.0, 709.0), signed(-996, 3)))
    else:
        z = data.draw(signed(-400, 400))
        if name in LOWEST:
            z = abs(z) if name != "log1p" or z > 0 else max(-abs(z), -1 + 2.0**-53)
    d = data.draw(signed(-996, 2))
    exact = expected(name, z, d)
    assume(exact is not None)
    assert ulps(difference_of(name)(z, d), exact) <= ULPS[name]


@pytest.mark.parametrize("name", EXACTLY)
def test_no_step_is_no_difference(name):
    special = [math.nan, math.inf, -math.inf, 0.0, -0.0, 5e-324, -1.0, -3.0, 800.0, -800.0]
    for z in [*special, *BASES[name]]:
        for d in (0.0, -0.0):
            assert difference_of(name)(z, d) == 0.0


@pytest.mark.parametrize(
    ("name", "z", "d", "result"),
    [
        ("reciprocal", 0.0, 2.0, -math.inf),
        ("reciprocal", 2.0, -2.0, math.inf),
        ("reciprocal", 1e-308, 10.0, -1e308),  # d / z is inf
        ("square", 0.3, -0.6, 0.0),
        ("sqrt", 2.0, -3.0, math.nan),
        ("sqrt", 0.0, 4.0, 2.0),
        ("exp", 700.0, 30.0, math.inf),
        ("exp", -math.inf, -1.0, 0.0),
        ("exp", -math.inf, 3.0, 0.0),
        ("exp", -800.0, 3.0, 0.0),
        ("exp", -800.0, 800.0, 1.0),  # 0 times inf, unless in reverse
        ("exp", 3.0, -math.inf, -math.exp(3.0)),
        ("expm1", -800.0, 3.0, 0.0),
        ("log", 2.0, -2.0, -math.inf),
        ("log", 0.0, 2.0, math.inf),
        ("log", 2.0, -3.0, math.nan),
        ("log", 5e-324, 1.0, 1074 * math.log(2.0)),  # d / z is inf
        ("log1p", 1.0, -2.0, -math.inf),
        ("log1p", -1.0, 2.0, math.inf),
        ("tanh", math.inf, -3.0, 0.0),
        ("tanh", -math.inf, 3.0, 0.0),
        ("tanh", 400.0, -1.0, 0.0),
        ("tanh", -400.0, 1.0, 0.0),
        ("tanh", 400.0, -800.0, -2.0),
        ("tanh", -1e300, 1e301, 2.0),
        ("tanh", 0.0, math.inf, 1.0),
    ],
)
def test_ends_and_overflows(name, z, d, result):
    assert difference_of(name)(z, d) == pytest.approx(result, rel=4 * EPS, abs=0, nan_ok=True)


def coefficients(name, z):
    y = getattr(smooth, f"_{name}")(z)
    parts = ("slope", "bend", "reach")
    return tuple(getattr(smooth_series, f"_{name}_{part}")(y, z) for part in parts)


# Parts of the reach, from the last number below it to far inside.
SHARES = [1 - 2.0**-53, -1 + 2.0**-53, 0.37, -0.37, 1e-3, -1e-9, 1e-40]


@pytest.mark.parametrize("name", SERIES_ULPS)
def test_the_series_up_to_its_limit(name):
    checked = 0
    for z in BASES[name]:
        slope, bend, reach = coefficients(name, z)
        for d in (reach * part for part in SHARES):
            exact = expected(name, z, d) if d else None
            if exact is not None:
                checked += 1
                assert ulps(smooth.series(slope, bend, d), exact) <= SERIES_ULPS[name], (z, d)
        assert smooth.series(slope, bend, 0.0) == 0.0 or reach == 0.0
    assert checked > 40


@pytest.mark.parametrize("name", SERIES_ULPS)
@given(data=st.data())
def test_the_series_anywhere(name, data):
    size = data.draw(signed(-60, 60) if name in ("reciprocal", *LOWEST) else signed(-60, 7))
    z = abs(size) if name in LOWEST else size
    slope, bend, reach = coefficients(name, z)
    d = reach * data.draw(st.floats(-1, 1, exclude_min=True, exclude_max=True))
    assume(abs(d) > 1e-100)
    exact = expected(name, z, d)
    assume(exact is not None)
    assert ulps(smooth.series(slope, bend, d), exact) <= SERIES_ULPS[name]


@pytest.mark.parametrize("name", SERIES_ULPS)
def test_the_limit_is_not_timid(name):
    # Eight times as far what is left out shows, whatever the function.
    worst = 0.0
    for z in ORDINARY[:3]:
        slope, bend, reach = coefficients(name, z)
        worst = max(
            worst, ulps(smooth.series(slope, bend, 8 * reach), expected(name, z, 8 * reach))
        )
    assert worst > SERIES_ULPS[name] / 2


@pytest.mark.parametrize(
    ("name", "y", "z"),
    [
        ("exp", math.inf, 800.0),
        ("exp", math.nan, math.nan),
        ("expm1", math.inf, 800.0),
        ("log", -math.inf, 0.0),
        ("log", math.nan, -1.0),
        ("log", -713.8, 1e-310),
        ("log", 709.7, 1.7e308),
        ("log", math.inf, math.inf),
        ("log1p", -math.inf, -1.0),
        ("log1p", math.nan, -2.0),
        ("log1p", math.nan, math.nan),
        ("sqrt", 0.0, 0.0),
        ("sqrt", 1e-160, 1e-320),
        ("sqrt", math.nan, -1.0),
        ("sqrt", math.inf, math.inf),
        ("reciprocal", math.inf, 0.0),
        ("reciprocal", 1e160, 1e-160),
        ("reciprocal", 1e-160, 1e160),
        ("reciprocal", 0.0, math.inf),
    ],
)
def test_no_reach_where_a_coefficient_fails(name, y, z):
    assert not getattr(smooth_series, f"_{name}_reach")(y, z) > 0.0


def test_the_reach_is_in_units_of_the_length_scale():
    reach = smooth_series.SERIES_LIMIT
    assert reach == 2.0**-27
    assert [coefficients(name, 3.0)[2] for name in ("exp", "expm1", "tanh")] == [reach] * 3
    assert [coefficients(name, 3.0)[2] for name in ("log", "sqrt", "log1p")] == [
        3 * reach,
        3 * reach,
        4 * reach,
    ]
    assert coefficients("reciprocal", -3.0)[2] == 3 * reach
    # Saturated: the difference underflows, and the series says so without the exact rule's help.
    assert coefficients("exp", -1e9) == (0.0, 0.5, reach)
    assert coefficients("tanh", 1e9) == (0.0, -1.0, reach)


@pytest.mark.skipif(numba.config.DISABLE_JIT, reason="nothing is compiled")
def test_the_series_is_a_vector_loop():
    series = smooth.series

    @kernel
    def panel(slope, bend, d, out):
        for lane in range(out.size):
            out[lane] = series(slope, bend, d[lane])

    steps, out = np.linspace(-1e-9, 1e-9, 17), np.empty(17)
    panel(2.0, 0.5, steps, out)
    assert out.tolist() == [smooth.series(2.0, 0.5, d) for d in steps.tolist()]
    (code,) = panel.inspect_llvm().values()
    assert re.search(r"fmul <\d+ x double>", code)


SAMPLE = {
    "exp": [-30.0, 0.7, 5.0],
    "tanh": [-30.0, 0.7, 5.0],
}


@pytest.mark.parametrize("name", EXACTLY)
def test_the_difference_as_plain_python(name):
    compiled = difference_of(name)
    function = getattr(compiled, "py_func", compiled)
    for z in SAMPLE.get(name, [0.2, 0.7, 5.0]):
        for d in (1e-300, 1e-9, -0.1, 0.9, 2.0):
            assert function(z, d) == compiled(z, d)
    assert function(0.7, 0.0) == 0.0


@pytest.mark.parametrize("name", SERIES_ULPS)
def test_the_coefficients_as_plain_python(name):
    for part in ("slope", "bend", "reach"):
        compiled = getattr(smooth_series, f"_{name}_{part}")
        function = getattr(compiled, "py_func", compiled)
        for z in SAMPLE.get(name, [0.2, 0.7, 5.0]):
            y = getattr(smooth, f"_{name}")(z)
            assert function(y, z) == compiled(y, z)


def test_the_shared_kernels_as_plain_python():
    def plain(compiled):
        return getattr(compiled, "py_func", compiled)

    for d in (1e-9, -3e-12):
        assert plain(smooth.series)(2.7, 0.5, d) == smooth.series(2.7, 0.5, d)
        assert plain(rise)(2.7, 2.5, d) == rise(2.7, 2.5, d)
        assert plain(sum_error)(0.1, d, 0.1 + d) == sum_error(0.1, d, 0.1 + d) != 0.0
    for slope, bend in ((2.0, 0.5), (1e-310, 0.5), (math.inf, 0.5), (2.0, math.inf)):
        compiled = smooth_series.series_reach(3.0, slope, bend)
        assert plain(smooth_series.series_reach)(3.0, slope, bend) == compiled
        assert (compiled > 0) == (slope == 2.0 and bend == 0.5)
    for base, moved, d in ((2.0, 3.0, 1.0), (2.0, 0.5, -1.5), (1e-310, 10.0, 10.0)):
        compiled = smooth._log_ratio(base, moved, d)
        if d / base < math.inf:
            assert plain(smooth._log_ratio)(base, moved, d) == compiled


@given(signed(-1000, 1000), signed(-1000, 1000))
def test_the_error_of_a_sum(x, y):
    assume(math.isfinite(x + y))
    exact = mpmath.fsub(mpmath.fadd(x, y, exact=True), x + y, exact=True)
    assert sum_error(x, y, x + y) == exact


@pytest.mark.parametrize("pair", [(math.inf, 1.0), (math.inf, -math.inf), (1e308, 1e308)])
def test_the_error_of_a_sum_that_is_not_finite(pair):
    assert sum_error(*pair, sum(pair)) == 0.0
