import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastcheck.primitives.registry import PRIMITIVES
from fastcheck.program import evaluate, simplified


def names(program):
    return [operation.primitive.name for operation in program.operations]


def rearranged(w, number, function):
    """Write what `function` does to an array, as the recorder would."""
    array = w.arrays[number]
    numbers = np.arange(array.size).reshape(array.shape)
    index = function(numbers)
    if index.size == array.size and (index.ravel() == numbers.ravel()).all():
        return w.apply("reshape", number, shape=index.shape)
    return w.apply("gather", number, index=index)


def summed(w, number):
    """Write a loss in which every element has its own weight."""
    size, shape = w.arrays[number].size, w.arrays[number].shape
    weights = w.constant(np.arange(1.0, size + 1).reshape(shape))
    product = w.apply("multiply", number, weights)
    return w.apply("sum", product, axis=tuple(range(len(shape))), keepdims=False)


def reverse(array):
    return array[::-1]


def transpose(array):
    return array.T


def every_other(array):
    return array[..., ::2]


def flat(array):
    return array.reshape(-1)


def column(array):
    return array.reshape(-1, 1)


def repeat(array):
    return np.repeat(array, 2, axis=0)


STEPS = [reverse, transpose, every_other, flat, column, repeat]


@given(st.lists(st.sampled_from(STEPS), max_size=7))
def test_a_chain_of_rearrangements_is_one(writer, steps):
    w = writer()
    number = w.parameter("w", np.random.default_rng(0).standard_normal((2, 3, 4)))
    for step in steps:
        number = rearranged(w, number, step)
    program = w.program(summed(w, number))
    simple = simplified(program)
    assert evaluate(simple, program.base) == evaluate(program, program.base)
    assert names(simple)[-2:] == ["multiply", "sum"]
    assert len(simple.operations) <= 3
    if set(steps) <= {flat, column}:
        assert "gather" not in names(simple)
    assert repr(simplified(simple)) == repr(simple)


@given(st.lists(st.tuples(st.integers(0, 6), st.sampled_from([*STEPS, None])), max_size=12))
def test_what_other_operations_read_stays_the_same(writer, choices):
    """Rearrangements of any earlier value, and sums of two where their shapes allow."""
    w = writer()
    made = [w.parameter("w", np.random.default_rng(0).standard_normal((2, 3)))]
    for choice, step in choices:
        chosen = made[choice % len(made)]
        if step is not None:
            made.append(rearranged(w, chosen, step))
        else:
            made.append(w.apply("add", chosen, chosen))
    total = summed(w, made[0])
    for number in made[1::2]:
        total = w.apply("add", total, summed(w, number))
    program = w.program(total)
    simple = simplified(program)
    assert evaluate(simple, program.base) == evaluate(program, program.base)
    assert len(simple.operations) <= len(program.operations)
    structural = {"gather", "reshape"}
    made_by = {operation.output: operation.primitive.name for operation in simple.operations}
    for operation in simple.operations:
        if operation.primitive.name in structural:
            assert made_by.get(operation.inputs[0]) not in structural


def test_gathers_of_a_gather_compose(writer):
    w = writer()
    a = w.parameter("a", np.arange(6.0))
    b = w.apply("gather", a, index=np.array([5, 4, 3]), line=1)
    c = w.apply("gather", b, index=np.array([[0, 2], [1, 1]]), line=2)
    simple = simplified(w.program(summed(w, c)))
    (gather,) = (op for op in simple.operations if op.primitive is PRIMITIVES["gather"])
    np.testing.assert_array_equal(gather.attributes["index"], [[5, 3], [4, 4]])
    assert gather.inputs == (a,)
    assert gather.output == c
    assert str(gather.source) == "model.py:2"


def test_a_gather_reads_through_a_reshape_and_is_reshaped(writer):
    w = writer()
    a = w.parameter("a", np.arange(6.0).reshape(2, 3))
    b = w.apply("reshape", a, shape=(6,))
    c = w.apply("gather", b, index=np.array([4, 1]))
    d = w.apply("reshape", c, shape=(1, 2))
    simple = simplified(w.program(summed(w, d)))
    assert names(simple) == ["gather", "multiply", "sum"]
    assert simple.operations[0].inputs == (a,)
    np.testing.assert_array_equal(simple.operations[0].attributes["index"], [[4, 1]])


def test_reshapes_there_and_back_vanish(writer):
    w = writer()
    a = w.parameter("a", np.ones((2, 3)))
    b = w.apply("reshape", a, shape=(6,))
    c = w.apply("reshape", b, shape=(3, 2))
    d = w.apply("reshape", c, shape=(2, 3))
    simple = simplified(w.program(summed(w, d)))
    assert names(simple) == ["multiply", "sum"]
    assert simple.operations[0].inputs[0] == a


def test_a_loss_that_is_only_reshaped_is_the_value_itself(writer):
    w = writer()
    a = w.parameter("a", 3.0)
    doubled = w.apply("add", a, a)
    one = w.apply("reshape", doubled, shape=(1,))
    loss = w.apply("reshape", one, shape=())
    simple = simplified(w.program(loss))
    assert names(simple) == ["add"]
    assert simple.output == doubled


def test_a_merge_is_read_but_not_composed(writer):
    w = writer()
    a = w.parameter("a", np.arange(3.0))
    b = w.apply("merge", a, w.constant([7.0]), index=np.arange(4))
    c = w.apply("gather", b, index=np.array([3, 0]))
    simple = simplified(w.program(summed(w, c)))
    assert names(simple) == ["merge", "gather", "multiply", "sum"]


@pytest.mark.parametrize("keeps", ["multiply", "maximum"])
def test_what_the_loss_does_not_need_is_dropped(writer, keeps):
    w = writer()
    a, unused = w.parameter("a", [1.0, 2.0]), w.parameter("unused", [1.0])
    kept = w.constant([3.0, 4.0])
    needed = w.apply(keeps, a, kept)
    dead = w.apply("exp", needed)
    w.apply("add", dead, w.constant([9.0, 9.0]))
    w.apply("negative", unused)
    total = w.apply("sum", needed, axis=(0,), keepdims=False)
    program = w.program(total)
    simple = simplified(program)
    assert names(simple) == [keeps, "sum"]
    assert set(simple.constants) == {kept}
    assert simple.parameters == program.parameters
    assert simple.base is program.base
    assert simple.values == program.values
    assert len(program.operations) == 5
