import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from fastcheck import nn
from fastcheck.data import one_hot
from fastcheck.errors import InvalidArgument, InvalidType

N, C = 4, 3
LABELS = np.array([2, 0, 1, 2])
SOFT = np.array([[0.2, 0.3, 0.5], [0.1, 0.1, 0.1], [2.0, 0.0, 1.0], [0.0, 1.0, 0.0]])
TARGETS = {"labels": LABELS, "one-hot": one_hot(LABELS, C), "soft": SOFT}
EXACT = [
    nn.SoftmaxCrossEntropy(),
    nn.ClippedSoftmaxCrossEntropy(),
    nn.ClippedSoftmaxCrossEntropy(epsilon=0.1),
    nn.MeanSquaredError(),
]
INEXACT = nn.ClippedSoftmaxCrossEntropy(exact=False)
every_loss = pytest.mark.parametrize("loss", [*EXACT, INEXACT], ids=repr)
every_target = pytest.mark.parametrize("t", TARGETS.values(), ids=TARGETS)


def frozen(array):
    array = np.array(array)
    array.flags.writeable = False
    return array


def scores(dtype="float64"):
    return frozen(np.random.default_rng(5).standard_normal((N, C)).astype(dtype) * 2)


def differences(loss, z, t, step=1e-5):
    result = np.empty(z.shape)
    for index in np.ndindex(z.shape):
        d = np.zeros(z.shape)
        d[index] = step
        result[index] = (loss.loss(z + d, t) - loss.loss(z - d, t)) / (2 * step)
    return result


@pytest.mark.parametrize("loss", EXACT, ids=repr)
@every_target
def test_gradient_agrees_with_central_differences(loss, t):
    z = scores()
    np.testing.assert_allclose(loss.gradient(z, t), differences(loss, z, t), rtol=1e-7, atol=1e-9)


@every_target
def test_softmax_cross_entropy_is_its_formula(t):
    z = scores()
    p = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    dense = one_hot(t, C) if t.ndim == 1 else t
    expected = -np.sum(dense * np.log(p)) / N
    np.testing.assert_allclose(nn.SoftmaxCrossEntropy().loss(z, t), expected, rtol=1e-14)
    clipped = -np.sum(dense * np.log(p + 0.1)) / N
    loss = nn.ClippedSoftmaxCrossEntropy(epsilon=0.1)
    np.testing.assert_allclose(loss.loss(z, t), clipped, rtol=1e-14)


@every_target
def test_mean_squared_error_is_its_formula(t):
    z = scores()
    dense = one_hot(t, C) if t.ndim == 1 else t
    expected = np.sum((z - dense) ** 2) / (2 * N)
    np.testing.assert_allclose(nn.MeanSquaredError().loss(z, t), expected, rtol=1e-14)


def test_the_inexact_gradient_leaves_epsilon_out():
    z = scores()
    for t in TARGETS.values():
        exact = nn.SoftmaxCrossEntropy().gradient(z, t)
        np.testing.assert_array_equal(INEXACT.gradient(z, t), exact)
    error = np.abs(INEXACT.gradient(z, LABELS) - differences(INEXACT, z, LABELS)).max()
    clipped = np.abs(INEXACT.gradient(z, LABELS) - EXACT[1].gradient(z, LABELS)).max()
    assert 1e-9 < clipped < 1e-5
    assert error == pytest.approx(clipped, rel=1e-2)


@every_loss
def test_labels_and_one_hot_targets_mean_the_same(loss):
    z = scores()
    np.testing.assert_allclose(loss.loss(z, LABELS), loss.loss(z, TARGETS["one-hot"]), rtol=1e-15)
    np.testing.assert_array_equal(loss.gradient(z, LABELS), loss.gradient(z, TARGETS["one-hot"]))


@every_loss
@pytest.mark.parametrize("kind", ["int64", "uint8", "bool"])
def test_targets_of_any_real_dtype(loss, kind):
    z, t = scores(), TARGETS["one-hot"]
    assert loss.loss(z, t.astype(kind)) == loss.loss(z, t)
    if kind != "bool":
        assert loss.loss(z, LABELS.astype(kind)) == loss.loss(z, LABELS)
    assert loss.loss(z, t.tolist()) == loss.loss(z, t)


@every_loss
@every_target
def test_float32_stays_float32(loss, t):
    z = scores("float32")
    assert loss.loss(z, t).dtype == np.float32
    assert loss.gradient(z, t).dtype == np.float32
    assert loss.gradient(z, t).shape == (N, C)
    np.testing.assert_allclose(loss.loss(z, t), loss.loss(z.astype(float), t), rtol=1e-5)


@every_loss
@every_target
def test_nothing_given_is_modified(loss, t):
    z, t = scores(), frozen(t)
    kept = z.copy(), t.copy()
    loss.loss(z, t)
    loss.gradient(z, t)[...] = 0  # nor does the result share memory with them
    np.testing.assert_array_equal(z, kept[0])
    np.testing.assert_array_equal(t, kept[1])


@pytest.mark.parametrize("loss", [EXACT[0], EXACT[1]], ids=repr)
def test_huge_scores_do_not_overflow(loss):
    z = np.array([[1e5, 0.0, -1e5]])
    assert np.isfinite(loss.loss(z, np.array([2])))
    assert np.isfinite(loss.gradient(z, np.array([2]))).all()


def test_softmax_cross_entropy_of_a_hopeless_sample_is_exact():
    z = np.array([[1000.0, 0.0]])
    assert nn.SoftmaxCrossEntropy().loss(z, np.array([1])) == 1000.0


def test_a_matrix_is_taken_as_an_array():
    with pytest.warns(PendingDeprecationWarning):
        t = np.matrix(np.eye(3))
    z = scores()[:3]
    expected = nn.SoftmaxCrossEntropy().loss(z, np.eye(3))
    assert nn.SoftmaxCrossEntropy().loss(z, t) == expected


def batches(largest):
    shapes = st.tuples(st.integers(1, 5), st.integers(1, 5))
    return shapes.flatmap(
        lambda shape: st.tuples(
            hnp.arrays("float64", shape, elements=st.floats(-largest, largest)),
            hnp.arrays("int64", shape[0], elements=st.integers(0, shape[1] - 1)),
        )
    )


@given(batches(1e3))
def test_rows_of_the_softmax_gradient_sum_to_0(drawn):
    z, labels = drawn
    for loss in (*EXACT[:3], INEXACT):
        for t in (labels, one_hot(labels, z.shape[1])):
            rows = loss.gradient(z, t).sum(axis=1)
            np.testing.assert_allclose(rows, 0, atol=1e-15)


@given(batches(100), st.floats(-1e3, 1e3))
def test_shifting_the_scores_changes_no_softmax_loss(drawn, shift):
    z, labels = drawn
    for loss in EXACT[:3]:
        shifted = loss.loss(z + shift, labels)
        np.testing.assert_allclose(shifted, loss.loss(z, labels), rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize(
    ("epsilon", "error"), [(0, InvalidArgument), (-1.0, InvalidArgument), ("1", InvalidType)]
)
def test_epsilon_must_be_positive(epsilon, error):
    message = (
        f"epsilon={epsilon!r} must be a positive finite number; use SoftmaxCrossEntropy() for none"
    )
    with pytest.raises(error, match=f"^{re.escape(message)}$"):
        nn.ClippedSoftmaxCrossEntropy(epsilon=epsilon)


def test_a_numpy_epsilon_does_not_promote_float32():
    loss = nn.ClippedSoftmaxCrossEntropy(epsilon=np.float64(1e-7))
    assert loss.loss(scores("float32"), LABELS).dtype == np.float32


@every_loss
@pytest.mark.parametrize(
    ("z", "t", "error", "message"),
    [
        (np.ones(3), LABELS, InvalidArgument, "z.shape=(3,) must be (N, C) with N, C >= 1; give"),
        (
            np.ones((0, 3)),
            LABELS,
            InvalidArgument,
            "z.shape=(0, 3) must be (N, C) with N, C >= 1; give",
        ),
        (
            np.ones((N, C), complex),
            LABELS,
            InvalidType,
            "z.dtype=complex128 must be a real dtype; convert z, e.g. with z.astype(float)",
        ),
        (
            np.ones((N, C)),
            LABELS[:3],
            InvalidArgument,
            "t.shape=(3,) must be (4,) for labels or (4, 3) for one-hot or soft targets",
        ),
        (
            np.ones((N, C)),
            np.ones((N, C + 1)),
            InvalidArgument,
            "t.shape=(4, 4) must be (4,) for labels or (4, 3) for one-hot or soft targets",
        ),
        (
            np.ones((N, C)),
            LABELS.astype(float),
            InvalidType,
            "t.dtype=float64 must be an integer dtype for labels; convert them with t.astype(int)",
        ),
        (
            np.ones((N, C)),
            LABELS + 1,
            InvalidArgument,
            "t[0]=3 must be within 0..2; correct the label or give the network more than 3 outputs",
        ),
        (
            np.ones((N, C)),
            -LABELS,
            InvalidArgument,
            "t[0]=-2 must be within 0..2; correct the label",
        ),
        (
            np.ones((N, C)),
            ["a", "b", "c", "d"],
            InvalidType,
            "t.dtype=<U1 must be a real dtype; convert t",
        ),
        (
            np.ones((N, C)),
            [[1, 0, 0], [1]],
            InvalidArgument,
            "t=[[1, 0, 0], [1]] must be an array, but its rows differ in shape; give rows of equal",
        ),
    ],
)
def test_arguments_that_cannot_be_used(loss, z, t, error, message):
    for call in (loss.loss, loss.gradient):
        with pytest.raises(error, match=f"^{re.escape(message)}"):
            call(z, t)
