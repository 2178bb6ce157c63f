"""What only looks like softmax and cross entropy is left alone."""

from __future__ import annotations

import numpy as np
import pytest

import fastcheck
from fastcheck import nn
from fastcheck.program import simplified
from fastcheck.program.peephole import fused

ROWS, CLASSES = 5, 4
RNG = np.random.default_rng(3)
ONE_HOT = np.eye(CLASSES)[[2, 0, 3, 3, 1]]
SOFT = RNG.random((ROWS, CLASSES))


def ratio(z):
    e = np.exp(z - np.max(z, axis=1, keepdims=True))
    return np.log(e / np.sum(e, axis=1, keepdims=True))


def difference(z):
    shifted = z - np.max(z, axis=1, keepdims=True)
    return shifted - np.log(np.sum(np.exp(shifted), axis=1, keepdims=True))


def with_epsilon_in_the_log(z):
    return -np.sum(ONE_HOT * np.log(np.exp(ratio(z)) + 1e-7))


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
    lp = difference(z)
    return -np.sum(ONE_HOT * lp) + 0.1 * np.sum(lp**2)


def log_p_twice_over(z):
    lp = difference(z)
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
    terms = SOFT * difference(z)
    return -np.sum(terms) + np.max(terms)


def targets_move(z):
    return -np.sum(np.tanh(z) * difference(z))


def entropy(z):
    lp = difference(z)
    return -np.sum(np.exp(lp) * lp)


def summed_over_samples(z):
    return np.sum(np.sum(ONE_HOT * difference(z), axis=0) ** 2)


def not_summed(z):
    return np.max(SOFT * difference(z))


def two_picked_of_a_row(z):
    return np.sum(difference(z)[np.array([0, 0]), np.array([1, 2])] ** 2)


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
    return np.sum((np.ones((2, 1, 1)) * SOFT * difference(z)).max(axis=0))


def summed_over_more(z):
    return -np.sum(np.stack([SOFT, ONE_HOT]) * difference(z))


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
def test_a_near_miss_is_left_alone(recorded, loss, are_equal):
    program = recorded(loss)
    assert are_equal(simplified(program), program)
    assert fused(program) is program


@pytest.mark.parametrize("factor", [np.inf, np.nan])
def test_targets_that_are_not_finite_are_left_alone(writer, factor, are_equal):
    w = writer()
    z = w.parameter("z", [[1.0, 3.0], [2.0, 0.0]])
    norms = w.apply("log", w.apply("sum", w.apply("exp", z), axis=(1,), keepdims=True))
    terms = w.apply("multiply", w.apply("subtract", z, norms), w.constant(factor))
    program = w.program(w.apply("sum", terms, axis=(0, 1), keepdims=False))
    assert are_equal(simplified(program), program)


def test_the_clipped_loss_stays_as_it_is(names):
    net = nn.TwoLayerNet(6, 5, CLASSES, loss=nn.ClippedSoftmaxCrossEntropy())
    program = fastcheck.record(net, RNG.standard_normal((ROWS, 6)), ONE_HOT)
    assert "softmax_cross_entropy" not in names(program)


def test_without_fusing_nothing_rounds_differently(recorded, are_equal):
    program = recorded(lambda z: -np.sum(ONE_HOT * ratio(z)))
    assert are_equal(simplified(program, fuse=False), program)
