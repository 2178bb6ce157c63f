"""Softmax and cross entropy are recognised in every common spelling."""

from __future__ import annotations

import time

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fastcheck.program import evaluate, simplified
from fastcheck.program.peephole import fused

FUSED = "softmax_cross_entropy"
ROWS, CLASSES = 5, 4
LABELS = np.array([2, 0, 3, 3, 1])
ONE_HOT = np.eye(CLASSES)[LABELS]
SOFT = np.random.default_rng(3).random((ROWS, CLASSES))
SOME = np.array([4, 0, 2])


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


@pytest.fixture(scope="session")
def assert_recognised(names, are_equal, assert_the_same):
    def check(program):
        simple = simplified(program)
        assert names(simple).count(FUSED) == 1
        assert "log" not in names(simple)
        assert_the_same(program, simple)
        assert are_equal(simplified(simple), simple)
        return simple

    return check


@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(log_p=LOG_P, loss=LOSSES)
def test_any_spelling(recorded, log_p, loss, assert_recognised):
    assert_recognised(recorded(lambda z: loss(log_p(z))))


@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("shift", SHIFTS)
def test_every_spelling_of_the_logarithm(recorded, spelling, shift, assert_recognised, names):
    for column in COLUMNS.values():
        program = recorded(lambda z, c=column: -np.sum(ONE_HOT * spelling(z, SHIFTS[shift], c)))
        simple = assert_recognised(program)
        is_gone = shift not in KEPT or "put_back" in spelling.__name__
        assert names(simple)[:2] + names(simple)[-2:] == ["matmul", "add", FUSED, "sum"]
        assert (len(names(simple)) == 4) == is_gone


@pytest.mark.parametrize("picked", (PICKED | SEVERAL).keys() - {"minus"})
def test_elements_are_picked_from_the_ratio(recorded, picked, assert_recognised):
    pick = (PICKED | SEVERAL)[picked]
    assert_recognised(
        recorded(lambda z: -np.mean(np.log(pick(np.exp(z) / np.exp(z).sum(axis=1)[:, None]))))
    )


def targets_of(program):
    (operation,) = (item for item in program.operations if item.primitive.name == FUSED)
    return program.constants[operation.inputs[1]]


def test_no_sign_is_left_over(recorded, names):
    for sign, rest in ((-1, []), (1, ["negative"])):
        program = recorded(lambda z, sign=sign: np.sum(sign * ONE_HOT * ratio(z, *DEFAULT)))
        simple = simplified(program)
        assert names(simple) == ["matmul", "add", FUSED, "sum", *rest]
        np.testing.assert_array_equal(targets_of(simple), ONE_HOT)


def test_the_labels_become_one_hot(recorded, names):
    z_labels = recorded(lambda z: -np.sum(ratio(z, *DEFAULT)[np.arange(ROWS), LABELS]))
    z_dense = recorded(lambda z: -np.sum(ONE_HOT * ratio(z, *DEFAULT)))
    for program in (z_labels, z_dense):
        simple = simplified(program)
        (operation,) = (item for item in simple.operations if item.primitive.name == FUSED)
        np.testing.assert_array_equal(targets_of(simple), ONE_HOT)
        assert operation.source.filename.endswith("test_peephole_recognised.py")
        assert names(simple) == ["matmul", "add", FUSED, "sum"]


def test_scores_and_shifts_may_be_read_elsewhere(recorded, names, assert_the_same):
    def loss(z):
        c = z.max(axis=1, keepdims=True)
        return -np.sum(ONE_HOT * difference(z, lambda z: z - c, DEFAULT[1])) + np.sum(z**2 + c)

    simple = simplified(recorded(loss))
    assert names(simple).count(FUSED) == names(simple).count("max") == 1
    assert_the_same(recorded(loss), simple)


def test_two_losses_in_one(recorded, names, assert_the_same):
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


def test_row_by_row(recorded, names, assert_the_same):
    def loss(z):
        return sum(-ratio(z[i : i + 1], *DEFAULT)[0, LABELS[i]] for i in range(ROWS)) / ROWS

    program = recorded(loss)
    simple = simplified(program)
    assert names(simple).count(FUSED) == ROWS
    assert_the_same(program, simple)


def test_one_after_the_other(recorded, names, assert_the_same):
    # The scores of the second are losses of the first.
    def loss(z):
        rows = np.sum(SOFT * ratio(z, *DEFAULT), axis=1)
        again = -(rows[:4] / 2).reshape(2, 2)
        return -np.sum(np.array([[1.0, 0.0], [0.0, 1.0]]) * difference(again, *DEFAULT))

    program = recorded(loss)
    simple = simplified(program)
    assert names(simple).count(FUSED) == 2
    assert_the_same(program, simple)


def test_what_is_read_by_dead_operations_only(recorded, assert_recognised):
    # Kept by the layer for its backward, or looked at and thrown away.
    def loss(z):
        e = np.exp(z)
        p = e / e.sum(axis=1, keepdims=True)
        np.tanh(p)
        p.sum()
        return -np.sum(ONE_HOT * np.log(p))

    assert_recognised(recorded(loss))


def test_scores_far_apart_do_not_overflow(recorded):
    program = recorded(lambda z: -np.sum(ONE_HOT * difference(z, SHIFTS["none"], DEFAULT[1])))
    far = {name: 1e3 * array for name, array in program.base.items()}
    assert not np.isfinite(evaluate(program, far))
    shifted = recorded(lambda z: -np.sum(ONE_HOT * difference(z, *DEFAULT)))
    assert evaluate(simplified(program), far) == pytest.approx(evaluate(shifted, far), rel=1e-14)


def test_it_takes_a_fraction_of_a_millisecond(recorded):
    program = recorded(lambda z: -np.sum(ONE_HOT * difference(z, *DEFAULT)) / ROWS)
    seconds = []
    for _ in range(30):
        start = time.perf_counter()
        fused(program)
        seconds.append(time.perf_counter() - start)
    assert min(seconds) < 3e-4
