import numpy as np
import pytest

from fastcheck.primitives.base import FAMILY_SIZE, Primitive
from fastcheck.primitives.registry import FAMILIES, PRIMITIVES
from fastcheck.primitives.running_error import unknown_error

A = np.array([[0.5, 2.0, 3.0], [4.0, 0.25, 2.0]])
B = np.array([[2.0, 2.0, 0.0], [1.0, 3.0, -1.0]])

# An example of each, on which no two of them give the same.
EXAMPLES = {
    **{
        name: ((A, B), {})
        for name in (
            *("add", "subtract", "multiply", "divide", "power", "logaddexp"),
            *("maximum", "minimum", "greater", "greater_equal", "less", "less_equal"),
            *("equal", "not_equal"),
        )
    },
    **{
        name: (([0.0, 0.0, 1.0, 1.0], [0.0, 1.0, 0.0, 1.0]), {})
        for name in ("logical_and", "logical_or", "logical_xor")
    },
    **{
        name: ((A,), {})
        for name in (
            *("negative", "reciprocal", "square", "sqrt", "exp", "expm1", "log", "log1p", "tanh"),
        )
    },
    **{name: ((-A,), {}) for name in ("absolute", "sign")},
    "where": ((B > 0, A, B), {}),
    "matmul": ((A, B.T), {}),
    **{name: ((A,), {"axis": (1,), "keepdims": True}) for name in ("sum", "max", "min")},
    "gather": ((A,), {"index": np.array([5, 0])}),
    "merge": ((A, B), {"index": np.array([[5, 6], [11, 0]])}),
    "reshape": ((A,), {"shape": (3, 2)}),
    "softmax_cross_entropy": ((A, B), {}),
}


def test_every_primitive_has_an_example():
    assert set(EXAMPLES) == set(PRIMITIVES)


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_kernels_do_what_the_primitive_means(apply, name):
    inputs, attributes = EXAMPLES[name]
    done = apply(name, *inputs, **attributes)
    np.testing.assert_allclose(done.result, done.expected, rtol=1e-14)


def test_the_examples_tell_the_primitives_apart(apply):
    results = {}
    for name, (inputs, attributes) in EXAMPLES.items():
        expected = apply(name, *inputs, **attributes).expected
        results.setdefault((expected.shape, expected.round(6).tobytes()), []).append(name)
    assert [names for names in results.values() if len(names) > 1] == []


def test_a_code_belongs_to_one_primitive_and_tells_its_family():
    codes = [primitive.code for primitive in PRIMITIVES.values()]
    assert len(set(codes)) == len(codes)
    assert len({family.FAMILY for family in FAMILIES}) == len(FAMILIES)
    for family in FAMILIES:
        for primitive in family.PRIMITIVES:
            assert PRIMITIVES[primitive.name] is primitive
            assert primitive.code // FAMILY_SIZE == family.FAMILY


def test_nothing_is_promised_of_a_primitive_without_a_rule():
    bare = Primitive("bare", 0, np.add, lambda *_: None)
    assert bare.error is unknown_error
    np.testing.assert_array_equal(bare.error([], [], np.zeros((2, 1)), 0.1), [[np.inf], [np.inf]])


def test_every_primitive_has_a_rule():
    assert [name for name, item in PRIMITIVES.items() if item.error is unknown_error] == []
