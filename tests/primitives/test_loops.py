import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from fastcheck.primitives.loops import fold_broadcast


def places_read(dims, operand):
    """The operand's element for each element of the result, as the two loops go through them."""
    outer, inner = dims[:2]
    outer_step, inner_step = dims[2 + 2 * operand : 4 + 2 * operand]
    return [i * outer_step + j * inner_step for i in range(outer) for j in range(inner)]


def places_meant(shape, operand):
    numbers = np.arange(np.prod(operand, dtype=int)).reshape(operand)
    return np.broadcast_to(numbers, shape).ravel().tolist()


def foldable(shape, operands):
    """Whether any two nested loops do it: every way to cut the result into equal rows is tried."""
    size = int(np.prod(shape))
    return any(
        all(is_regular(places_meant(shape, operand), inner) for operand in operands)
        for inner in range(1, size + 1)
        if size % inner == 0
    )


def is_regular(places, inner):
    rows = np.array(places).reshape(-1, inner)
    steps = np.diff(rows, axis=1)
    starts = np.diff(rows[:, 0])
    return len(set(steps.ravel())) <= 1 and set(steps.ravel()) <= {0, 1} and len(set(starts)) <= 1


broadcasts = st.integers(1, 3).flatmap(
    lambda count: hnp.mutually_broadcastable_shapes(
        num_shapes=count, min_side=0, max_side=4, max_dims=4
    )
)


@given(broadcasts)
@example(hnp.BroadcastableShapes(input_shapes=((2, 3, 4), (1, 3, 1)), result_shape=(2, 3, 4)))
@example(hnp.BroadcastableShapes(input_shapes=((3, 0, 1), (1, 1, 2)), result_shape=(3, 0, 2)))
def test_two_loops_read_what_broadcast_to_reads(drawn):
    dims = fold_broadcast(drawn.result_shape, drawn.input_shapes)
    if dims is None:
        assert not foldable(drawn.result_shape, drawn.input_shapes)
        return
    assert dims[0] * dims[1] == np.prod(drawn.result_shape)
    assert len(dims) == 2 + 2 * len(drawn.input_shapes)
    assert set(dims[3::2]) <= {0, 1}
    for number, operand in enumerate(drawn.input_shapes):
        assert places_read(dims, number) == places_meant(drawn.result_shape, operand)


@pytest.mark.parametrize(
    ("shape", "operands", "dims"),
    [
        ((), ((), ()), (1, 1, 0, 0, 0, 0)),
        ((3, 4), ((3, 4), (3, 4)), (1, 12, 0, 1, 0, 1)),
        ((3, 4), ((3, 4), ()), (1, 12, 0, 1, 0, 0)),
        ((3, 4), ((3, 4), (4,)), (3, 4, 4, 1, 0, 1)),
        ((3, 4), ((3, 4), (3, 1)), (3, 4, 4, 1, 1, 0)),
        ((3, 4), ((3, 1), (1, 4)), (3, 4, 1, 0, 0, 1)),
        ((2, 3, 4), ((2, 3, 4), (4,)), (6, 4, 4, 1, 0, 1)),
        ((2, 3, 4), ((2, 3, 4), (2, 1, 1)), (2, 12, 12, 1, 1, 0)),
        ((2, 3, 4), ((2, 3, 4), (3, 4)), (2, 12, 12, 1, 0, 1)),
        ((2, 3, 4), ((2, 3, 4), (1, 3, 1)), None),
        ((2, 3, 4), ((2, 3, 4), (2, 1, 4)), None),
        # Axes of length 1 are no loops.
        ((2, 1, 4, 1), ((2, 1, 4, 1), (2, 1, 1, 1)), (2, 4, 4, 1, 1, 0)),
    ],
)
def test_as_few_and_as_long_loops_as_possible(shape, operands, dims):
    assert fold_broadcast(shape, operands) == dims
