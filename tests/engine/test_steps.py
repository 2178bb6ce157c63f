import math
import re

import numpy as np
import pytest

from fastcheck.engine.steps import FULL_STEP, REFERENCE_STEP, checked_step
from fastcheck.errors import InvalidArgument, InvalidType

WEIGHTS = {"W": np.array([[0.5, -2.0], [0.0, 1.0]])}


def test_the_engines_own_steps():
    assert REFERENCE_STEP == 1e-4
    assert math.frexp(FULL_STEP)[0] == 0.5  # a power of two, so that w + h is exact
    assert checked_step(None, FULL_STEP, WEIGHTS) == FULL_STEP


@pytest.mark.parametrize("step", [1e-3, np.float64(1e-3), np.float32(1e-3), 1, np.int64(2)])
def test_a_step_of_any_real_kind_is_a_float(step):
    chosen = checked_step(step, FULL_STEP, WEIGHTS)
    assert chosen == step
    assert type(chosen) is float


@pytest.mark.parametrize(
    ("step", "error"),
    [
        (0.0, InvalidArgument),
        (-1e-4, InvalidArgument),
        (math.nan, InvalidArgument),
        (math.inf, InvalidArgument),
        ("1e-4", InvalidType),
        (True, InvalidType),
        (1j, InvalidType),
        (np.array([1e-4]), InvalidType),
    ],
)
def test_what_is_no_step(step, error):
    message = (
        f"step={step!r} must be a positive finite number; leave it out to let fastcheck choose"
    )
    with pytest.raises(error, match=f"^{re.escape(message)}$"):
        checked_step(step, FULL_STEP, WEIGHTS)


@pytest.mark.parametrize(
    ("array", "step", "where"),
    [
        (np.array([[1.0, 2.0], [1e20, 1.0]]), 1e-4, "W[1, 0]=1e+20"),
        (np.array([-1e20]), 1e-4, "W[0]=-1e+20"),
        (np.array(1e20), 1e-4, "W=1e+20"),
        (np.array([0.0, 1.0]), 1e-17, "W[1]=1.0"),
        # A step is as small as the parameter's own dtype says.
        (np.array([2000.0], np.float32), 1e-5, "W[0]=2000.0"),
        (np.array([0.0], np.float32), 1e-50, "W[0]=0.0"),
        # Above a power of two the numbers are twice as far apart as below it.
        (np.array([1.0]), 2.0**-53, "W[0]=1.0"),
        (np.array([-1.0]), 2.0**-53, "W[0]=-1.0"),
    ],
)
def test_a_step_that_is_lost_beside_a_weight(array, step, where):
    message = f"step={step!r} is lost beside {where}, where w + h == w; take a larger step"
    with pytest.raises(InvalidArgument, match=f"^{re.escape(message)}$"):
        checked_step(step, FULL_STEP, {"v": np.zeros(3), "W": array})


def test_the_engines_own_step_may_be_lost_as_well():
    with pytest.raises(InvalidArgument, match=r"^step=0\.0001 is lost beside W\[0\]=4096\.0, "):
        checked_step(None, REFERENCE_STEP, {"W": np.array([4096.0], np.float32)})


@pytest.mark.parametrize("array", [np.array([1e3], np.float32), np.array([2.0**32 * FULL_STEP])])
def test_a_step_that_is_not_lost(array):
    assert checked_step(1e-4, FULL_STEP, {"W": array}) == 1e-4
    assert checked_step(None, FULL_STEP, {"W": array.astype(float)}) == FULL_STEP


def test_without_a_weight_nothing_is_lost():
    assert checked_step(1e-300, FULL_STEP, {"W": np.zeros((0, 3)), "v": np.zeros(2)}) == 1e-300
