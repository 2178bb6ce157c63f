import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp


def numbers(shape):
    return np.random.default_rng(1).standard_normal(shape)


@pytest.mark.parametrize(
    "index",
    [
        np.arange(12),
        np.arange(12).reshape(3, 4).T,
        np.arange(12).reshape(3, 4)[::-1, ::2],
        np.array(5),
        np.array([[3, 3], [0, 11]]),
        np.zeros((2, 3, 4), int),
        np.zeros((0, 3), int),
    ],
    ids=lambda index: f"{index.shape}",
)
def test_gather(apply, index):
    done = apply("gather", numbers((3, 4)), index=index)
    np.testing.assert_array_equal(done.result, done.expected)
    assert done.sides.size == 0


@given(
    st.integers(1, 30).flatmap(
        lambda size: st.tuples(
            st.just(size),
            hnp.arrays(
                np.int64,
                hnp.array_shapes(min_dims=0, min_side=0, max_side=4),
                elements=st.integers(0, size - 1),
            ),
        )
    )
)
def test_gather_by_any_index(apply, drawn):
    size, index = drawn
    done = apply("gather", numbers(size), index=index)
    np.testing.assert_array_equal(done.result, done.expected)


@given(st.integers(1, 8), st.integers(0, 8), st.data())
def test_merge_reads_the_second_after_the_first(apply, first, second, data):
    places = st.integers(0, first + second - 1)
    index = data.draw(hnp.arrays(np.int64, st.integers(0, 20), elements=places))
    a, b = np.arange(first), 100.0 + np.arange(second)
    done = apply("merge", a, b, index=index)
    np.testing.assert_array_equal(done.result, np.concatenate([a, b])[index])
    np.testing.assert_array_equal(done.result, done.expected)


def test_merge_into_any_shape(apply):
    index = np.arange(20).reshape(2, 5, 2)
    done = apply("merge", numbers((3, 4)), 7 + numbers((2, 4)), index=index)
    assert done.result.shape == (2, 5, 2)
    np.testing.assert_array_equal(done.result, done.expected)


@pytest.mark.parametrize("shape", [(12,), (2, 6), (1, 3, 4, 1), (3, 4)])
def test_reshape_moves_nothing(apply, shape):
    done = apply("reshape", numbers((3, 4)), shape=shape)
    np.testing.assert_array_equal(done.result, done.expected)
    assert done.codes == []


def test_special_numbers_move_like_any_other(apply):
    special = np.array([math.nan, math.inf, -0.0, 5e-324])
    done = apply("gather", special, index=np.array([2, 0, 3, 1]))
    assert done.result.tobytes() == special[[2, 0, 3, 1]].tobytes()
