"""The error rules of choices, answers and rearrangements."""

import numpy as np
import pytest

from fastcheck.primitives.registry import PRIMITIVES


def test_a_dead_unit_is_exact_and_one_at_its_kink_in_doubt():
    z, dz = np.array([-1.0, -3e-3, 0.0, 3e-3, 1.0]), np.full(5, 2e-3)
    zero = np.zeros(())
    bound = PRIMITIVES["maximum"].error([z, zero], [dz, 0.0], np.maximum(z, 0), 2.0**-53)
    np.testing.assert_allclose(bound, [0, 0.5e-3, 2e-3, 2e-3, 2e-3])
    above = PRIMITIVES["greater"].error([z, zero], [dz, 0.0], z > 0, 0.0)
    np.testing.assert_array_equal(above, [0, 1, 1, 1, 0])
    sign = PRIMITIVES["sign"].error([z], [dz], np.sign(z), 2.0**-53)
    np.testing.assert_array_equal(sign, [0, 2, 1, 2, 0])
    for name in ("maximum", "minimum", "greater", "equal"):
        assert PRIMITIVES[name].error([z, zero], [0.0, 0.0], z, 2.0**-53) == 0.0


def test_a_choice_has_the_error_of_its_branch_and_in_doubt_the_distance_of_both():
    mask = np.array([1.0, 0.0, 1.0, 0.0])
    x, y = np.array([1.0, 2.0, 3.0, 4.0]), np.array(1.5)
    dx, dy = np.full(4, 0.125), np.array(0.25)
    rule = PRIMITIVES["where"].error
    result = np.where(mask, x, y)
    np.testing.assert_array_equal(
        rule([mask, x, y], [0.0, dx, dy], result, 2.0**-53), [0.125, 0.25, 0.125, 0.25]
    )
    doubt = np.array([1.0, 1.0, 0.0, 0.0])
    np.testing.assert_array_equal(
        rule([mask, x, y], [doubt, dx, dy], result, 2.0**-53), [0.5, 0.375, 0.125, 0.25]
    )
    assert rule([mask, x, y], [0.0, 0.0, 0.0], result, 2.0**-53) == 0.0
    assert rule([np.ones(()), x, y], [0.0, 0.0, dy], x, 2.0**-53).shape == (4,)


@pytest.mark.parametrize(
    ("name", "function"),
    [
        ("logical_and", np.logical_and),
        ("logical_or", np.logical_or),
        ("logical_xor", np.logical_xor),
    ],
)
def test_a_logical_answer_is_in_doubt_where_it_hangs_on_one_that_is(name, function):
    values = [(x, y, dx, dy) for x in (0, 1) for y in (0, 1) for dx in (0, 1) for dy in (0, 1)]
    for x, y, dx, dy in values:
        answers = {
            bool(function(a, b)) for a in ({0, 1} if dx else {x}) for b in ({0, 1} if dy else {y})
        }
        operands = [np.array([float(x)]), np.array([float(y)])]
        errors = [np.array([float(dx)]), np.array([float(dy)])]
        bound = PRIMITIVES[name].error(operands, errors, function(*operands), 0.0)
        assert bound == len(answers) - 1


def test_rearrangements_carry_the_errors_along():
    a, b = np.arange(6.0).reshape(2, 3), np.arange(2.0)
    da, db = 1 + a, 10 + b
    index = np.array([[5, 0], [7, 1]])
    result = np.concatenate([a.ravel(), b])[index]
    merge = PRIMITIVES["merge"].error
    np.testing.assert_array_equal(
        merge([a, b], [da, db], result, 0.1, index=index), [[6, 1], [11, 2]]
    )
    np.testing.assert_array_equal(
        merge([a, b], [0.0, db], result, 0.1, index=index), [[0, 0], [11, 0]]
    )
    assert merge([a, b], [0.0, 0.0], result, 0.1, index=index) == 0.0
    gather = PRIMITIVES["gather"].error
    np.testing.assert_array_equal(
        gather([a], [da], a.ravel()[[4, 0]], 0.1, index=np.array([4, 0])), [5, 1]
    )
    reshape = PRIMITIVES["reshape"].error
    np.testing.assert_array_equal(reshape([a], [da], a.ravel(), 0.1, shape=(6,)), da.ravel())
    assert reshape([a], [0.0], a.ravel(), 0.1, shape=(6,)) == 0.0
