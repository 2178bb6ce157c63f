"""MNIST digits: 1,000 are embedded, so that nothing needs a download.

Where digits come from (`_embedded`) is apart from what is made of them (`_network_data`),
so that further sources need only yield the same two uint8 arrays.
"""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import Any

import numpy as np
import numpy.typing as npt

from fastcheck.data.idx import decode_idx
from fastcheck.data.onehot import one_hot
from fastcheck.errors import InvalidArgument, check_integer, unknown_choice

__all__ = ["mnist"]

_CLASSES = 10
_DIVISORS = {"unit": 255.0, "raw": 1.0}


def mnist(
    n: int = 100, *, scale: str = "unit", offset: int = 0
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return MNIST digits and their one-hot targets.

    Parameters
    ----------
    n : int
        Number of digits.
    scale : {"unit", "raw"}
        "unit" divides the pixels by 255, to [0, 1]; "raw" leaves them 0..255.
    offset : int
        Number of digits to skip first. 1,000 digits are embedded, 100 of each class,
        shuffled.

    Returns
    -------
    x : ndarray, shape (n, 784), float64
        Pixels, row by row. A fresh array.
    t : ndarray, shape (n, 10), float64
        One-hot targets. A fresh array.

    Raises
    ------
    InvalidType
        If `n` or `offset` is not an integer.
    InvalidArgument
        If `n` < 1, `offset` < 0 or offset + n > 1000.
    UnknownChoice
        If `scale` is none of its choices.

    Notes
    -----
    Source: Y. LeCun, L. Bottou, Y. Bengio, P. Haffner, "Gradient-based learning applied
    to document recognition", Proc. IEEE 86 (1998). Licence: see ``mnist/ORIGIN.md``.
    """
    if scale not in tuple(_DIVISORS):  # a dict would refuse what has no hash
        raise unknown_choice("scale", scale, _DIVISORS)
    images, labels = _embedded()
    chosen = _range(n, offset, len(images))
    return _network_data(images[chosen], labels[chosen], _DIVISORS[scale])


@cache
def _embedded() -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    """Return images (1000, 28, 28) and labels (1000,), uint8, shared and read-only."""
    folder = resources.files("fastcheck.data") / "mnist"

    def read(name: str) -> npt.NDArray[Any]:
        entries = decode_idx((folder / name).read_bytes(), name)
        entries.flags.writeable = False
        return entries

    return (
        read("digits-1000-images-idx3-ubyte.gz"),
        read("digits-1000-labels-idx1-ubyte.gz"),
    )


def _range(n: int, offset: int, available: int) -> slice:
    n = check_integer("n", n, minimum=1, remedy="ask for at least one digit")
    offset = check_integer("offset", offset, minimum=0, remedy="give 0 to start at the first digit")
    if offset >= available:
        raise InvalidArgument(
            f"offset={offset} must be less than the {available} digits there are; "
            f"give at most {available - 1}"
        )
    if offset + n > available:
        raise InvalidArgument(
            f"n={n} with offset={offset} must not go beyond the {available} digits "
            f"there are; give n <= {available - offset}"
        )
    return slice(offset, offset + n)


def _network_data(
    images: npt.NDArray[Any], labels: npt.NDArray[Any], divisor: float
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    x = images.reshape(len(images), -1).astype(np.float64) / divisor
    return x, one_hot(labels, _CLASSES, np.float64)
