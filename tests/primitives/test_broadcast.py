import numpy as np
import pytest

from fastcheck.primitives.arithmetic import ADD
from fastcheck.primitives.piecewise import MAXIMUM
from fastcheck.primitives.structure import GATHER


@pytest.mark.parametrize(
    ("left", "right", "codes"),
    [
        ((3, 4), (4,), [ADD]),
        ((3, 1), (1, 4), [ADD]),
        ((2, 3, 4), (2, 1, 1), [ADD]),
        # Only what is not yet of the result's shape is gathered.
        ((2, 3, 4), (1, 3, 1), [GATHER, ADD]),
        ((2, 1, 4), (2, 3, 4), [GATHER, ADD]),
        ((2, 1, 4), (1, 3, 1), [GATHER, GATHER, ADD]),
    ],
)
def test_a_gather_only_where_two_loops_do_not_suffice(apply, left, right, codes):
    assert apply("add", np.ones(left), np.ones(right)).codes == codes


@pytest.mark.parametrize(
    ("left", "right"), [((3, 4), (3, 4)), ((3, 1), (4,)), ((2, 3, 4), (1, 3, 1)), ((0, 3), (3,))]
)
def test_every_element_of_the_result_notes_its_switch(apply, left, right):
    done = apply("maximum", np.full(left, 2.0), np.ones(right))
    assert done.codes[-1] == MAXIMUM
    np.testing.assert_array_equal(done.sides, np.ones(done.expected.size))
    assert apply("add", np.ones(left), np.ones(right)).sides.size == 0
