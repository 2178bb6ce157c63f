"""Which pixel a row of a weight reads."""

from __future__ import annotations

from collections.abc import Container, Mapping
from math import isqrt
from typing import Any

# Digits of 8 by 8 are the smallest images in use; 9, 16 or 25 features are rarely any.
_LEAST_PIXELS = 64


def image_shape(
    x: Any, params: Mapping[str, tuple[int, ...]], checked: Container[str] | None = None
) -> tuple[int, int] | None:
    """Return (rows, columns) of the images in a batch, None where it seems to hold none.

    Parameters
    ----------
    x
        The batch. It holds images if it has two axes and a square number of columns, at least 64,
        which the first weight reads.
    params
        The shape of every parameter, in the model's order.
    checked
        Which of them are checked; None: all. Where the first weight is not, nothing in the report
        reads the images, though a later weight may have as many rows as they have pixels.
    """
    shape = tuple(getattr(x, "shape", ()))
    first = first_weight(params)
    if len(shape) != 2 or first is None or params[first][0] != shape[1]:
        return None
    if checked is not None and first not in checked:
        return None
    pixels = int(shape[1])
    side = isqrt(pixels)
    return (side, side) if pixels >= _LEAST_PIXELS and side * side == pixels else None


def first_weight(params: Mapping[str, tuple[int, ...]]) -> str | None:
    """Return the name of the first parameter with two axes, None where there is none."""
    return next((name for name, shape in params.items() if len(shape) == 2), None)


def pixel_of(index: tuple[int, ...], image: tuple[int, int]) -> tuple[int, int]:
    """Return (row, column) of the pixel that an element of the first weight is multiplied by."""
    row, column = divmod(index[0], image[1])
    return row, column
