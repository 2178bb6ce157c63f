"""Which pixel a weight reads."""

from __future__ import annotations

import numpy as np
import pytest

from fastcheck.report.image import first_weight, image_shape, pixel_of


@pytest.mark.parametrize(
    ("x", "params", "expected"),
    [
        (np.zeros((5, 784)), {"W1": (784, 50), "b1": (50,)}, (28, 28)),
        (np.zeros((5, 64)), {"b0": (64,), "W1": (64, 3)}, (8, 8)),
        (np.zeros((5, 49)), {"W1": (49, 3)}, None),  # too small to be images
        (np.zeros((5, 783)), {"W1": (783, 3)}, None),  # no square
        (np.zeros((5, 784)), {"W1": (785, 3)}, None),  # the weight reads something else
        (np.zeros((5, 784)), {"W1": (50, 784)}, None),
        (np.zeros((5, 784)), {"W1": (20, 3), "W2": (784, 3)}, None),
        (np.zeros((5, 784)), {"b1": (784,)}, None),
        (np.zeros((5, 28, 28)), {"W1": (784, 3)}, None),
        ([[0.0] * 784], {"W1": (784, 3)}, None),
        (None, {"W1": (784, 3)}, None),
        (np.zeros((5, 784)), {}, None),
    ],
)
def test_image_shape(x, params, expected):
    assert image_shape(x, params) == expected


def test_no_images_where_the_weight_that_reads_them_is_not_checked():
    x = np.zeros((5, 64))
    # A hidden layer as wide as the images: W2 has as many rows, and reads no pixels.
    params = {"W1": (64, 64), "b1": (64,), "W2": (64, 3)}
    assert image_shape(x, params, {"W1", "W2"}) == (8, 8)
    assert image_shape(x, params, {"W2"}) is None
    assert image_shape(x, params, ()) is None


def test_first_weight():
    assert first_weight({"b": (3,), "W": (2, 3), "V": (3, 2)}) == "W"
    assert first_weight({"b": (3,)}) is None


def test_pixel_of_an_index():
    assert pixel_of((405, 7), (28, 28)) == (14, 13)
    assert pixel_of((5, 0), (2, 3)) == (1, 2)
