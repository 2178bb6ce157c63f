import re

import numpy as np
import pytest

from fastcheck.data import mnist, one_hot
from fastcheck.errors import InvalidArgument, InvalidType, UnknownChoice


def test_default_is_a_batch_of_100_in_the_unit_interval():
    x, t = mnist()
    assert (x.shape, x.dtype) == ((100, 784), np.float64)
    assert (t.shape, t.dtype) == ((100, 10), np.float64)
    assert (x.min(), x.max()) == (0.0, 1.0)


def test_the_whole_sample_has_100_digits_of_each_class():
    x, t = mnist(1000)
    assert x.shape == (1000, 784)
    np.testing.assert_array_equal(t.sum(axis=0), np.full(10, 100.0))
    np.testing.assert_array_equal(t.sum(axis=1), np.ones(1000))


def test_pixels_and_labels_belong_together():
    x, t = mnist(1000)
    train, test = slice(0, 800), slice(800, 1000)
    means = t[train].T @ x[train] / t[train].sum(axis=0)[:, None]
    distances = ((x[test, None] - means) ** 2).sum(axis=2)
    assert np.mean(distances.argmin(axis=1) == t[test].argmax(axis=1)) > 0.7


def test_raw_pixels_are_the_integers_0_to_255():
    raw, _ = mnist(50, scale="raw")
    assert (raw.min(), raw.max()) == (0.0, 255.0)
    np.testing.assert_array_equal(raw, np.round(raw))
    np.testing.assert_array_equal(raw / 255, mnist(50)[0])


def test_offset_skips_digits():
    x, t = mnist(1000)
    for part, whole in zip(mnist(np.int64(300), offset=700), (x, t), strict=True):
        np.testing.assert_array_equal(part, whole[700:])


def test_what_is_handed_out_is_the_callers_own():
    x, t = mnist(5, scale="raw")
    before = x.copy(), t.copy()
    x[...], t[...] = -1, -1
    for again, kept in zip(mnist(5, scale="raw"), before, strict=True):
        np.testing.assert_array_equal(again, kept)


@pytest.mark.parametrize(
    ("n", "options", "error", "message"),
    [
        (0, {}, InvalidArgument, "n=0 must be an integer >= 1; ask for at least one digit"),
        (2.0, {}, InvalidType, "n=2.0 must be an integer >= 1; ask for at least one digit"),
        (
            1,
            {"offset": -1},
            InvalidArgument,
            "offset=-1 must be an integer >= 0; give 0 to start at the first digit",
        ),
        (
            1,
            {"offset": True},
            InvalidType,
            "offset=True must be an integer >= 0; give 0 to start at the first digit",
        ),
        (
            1,
            {"offset": 1000},
            InvalidArgument,
            "offset=1000 must be less than the 1000 digits there are; give at most 999",
        ),
        (
            1001,
            {},
            InvalidArgument,
            "n=1001 with offset=0 must not go beyond the 1000 digits there are; give n <= 1000",
        ),
        (
            200,
            {"offset": 900},
            InvalidArgument,
            "n=200 with offset=900 must not go beyond the 1000 digits there are; give n <= 100",
        ),
        (
            1,
            {"scale": "units"},
            UnknownChoice,
            "scale='units' is unknown; choose from 'unit', 'raw' (did you mean 'unit'?)",
        ),
        (1, {"scale": ["raw"]}, UnknownChoice, "scale=['raw'] is unknown; choose from"),
    ],
)
def test_arguments_that_cannot_be_used(n, options, error, message):
    with pytest.raises(error, match=f"^{re.escape(message)}"):
        mnist(n, **options)


@pytest.mark.parametrize("dtype", ["float64", np.float32, np.uint8])
def test_one_hot(dtype):
    result = one_hot(np.array([2, 0], np.uint8), 3, dtype)
    assert result.dtype == dtype
    np.testing.assert_array_equal(result, [[0, 0, 1], [1, 0, 0]])


def test_one_hot_takes_lists_and_none_at_all():
    np.testing.assert_array_equal(one_hot([1], 2), [[0.0, 1.0]])
    assert one_hot([], 4).shape == (0, 4)


@pytest.mark.parametrize(
    ("labels", "classes", "dtype", "error", "message"),
    [
        ([0, 3], 3, "f8", InvalidArgument, "labels[1]=3 must be within 0..2; correct the label"),
        ([-1], 3, "f8", InvalidArgument, "labels[0]=-1 must be within 0..2; correct the label"),
        ([[0]], 3, "f8", InvalidArgument, "labels.shape=(1, 1) must be (N,); flatten them"),
        ([0.0], 3, "f8", InvalidType, "labels.dtype=float64 must be an integer dtype; convert"),
        ([0], 0, "f8", InvalidArgument, "classes=0 must be an integer >= 1; give the number"),
        ([0], 3, "c16", InvalidType, "dtype='c16' must be a real dtype; give for example"),
        ([0], 3, "flaot", InvalidType, "dtype='flaot' must be a real dtype; give for example"),
    ],
)
def test_one_hot_refuses(labels, classes, dtype, error, message):
    with pytest.raises(error, match=f"^{re.escape(message)}"):
        one_hot(labels, classes, dtype)
