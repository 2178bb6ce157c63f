import math

import numpy as np
import pytest

from fastcheck.primitives import smooth

NAMES = [primitive.name for primitive in smooth.PRIMITIVES]
ANYWHERE = ["negative", "square", "expm1", "tanh", "exp"]

# What NumPy's own vector code and the C library may differ by.
ULPS = 4 * 2.0**-52


def arguments(name):
    magnitudes = 10.0 ** np.linspace(-12, 2, 57)
    if name in ("sqrt", "log", "log1p"):
        return magnitudes
    return np.concatenate([magnitudes, -magnitudes])


@pytest.mark.parametrize("name", NAMES)
def test_ordinary_arguments(apply, name):
    done = apply(name, arguments(name))
    np.testing.assert_allclose(done.result, done.expected, rtol=ULPS)
    assert done.sides.size == 0


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("shape", [(), (1,), (0,), (3, 0), (2, 3, 5), (1, 17)])
def test_shapes(apply, name, shape):
    done = apply(name, np.random.default_rng(3).uniform(0.5, 2.0, shape))
    np.testing.assert_allclose(done.result, done.expected, rtol=ULPS)


@pytest.mark.parametrize("name", NAMES)
def test_special_numbers_outside_the_domain(apply, name):
    special = [math.nan, math.inf, -math.inf, 0.0, -0.0, -1.0, -2.0, 5e-324, 1e300, -1e300, 800.0]
    done = apply(name, special)
    np.testing.assert_allclose(done.result, done.expected, rtol=ULPS)
    zero_or_infinite = (done.expected == 0) | np.isinf(done.expected)
    np.testing.assert_array_equal(
        np.signbit(done.result)[zero_or_infinite], np.signbit(done.expected)[zero_or_infinite]
    )


@pytest.mark.parametrize("name", NAMES)
def test_the_scalar_functions_as_plain_python(name):
    compiled = getattr(smooth, f"_{name}")
    function = getattr(compiled, "py_func", compiled)
    for x in (0.25, 1.0, 3.0, *((-0.5, -2.0) if name in ANYWHERE else ())):
        assert function(x) == pytest.approx(getattr(np, name)(x), rel=ULPS)
