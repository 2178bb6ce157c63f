"""MNIST digits: 1,000 are embedded, so that nothing needs a download; or torchvision's files.

Where digits come from (`_embedded`, `read_split`) is apart from what is made of them, so that
the same digits are the same figures from either.
"""

from __future__ import annotations

import os
from functools import cache
from importlib import resources
from typing import Any

import numpy as np
import numpy.typing as npt

from fastcheck.data.idx import decode_idx
from fastcheck.data.onehot import one_hot
from fastcheck.data.torch_digits import PREFIXES, read_split, torch_one_hot
from fastcheck.errors import InvalidArgument, check_integer, unknown_choice

__all__ = ["mnist"]

_CLASSES = 10
_DIVISORS = {"unit": 255.0, "raw": 1.0}


def mnist(
    n: int = 100,
    *,
    root: str | os.PathLike[str] | None = None,
    split: str = "train",
    scale: str = "unit",
    offset: int = 0,
    download: bool = False,
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return MNIST digits and their one-hot targets.

    Parameters
    ----------
    n : int
        Number of digits.
    root : str or path-like, optional
        The folder that contains ``MNIST/raw``, as ``torchvision.datasets.MNIST`` has it. By
        default the embedded digits: 1,000, 100 of each class, shuffled.
    split : {"train", "test"}
        Which of the two sets under `root`.
    scale : {"unit", "raw"}
        "unit" divides the pixels by 255, to [0, 1]; "raw" leaves them 0..255.
    offset : int
        Number of digits to skip first.
    download : bool
        Whether torchvision may fetch what is missing under `root`.

    Returns
    -------
    x : ndarray, shape (n, 784), float64
        Pixels, row by row. A fresh array.
    t : ndarray, shape (n, 10), float64
        One-hot targets. A fresh array.

    Raises
    ------
    InvalidType
        If `n` or `offset` is not an integer, `root` not a path or `download` not a bool.
    InvalidArgument
        If `n` < 1, `offset` < 0, or offset + n exceeds the digits there are; or if `split` or
        `download` is given without `root`.
    UnknownChoice
        If `scale` or `split` is none of its choices.
    MissingDependency
        If `root` is given and torchvision is not installed.
    DataError
        If files under `root` are missing or damaged; the message says which, and the remedy.

    Notes
    -----
    Source: Y. LeCun, L. Bottou, Y. Bengio, P. Haffner, "Gradient-based learning applied
    to document recognition", Proc. IEEE 86 (1998). Licence: see ``mnist/ORIGIN.md``.
    """
    if scale not in tuple(_DIVISORS):  # a dict would refuse what has no hash
        raise unknown_choice("scale", scale, _DIVISORS)
    if split not in tuple(PREFIXES):
        raise unknown_choice("split", split, PREFIXES)
    if root is None:
        _refuse_without_root(split, download)
        images, labels = _embedded()
    else:
        images, labels = read_split(root, split, download=download)
    chosen = _range(n, offset, len(images))
    x = _pixels(images[chosen], _DIVISORS[scale])
    if root is None:
        return x, one_hot(labels[chosen], _CLASSES, np.float64)
    return x, torch_one_hot(labels[chosen], _CLASSES)


def _refuse_without_root(split: str, download: object) -> None:
    # The default split says nothing; any other would silently be ignored.
    for name, value, default in (("split", split, "train"), ("download", download, False)):
        if value != default:
            raise InvalidArgument(
                f"{name}={value!r} must come with root, since the embedded digits have neither "
                f"splits nor a download; give root, or leave {name} out"
            )


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


def _pixels(images: npt.NDArray[Any], divisor: float) -> npt.NDArray[np.float64]:
    return images.reshape(len(images), -1).astype(np.float64) / divisor
