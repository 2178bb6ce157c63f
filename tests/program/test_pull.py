"""Ways back to single operands, against their matrices written out."""

from __future__ import annotations

import numpy as np
import pytest

from fastcheck.primitives.registry import PRIMITIVES
from fastcheck.program.program import Operation
from fastcheck.program.pull import pulls

U = 2.0**-53
RNG = np.random.default_rng(0)


def pulled(name, operands, errors=None, **attributes):
    """Return the ways back to the operands of one operation, and its result."""
    count = len(operands)
    operands = [np.asarray(operand, float) for operand in operands]
    operation = Operation(PRIMITIVES[name], tuple(range(count)), count, attributes, None)
    errors = [0.0] * count if errors is None else errors
    primitive = PRIMITIVES[name]
    with np.errstate(all="ignore"):
        result = np.asarray(primitive.evaluate(*operands, **attributes), float)
        error = primitive.error(operands, errors, result, U, **attributes)
        arrays = dict(enumerate([*operands, result]))
        bounds = dict(enumerate([*errors, error]))
        return pulls(operation, arrays, bounds, U, [True] * count), result


def matrix(name, operands, number, **attributes):
    """Return the matrix of what is linear in one operand, by unit vectors."""
    evaluate = PRIMITIVES[name].evaluate

    def result(array):
        given = [array if n == number else operand for n, operand in enumerate(operands)]
        return np.ravel(evaluate(*given, **attributes)).astype(float)

    shape = operands[number].shape
    none = result(np.zeros(shape))
    columns = []
    for index in np.ndindex(shape):
        unit = np.zeros(shape)
        unit[index] = 1.0
        columns.append(result(unit) - none)
    return np.array(columns).T


def check(apply, dense, shape, own):
    """Assert that a function applies the transpose of a matrix, whatever the adjoint."""
    for _ in range(3):
        adjoint = RNG.standard_normal(shape)
        given = apply(adjoint)
        assert given.shape == own
        expected = (dense.T @ adjoint.ravel()).reshape(own)
        np.testing.assert_allclose(given, expected, rtol=1e-13, atol=1e-13)


MATRICES = {
    "plain": ((3, 4), (4, 5)),
    "stacks": ((2, 3, 4), (2, 4, 5)),
    "a stack by one matrix": ((2, 3, 4), (4, 5)),
    "one matrix by a stack": ((3, 4), (2, 4, 5)),
    "both broadcast": ((2, 1, 3, 4), (1, 3, 4, 2)),
    "one column": ((3, 1), (1, 1)),
}


@pytest.mark.parametrize("shapes", MATRICES.values(), ids=MATRICES)
def test_both_factors_of_a_matrix_product(shapes):
    operands = [RNG.standard_normal(shape) for shape in shapes]
    errors = [RNG.random(shape) for shape in shapes]
    ways, result = pulled("matmul", operands, errors)
    sizes = [np.abs(operand) for operand in operands]
    for number, way in enumerate(ways):
        own = shapes[number]
        check(way.value, matrix("matmul", operands, number), result.shape, own)
        dense = matrix("matmul", sizes, number)
        check(way.size, dense, result.shape, own)
        check(way.uncancelled, dense, result.shape, own)
        check(way.error, matrix("matmul", errors, number), result.shape, own)
        assert way.kink is None
        assert way.rounded
        assert way.length == np.count_nonzero(dense, axis=0).max()
    # What is exact shakes nothing, and an error that is the same everywhere is spread.
    left, right = pulled("matmul", operands, [np.float64(1e-3), 0.0])[0]
    assert left.error is None
    full = [np.full(shape, 1e-3) for shape in shapes]
    check(right.error, matrix("matmul", full, 1), result.shape, shapes[1])


BROADCAST = {
    "same": ((3, 4), (3, 4)),
    "a bias": ((3, 4), (4,)),
    "a column": ((3, 1), (3, 4)),
    "a number": ((2, 3), ()),
    "both": ((3, 1), (1, 4)),
    "in front": ((1, 1, 3), (2, 4, 3)),
    "nothing to spread": ((1, 3), (3,)),
}


@pytest.mark.parametrize("name", ["add", "subtract", "multiply"])
@pytest.mark.parametrize("shapes", BROADCAST.values(), ids=BROADCAST)
def test_elementwise_with_broadcasting(name, shapes):
    operands = [RNG.standard_normal(shape) for shape in shapes]
    errors = [RNG.random(shape) for shape in shapes]
    ways, result = pulled(name, operands, errors)
    for number, way in enumerate(ways):
        dense, own = matrix(name, operands, number), shapes[number]
        check(way.value, dense, result.shape, own)
        check(way.size, np.abs(dense), result.shape, own)
        check(way.uncancelled, np.abs(dense), result.shape, own)
        assert way.kink is None
        assert way.length == np.count_nonzero(dense, axis=0).max()
        if name == "multiply":
            check(way.error, matrix(name, errors, number), result.shape, own)
            assert way.rounded
        else:
            assert way.error is None
            assert not way.rounded


@pytest.mark.parametrize("keepdims", [False, True])
@pytest.mark.parametrize("axis", [(0,), (1,), (2,), (0, 2), (0, 1, 2), ()])
def test_sums(axis, keepdims):
    a = RNG.standard_normal((2, 3, 4))
    (way,), result = pulled("sum", [a], axis=axis, keepdims=keepdims)
    dense = matrix("sum", [a], 0, axis=axis, keepdims=keepdims)
    for apply in (way.value, way.size, way.uncancelled):
        check(apply, dense, result.shape, a.shape)
    assert (way.error, way.kink, way.length, way.rounded) == (None, None, 1, False)


def test_rearrangements():
    a, b = RNG.standard_normal((2, 3)), RNG.standard_normal(4)
    repeats = np.array([[5, 0, 0], [0, 3, 5]])
    (way,), result = pulled("gather", [a], index=repeats)
    check(way.value, matrix("gather", [a], 0, index=repeats), result.shape, a.shape)
    assert (way.error, way.kink, way.length, way.rounded) == (None, None, 3, False)
    index = np.array([9, 0, 7, 7, 2])
    ways, result = pulled("merge", [a, b], index=index)
    for number, way in enumerate(ways):
        own = (a, b)[number].shape
        for apply in (way.value, way.size, way.uncancelled):
            check(apply, matrix("merge", [a, b], number, index=index), result.shape, own)
        assert way.length == 2
    (way,), result = pulled("reshape", [a], shape=(3, 2, 1))
    check(way.value, np.eye(6), result.shape, a.shape)
    assert (way.error, way.kink, way.length, way.rounded) == (None, None, 1, False)
    # An adjoint of nothing.
    (way,), result = pulled("gather", [a], index=np.zeros((0, 2), int))
    np.testing.assert_array_equal(way.value(np.zeros((0, 2))), np.zeros((2, 3)))


@pytest.mark.parametrize("keepdims", [False, True])
@pytest.mark.parametrize(("name", "sign"), [("max", 1.0), ("min", -1.0)])
def test_extremes_with_ties(name, sign, keepdims):
    a = sign * np.array([[1.0, 3.0, 3.0], [2.0, 0.0, -1.0]])
    (way,), result = pulled(name, [a], axis=(1,), keepdims=keepdims)
    values = np.array([[0, 0.5, 0.5], [1, 0, 0]])
    kinks = np.array([[0, 0.5, 0.5], [0, 0, 0]])
    adjoint = np.reshape([2.0, 3.0], result.shape)
    spread = np.array([[2.0], [3.0]])
    np.testing.assert_array_equal(way.value(adjoint), values * spread)
    np.testing.assert_array_equal(way.size(adjoint), values * spread)
    np.testing.assert_array_equal(way.kink(adjoint), kinks * spread)
    assert way.error is None
    assert way.length == 1


def test_a_curve_over_what_is_broadcast():
    x, y = RNG.standard_normal((3, 1)), 2 + RNG.random(4)
    ways, result = pulled("divide", [x, y], [0.0, 1e-9 * y])
    shape = result.shape
    by_x = np.einsum("ij,ik->ijk", np.broadcast_to(1 / y, shape), np.eye(3)).reshape(12, 3)
    by_y = np.einsum("ij,jk->ijk", -x / y**2, np.eye(4)).reshape(12, 4)
    for way, dense, own in zip(ways, (by_x, by_y), (x.shape, y.shape), strict=True):
        check(way.value, dense, shape, own)
        check(way.size, np.abs(dense), shape, own)
        assert way.rounded
        # Relative errors of 1e-9, once by x, twice by y.
        adjoint = np.ones(shape)
        share = way.error(adjoint) / way.size(adjoint)
        np.testing.assert_allclose(share, 1e-9 if dense is by_x else 2e-9, rtol=1e-3)
    assert [way.length for way in ways] == [4, 3]


def test_terms_that_cancel_within_a_slope():
    z = np.array([30.0, 0.5])
    (way,), _ = pulled("tanh", [z])
    slope = 1 - np.tanh(z) ** 2
    np.testing.assert_allclose(way.value(np.ones(2)), slope, atol=1e-15)
    np.testing.assert_allclose(way.size(np.ones(2)), slope, atol=1e-15)
    np.testing.assert_allclose(way.uncancelled(np.ones(2)), 1 + np.tanh(z) ** 2)
    scores, t = RNG.standard_normal((2, 3)), np.eye(3)[[0, 2]]
    (way, by_targets), _ = pulled("softmax_cross_entropy", [scores, t])
    p = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    adjoint = np.array([2.0, -1.0])
    np.testing.assert_allclose(way.value(adjoint), (p - t) * adjoint[:, None], rtol=1e-13)
    np.testing.assert_allclose(way.uncancelled(adjoint), (p + t) * adjoint[:, None], rtol=1e-13)
    np.testing.assert_allclose(by_targets.value(adjoint), -np.log(p) * adjoint[:, None], rtol=1e-13)
    assert way.length == 1


def test_only_what_is_wanted():
    operation = Operation(PRIMITIVES["matmul"], (0, 1), 2, {}, None)
    a, b = np.ones((2, 2)), np.ones((2, 2))
    arrays, errors = {0: a, 1: b, 2: a @ b}, {0: 0.0, 1: 0.0, 2: 0.0}
    left, right = pulls(operation, arrays, errors, U, [False, True])
    assert left is None
    assert right is not None
    operation = Operation(PRIMITIVES["merge"], (0, 1), 2, {"index": np.arange(2)}, None)
    left, right = pulls(operation, arrays, errors, U, [True, False])
    assert right is None
    operation = Operation(PRIMITIVES["multiply"], (0, 1), 2, {}, None)
    assert pulls(operation, arrays, errors, U, [False, False]) == [None, None]
