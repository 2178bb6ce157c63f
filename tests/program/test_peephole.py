"""Softmax and cross entropy are recognised in every common spelling, and in nothing else."""

from __future__ import annotations

import time
from functools import partial

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import fastcheck
from fastcheck import nn
from fastcheck.program import evaluate, simplified
from fastcheck.program.peephole import fused
from fastcheck.recording import recorder

FUSED = "softmax_cross_entropy"
ROWS, CLASSES = 5, 4
RNG = np.random.default_rng(3)
X = RNG.standard_normal((ROWS, 3))
LABELS = np.array([2, 0, 3, 3, 1])
ONE_HOT = np.eye(CLASSES)[LABELS]
SOFT = RNG.random((ROWS, CLASSES))
SOME = np.array([4, 0, 2])


class Model:
    def __init__(self, loss, size=1.0):
        rng = np.random.default_rng(5)
        self.params = {
            "W": size * rng.standard_normal((3, CLASSES)),
            "b": size * rng.standard_normal(CLASSES),
        }
        self._loss = loss

    def loss(self, x, t):
        return self._loss(x @ self.params["W"] + self.params["b"])


@pytest.fixture(scope="module")
def recorded():
    """Return ``recorded(loss of the scores)``: the program as it is before the peephole."""

    def record(loss, size=1.0):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(recorder, "simplified", partial(simplified, fuse=False))
            return fastcheck.record(Model(loss, size), X, None)

    return record


def names(program):
    return [operation.primitive.name for operation in program.operations]


def are_equal(program, other):
    return (program.operations, program.values, program.output, program.constants.keys()) == (
        *(other.operations, other.values, other.output, other.constants.keys()),
    )


def points(program):
    """The recorded parameters, and others close to them and far from them."""
    rng = np.random.default_rng(6)
    yield program.base
    for size in (1e-3, 1.0, 10.0):
        yield {
            name: array + size * rng.standard_normal(array.shape)
            for name, array in program.base.items()
        }


def assert_the_same(program, simple):
    numbers = [operation.output for operation in simple.operations]
    assert len(set(numbers)) == len(numbers)
    known = set(simple.constants) | set(simple.parameters.values())
    for operation in simple.operations:
        assert known >= set(operation.inputs)
        known.add(operation.output)
        inputs = (np.zeros(simple.values[number].shape) for number in operation.inputs)
        with np.errstate(all="ignore"):
            result = operation.primitive.evaluate(*inputs, **operation.attributes)
        assert np.shape(result) == simple.values[operation.output].shape
    for parameters in points(program):
        before, after = evaluate(program, parameters), evaluate(simple, parameters)
        assert after == pytest.approx(before, rel=1e-14, abs=1e-14)


# How log p is spelled: a shift of the scores, the sum of exps as a column, and what is made of it.
SHIFTS = {
    "none": lambda z: z,
    "max": lambda z: z - np.max(z, axis=1, keepdims=True),
    "last": lambda z: z - z.max(axis=-1, keepdims=True),
    "column": lambda z: z - z.max(axis=1)[:, None],
    "reshape": lambda z: z - np.max(z, axis=1).reshape(-1, 1),
    # These are as good, but stay as they are.
    "largest": lambda z: z - np.max(z),
    "constant": lambda z: z - 1.5,
    "own": lambda z: z - np.arange(5.0).reshape(5, 1),
    "least": lambda z: z - z.min(axis=1, keepdims=True),
    "of others": lambda z: z - z[::-1].max(axis=1, keepdims=True),
}
KEPT = {"largest", "constant", "own", "least", "of others"}
COLUMNS = {
    "keepdims": lambda e: np.sum(e, axis=1, keepdims=True),
    "none": lambda e: e.sum(axis=1)[:, None],
    "reshape": lambda e: e.sum(-1).reshape(-1, 1),
    "newaxis": lambda e: np.sum(e, axis=-1)[:, np.newaxis],
}


DEFAULT = (SHIFTS["max"], COLUMNS["keepdims"])


def ratio(z, shift, column):
    e = np.exp(shift(z))
    return np.log(e / column(e))


def ratio_computed_twice(z, shift, column):
    return np.log(np.exp(shift(z)) / column(np.exp(shift(z))))


def difference(z, shift, column):
    shifted = shift(z)
    return shifted - np.log(column(np.exp(shifted)))


def difference_computed_twice(z, shift, column):
    return shift(z) - np.log(column(np.exp(shift(z))))


def difference_then_column(z, shift, column):
    shifted = shift(z)
    return shifted - np.log(np.sum(np.exp(shifted), axis=1))[:, None]


def shift_put_back(z, shift, column):
    c = z.max(axis=1, keepdims=True)
    return z - (np.log(column(np.exp(z - c))) + c)


def shift_put_back_in_rows(z, shift, column):
    c = np.max(z, axis=1)
    return z - (c + np.log(np.exp(z - c[:, None]).sum(axis=1)))[:, None]


SPELLINGS = [
    ratio,
    ratio_computed_twice,
    difference,
    difference_computed_twice,
    difference_then_column,
    shift_put_back,
    shift_put_back_in_rows,
]

# What is made of log p: first where rows are summed over classes, or one element of each is picked.
DENSE = {
    "times": lambda lp: ONE_HOT * lp,
    "times soft": lambda lp: lp * SOFT,
    "minus times": lambda lp: -ONE_HOT * lp,
    "times minus": lambda lp: SOFT * -lp,
    "minus product": lambda lp: -(SOFT * lp),
    "twice": lambda lp: SOFT * lp * np.arange(1.0, 5.0),
    "divided": lambda lp: lp * SOFT / ROWS,
    "sign": lambda lp: (SOFT - 0.4) * lp,
    "all": lambda lp: lp,
    "scaled": lambda lp: 0.25 * lp,
    "rows": lambda lp: lp * SOFT[:, :1] * ONE_HOT,
    "some rows": lambda lp: (ONE_HOT * lp)[SOME],
    "two of each": lambda lp: lp[:, 1:3] * SOFT[:, 1:3],
    "reversed": lambda lp: lp[::-1] * SOFT,
    "none of some": lambda lp: np.where(SOFT > 0.5, SOFT, 0.0) * lp,
}
PICKED = {
    "labels": lambda lp: lp[np.arange(ROWS), LABELS],
    "range": lambda lp: lp[range(ROWS), LABELS.tolist()],
    "minus": lambda lp: -lp[np.arange(ROWS), LABELS],
    "mask": lambda lp: lp[ONE_HOT == 1],
    "some": lambda lp: lp[SOME, LABELS[SOME]],
    "column": lambda lp: lp[np.arange(ROWS), LABELS][:, None],
    "take": lambda lp: np.take(lp, np.arange(ROWS) * CLASSES + LABELS),
    "class": lambda lp: lp[:, 2],
}
SEVERAL = {
    "repeated": lambda lp: lp[np.array([0, 0, 1, 4]), np.array([1, 1, 0, 3])],
    "two": lambda lp: lp[:2].reshape(-1)[:5],
}
BY_ROW = {
    "sum": lambda terms: terms.sum(axis=1),
    "keepdims": lambda terms: np.sum(terms, axis=-1, keepdims=True),
}
WEIGHTS = np.linspace(0.5, 2.0, ROWS)
FINISHES = {
    "minus sum": lambda rows: -np.sum(rows),
    "mean": np.mean,
    "minus mean": lambda rows: -rows.mean(),
    "mean of minus": lambda rows: np.mean(-rows),
    "divided": lambda rows: -np.sum(rows) / ROWS,
    "scaled": lambda rows: -(0.5 * np.sum(rows)),
    "each divided": lambda rows: -np.sum(rows / ROWS),
    "weighted": lambda rows: np.sum(rows.reshape(-1) * WEIGHTS[: rows.size]) * -1,
    "squared": lambda rows: np.sum(rows**2),
    "minus squared": lambda rows: -np.sum(rows**2),
    "minus a quotient": lambda rows: -(1.0 / np.sum(np.exp(0.01 * rows))),
}
# A result that is computed may be read twice; elements that are picked are then picked twice.
TWICE = {
    "twice": lambda rows: np.sum(rows) * 2 + np.sum(rows * rows),
    "penalised": lambda rows: -np.sum(rows) + np.max(rows),
}
ALTOGETHER = {
    "sum": np.sum,
    "minus": lambda terms: -terms.sum(),
    "mean": lambda terms: -np.mean(terms),
    "keepdims": lambda terms: -np.sum(terms, keepdims=True).reshape(()),
    "squared": lambda terms: np.sum(terms) ** 2,
    "minus squared": lambda terms: -(np.sum(terms) ** 2),
}


def any_of(table):
    return st.sampled_from(sorted(table)).map(table.__getitem__)


LOG_P = st.builds(
    lambda spelling, shift, column: lambda z: spelling(z, shift, column),
    st.sampled_from(SPELLINGS),
    any_of(SHIFTS),
    any_of(COLUMNS),
)
LOSSES = st.one_of(
    st.builds(
        lambda terms, by_row, finish: lambda lp: finish(by_row(terms(lp))),
        any_of(DENSE),
        any_of(BY_ROW),
        any_of(FINISHES | TWICE),
    ),
    st.builds(lambda rows, finish: lambda lp: finish(rows(lp)), any_of(PICKED), any_of(FINISHES)),
    st.builds(
        lambda terms, finish: lambda lp: finish(terms(lp)),
        any_of(DENSE | PICKED | SEVERAL),
        any_of(ALTOGETHER),
    ),
)


def assert_recognised(program):
    simple = simplified(program)
    assert names(simple).count(FUSED) == 1
    assert "log" not in names(simple)
    assert_the_same(program, simple)
    assert are_equal(simplified(simple), simple)
    return simple


@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(log_p=LOG_P, loss=LOSSES)
def test_any_spelling(recorded, log_p, loss):
    assert_recognised(recorded(lambda z: loss(log_p(z))))


@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("shift", SHIFTS)
def test_every_spelling_of_the_logarithm(recorded, spelling, shift):
    for column in COLUMNS.values():
        program = recorded(lambda z, c=column: -np.sum(ONE_HOT * spelling(z, SHIFTS[shift], c)))
        simple = assert_recognised(program)
        is_gone = shift not in KEPT or "put_back" in spelling.__name__
        assert names(simple)[:2] + names(simple)[-2:] == ["matmul", "add", FUSED, "sum"]
        assert (len(names(simple)) == 4) == is_gone


@pytest.mark.parametrize("picked", (PICKED | SEVERAL).keys() - {"minus"})
def test_elements_are_picked_from_the_ratio(recorded, picked):
    pick = (PICKED | SEVERAL)[picked]
    assert_recognised(
        recorded(lambda z: -np.mean(np.log(pick(np.exp(z) / np.exp(z).sum(axis=1)[:, None]))))
    )


def targets_of(program):
    (operation,) = (item for item in program.operations if item.primitive.name == FUSED)
    return program.constants[operation.inputs[1]]


def test_no_sign_is_left_over(recorded):
    for sign, rest in ((-1, []), (1, ["negative"])):
        program = recorded(lambda z, sign=sign: np.sum(sign * ONE_HOT * ratio(z, *DEFAULT)))
        simple = simplified(program)
        assert names(simple) == ["matmul", "add", FUSED, "sum", *rest]
        np.testing.assert_array_equal(targets_of(simple), ONE_HOT)


def test_the_labels_become_one_hot(recorded):
    z_labels = recorded(lambda z: -np.sum(ratio(z, *DEFAULT)[np.arange(ROWS), LABELS]))
    z_dense = recorded(lambda z: -np.sum(ONE_HOT * ratio(z, *DEFAULT)))
    for program in (z_labels, z_dense):
        simple = simplified(program)
        (operation,) = (item for item in simple.operations if item.primitive.name == FUSED)
        np.testing.assert_array_equal(targets_of(simple), ONE_HOT)
        assert operation.source.filename.endswith("test_peephole.py")
        assert names(simple) == ["matmul", "add", FUSED, "sum"]


def with_epsilon_in_the_log(z):
    return -np.sum(ONE_HOT * np.log(np.exp(ratio(z, *DEFAULT)) + 1e-7))


def epsilon_in_the_ratio(z):
    e = np.exp(z)
    return -np.sum(ONE_HOT * np.log(e / e.sum(axis=1, keepdims=True) + 1e-7))


def epsilon_in_the_sum(z):
    e = np.exp(z)
    return -np.sum(ONE_HOT * np.log(e / (e.sum(axis=1, keepdims=True) + 1e-7)))


def along_the_other_axis(z):
    e = np.exp(z)
    return -np.sum(ONE_HOT * np.log(e / e.sum(axis=0, keepdims=True)))


def along_the_other_axis_of_a_square(z):
    # The column's sums are broadcast along rows.
    e = np.exp(z[:CLASSES])
    return -np.sum(np.log(e / e.sum(axis=1)))


def along_both_axes(z):
    return -np.sum(ONE_HOT * np.log(np.exp(z) / np.exp(z).sum()))


def along_both_axes_by_difference(z):
    return -np.sum(ONE_HOT * (z - np.log(np.exp(z).sum())))


def norms_of_rows_by_column(z):
    square = z[:CLASSES]
    return -np.sum(square - np.log(np.exp(square).sum(axis=1)))


def shifts_of_rows_and_of_columns(z):
    square = z[:CLASSES] + 0.0
    c = square.max(axis=1)
    e = np.exp(square - c[:, None])
    return -np.sum(np.log(e / np.exp(square - c).sum(axis=1, keepdims=True)))


def other_rows(z):
    e, other = np.exp(z[::-1] + 0.0), np.exp(z[np.array([1, 0, 2, 3, 4])] + 0.0)
    return -np.sum(ONE_HOT * np.log(e / other.sum(axis=1, keepdims=True)))


def scores_with_other_norms(z):
    return -np.sum(ONE_HOT * (z[::-1] - np.log(np.exp(z).sum(axis=1, keepdims=True))))


def shifted_only_below(z):
    c = np.max(z, axis=1, keepdims=True)
    return -np.sum(ONE_HOT * (z - np.log(np.sum(np.exp(z - c), axis=1, keepdims=True))))


def shifted_only_above(z):
    c = np.max(z, axis=1, keepdims=True)
    return -np.sum(ONE_HOT * (z - c - np.log(np.sum(np.exp(z), axis=1, keepdims=True))))


def another_shift_put_back(z):
    c, least = z.max(axis=1, keepdims=True), z.min(axis=1, keepdims=True)
    return -np.sum(ONE_HOT * (z - (least + np.log(np.exp(z - c).sum(axis=1, keepdims=True)))))


def another_than_the_largest_put_back(z):
    c = z.min(axis=1, keepdims=True)
    return -np.sum(ONE_HOT * (z - (c + np.log(np.exp(z - c).sum(axis=1, keepdims=True)))))


def shift_put_back_twice(z):
    c = z.max(axis=1, keepdims=True)
    norm = np.log(np.exp(z - c).sum(axis=1, keepdims=True))
    return -np.sum(ONE_HOT * (z - (c + (c + norm))))


def shift_along_the_columns(z):
    # Not the same for all classes, so that it does not drop out of the exps' ratio.
    return -np.sum(ONE_HOT * (z - np.log(np.exp(z - z.max(axis=0)).sum(axis=1, keepdims=True))))


def norm_minus_scores_squared(z):
    return np.sum((z - np.log(np.exp(z).sum(axis=1, keepdims=True))) ** 2)


def norm_of_other_scores(z):
    return -np.sum(ONE_HOT * np.log(np.exp(z) / np.exp(2 * z).sum(axis=1, keepdims=True)))


def scaled_exponents(z):
    return -np.sum(ONE_HOT * np.log(2 * np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)))


def norms_are_divided(z):
    e = np.exp(z)
    return -np.sum(ONE_HOT * np.log(e.sum(axis=1, keepdims=True) / e))


def probabilities_are_read_elsewhere(z):
    e = np.exp(z)
    p = e / e.sum(axis=1, keepdims=True)
    return -np.sum(ONE_HOT * np.log(p)) + 0.1 * np.sum(p**2)


def log_p_is_read_elsewhere(z):
    lp = difference(z, *DEFAULT)
    return -np.sum(ONE_HOT * lp) + 0.1 * np.sum(lp**2)


def log_p_twice_over(z):
    lp = difference(z, *DEFAULT)
    return -np.sum(ONE_HOT * lp) - 0.1 * np.sum(lp)


def exps_are_read_elsewhere(z):
    e = np.exp(z)
    return -np.sum(ONE_HOT * (z - np.log(e.sum(axis=1, keepdims=True)))) + e[0, 0]


def norms_are_read_elsewhere(z):
    norm = np.log(np.exp(z).sum(axis=1, keepdims=True))
    return -np.sum(ONE_HOT * (z - norm)) + np.sum(norm**2)


def shifted_is_read_elsewhere(z):
    shifted = z - z.max(axis=1, keepdims=True)
    lp = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return -np.sum(ONE_HOT * lp) + np.sum(shifted**2)


def products_are_read_elsewhere(z):
    terms = SOFT * difference(z, *DEFAULT)
    return -np.sum(terms) + np.max(terms)


def targets_move(z):
    return -np.sum(np.tanh(z) * difference(z, *DEFAULT))


def entropy(z):
    lp = difference(z, *DEFAULT)
    return -np.sum(np.exp(lp) * lp)


def summed_over_samples(z):
    return np.sum(np.sum(ONE_HOT * difference(z, *DEFAULT), axis=0) ** 2)


def not_summed(z):
    return np.max(SOFT * difference(z, *DEFAULT))


def two_picked_of_a_row(z):
    return np.sum(difference(z, *DEFAULT)[np.array([0, 0]), np.array([1, 2])] ** 2)


def three_axes(z):
    cube = z.reshape(ROWS, 2, 2)
    return -np.sum(cube - np.log(np.exp(cube).sum(axis=1, keepdims=True)))


def one_axis(z):
    row = z[0]
    return -(row - np.log(np.exp(row).sum()))[2]


def added_norms(z):
    return -np.sum(ONE_HOT * (z + np.log(np.exp(z).sum(axis=1, keepdims=True))))


def reversed_difference(z):
    return np.sum(ONE_HOT * (np.log(np.exp(z).sum(axis=1, keepdims=True)) - z))


def broadcast_over_more(z):
    return np.sum((np.ones((2, 1, 1)) * SOFT * difference(z, *DEFAULT)).max(axis=0))


def summed_over_more(z):
    return -np.sum(np.stack([SOFT, ONE_HOT]) * difference(z, *DEFAULT))


def only_a_log(z):
    return np.sum(np.log(z**2 + 1))


def log_of_a_sum(z):
    return np.sum(np.log(np.sum(np.exp(z), axis=1)))


NEAR_MISSES = [
    with_epsilon_in_the_log,
    epsilon_in_the_ratio,
    epsilon_in_the_sum,
    along_the_other_axis,
    along_the_other_axis_of_a_square,
    along_both_axes,
    along_both_axes_by_difference,
    norms_of_rows_by_column,
    shifts_of_rows_and_of_columns,
    other_rows,
    scores_with_other_norms,
    shifted_only_below,
    shifted_only_above,
    another_shift_put_back,
    another_than_the_largest_put_back,
    shift_put_back_twice,
    shift_along_the_columns,
    norm_minus_scores_squared,
    norm_of_other_scores,
    scaled_exponents,
    norms_are_divided,
    probabilities_are_read_elsewhere,
    log_p_is_read_elsewhere,
    log_p_twice_over,
    exps_are_read_elsewhere,
    norms_are_read_elsewhere,
    shifted_is_read_elsewhere,
    products_are_read_elsewhere,
    targets_move,
    entropy,
    summed_over_samples,
    not_summed,
    two_picked_of_a_row,
    three_axes,
    one_axis,
    added_norms,
    reversed_difference,
    broadcast_over_more,
    summed_over_more,
    only_a_log,
    log_of_a_sum,
]


@pytest.mark.parametrize("loss", NEAR_MISSES)
def test_a_near_miss_is_left_alone(recorded, loss):
    program = recorded(loss)
    assert are_equal(simplified(program), program)
    assert fused(program) is program


def test_scores_and_shifts_may_be_read_elsewhere(recorded):
    def loss(z):
        c = z.max(axis=1, keepdims=True)
        return -np.sum(ONE_HOT * difference(z, lambda z: z - c, DEFAULT[1])) + np.sum(z**2 + c)

    simple = simplified(recorded(loss))
    assert names(simple).count(FUSED) == names(simple).count("max") == 1
    assert_the_same(recorded(loss), simple)


def test_two_losses_in_one(recorded):
    def loss(z):
        first = -np.mean(np.log(np.exp(ratio(z, *DEFAULT)) + 1e-3)[:, 1])
        return (
            first
            - np.sum(ONE_HOT * ratio(2 * z, *DEFAULT))
            - np.mean(SOFT * difference(z, *DEFAULT))
        )

    program = recorded(loss)
    simple = simplified(program)
    assert names(simple).count(FUSED) == 2
    assert_the_same(program, simple)


def test_row_by_row(recorded):
    def loss(z):
        return sum(-ratio(z[i : i + 1], *DEFAULT)[0, LABELS[i]] for i in range(ROWS)) / ROWS

    program = recorded(loss)
    simple = simplified(program)
    assert names(simple).count(FUSED) == ROWS
    assert_the_same(program, simple)


def test_one_after_the_other(recorded):
    # The scores of the second are losses of the first.
    def loss(z):
        rows = np.sum(SOFT * ratio(z, *DEFAULT), axis=1)
        again = -(rows[:4] / 2).reshape(2, 2)
        return -np.sum(np.array([[1.0, 0.0], [0.0, 1.0]]) * difference(again, *DEFAULT))

    program = recorded(loss)
    simple = simplified(program)
    assert names(simple).count(FUSED) == 2
    assert_the_same(program, simple)


def test_one_class_only(writer):
    w = writer()
    z = w.parameter("z", [[1.0], [2.0]])
    powers = w.apply("exp", z)
    norms = w.apply("log", w.apply("sum", powers, axis=(1,), keepdims=True))
    total = w.apply("sum", w.apply("subtract", z, norms), axis=(0, 1), keepdims=False)
    program = w.program(total)
    assert names(simplified(program)).count(FUSED) == 1
    assert_the_same(program, simplified(program))


@pytest.mark.parametrize("factor", [np.inf, np.nan])
def test_targets_that_are_not_finite_are_left_alone(writer, factor):
    w = writer()
    z = w.parameter("z", [[1.0, 3.0], [2.0, 0.0]])
    norms = w.apply("log", w.apply("sum", w.apply("exp", z), axis=(1,), keepdims=True))
    terms = w.apply("multiply", w.apply("subtract", z, norms), w.constant(factor))
    program = w.program(w.apply("sum", terms, axis=(0, 1), keepdims=False))
    assert are_equal(simplified(program), program)


def test_an_intermediate_that_is_the_loss_itself(writer):
    w = writer()
    z = w.parameter("z", [[1.0, 3.0]])
    norm = w.apply("log", w.apply("sum", w.apply("exp", z), axis=(1,), keepdims=True))
    picked = w.apply("gather", w.apply("subtract", z, norm), index=np.array(1))
    w.apply("negative", picked)
    program = w.program(picked)
    simple = simplified(program)
    assert names(simple) == [FUSED, "reshape", "negative"]
    assert simple.output == picked
    assert_the_same(program, simple)
    assert_the_same(program, fused(program))
    program = w.program(norm)
    assert simplified(program).operations == program.operations[:3]
    assert fused(program) is program


def test_what_is_read_by_dead_operations_only(recorded):
    # Kept by the layer for its backward, or looked at and thrown away.
    def loss(z):
        e = np.exp(z)
        p = e / e.sum(axis=1, keepdims=True)
        np.tanh(p)
        p.sum()
        return -np.sum(ONE_HOT * np.log(p))

    assert_recognised(recorded(loss))


@pytest.mark.parametrize("labels", [True, False])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_our_own_network(labels, dtype):
    layers = [nn.Affine(6, 5), nn.Relu(), nn.Affine(5, CLASSES)]
    net = nn.Network(layers, loss=nn.SoftmaxCrossEntropy(), dtype=dtype)
    x = RNG.standard_normal((ROWS, 6)).astype(dtype)
    program = fastcheck.record(net, x, LABELS if labels else ONE_HOT.astype(dtype))
    assert names(program)[-3:] == [FUSED, "sum", "divide"]
    assert {program.values[item.output].dtype for item in program.operations} == {np.dtype(dtype)}
    assert FUSED in repr(program)
    assert "losses.py" in repr(program).split(FUSED)[1].splitlines()[0]


def test_the_clipped_loss_stays_as_it_is():
    net = nn.TwoLayerNet(6, 5, CLASSES, loss=nn.ClippedSoftmaxCrossEntropy())
    program = fastcheck.record(net, RNG.standard_normal((ROWS, 6)), ONE_HOT)
    assert FUSED not in names(program)


def test_scores_far_apart_do_not_overflow(recorded):
    program = recorded(lambda z: -np.sum(ONE_HOT * difference(z, SHIFTS["none"], DEFAULT[1])))
    far = {name: 1e3 * array for name, array in program.base.items()}
    assert not np.isfinite(evaluate(program, far))
    shifted = recorded(lambda z: -np.sum(ONE_HOT * difference(z, *DEFAULT)))
    assert evaluate(simplified(program), far) == pytest.approx(evaluate(shifted, far), rel=1e-14)


def test_without_fusing_nothing_rounds_differently(recorded):
    program = recorded(lambda z: -np.sum(ONE_HOT * ratio(z, *DEFAULT)))
    assert are_equal(simplified(program, fuse=False), program)


def test_it_takes_a_fraction_of_a_millisecond(recorded):
    program = recorded(lambda z: -np.sum(ONE_HOT * difference(z, *DEFAULT)) / ROWS)
    seconds = []
    for _ in range(30):
        start = time.perf_counter()
        fused(program)
        seconds.append(time.perf_counter() - start)
    assert min(seconds) < 3e-4
