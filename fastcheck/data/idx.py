"""IDX files, the format of MNIST: a header, then the entries, most significant first.

Source: Y. LeCun, C. Cortes, C. J. C. Burges, "The MNIST database", section "File
formats for the MNIST database".
"""

from __future__ import annotations

import gzip
import math
import os
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from fastcheck.errors import DataError

__all__ = ["decode_idx", "read_idx"]

_GZIP_MAGIC = b"\x1f\x8b"
_DTYPES = {0x08: "u1", 0x09: "i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
_MOST_AXES = 32  # NumPy 1 has no more; NumPy 2 has 64


def read_idx(path: str | os.PathLike[str]) -> npt.NDArray[Any]:
    """Read an IDX file, plain or compressed with gzip.

    Parameters
    ----------
    path : str or path-like
        The file. Compression is seen from its content, not from its name.

    Returns
    -------
    ndarray
        Shape and dtype as the header says (uint8, int8, int16, int32, float32 or
        float64), native byte order, writeable.

    Raises
    ------
    DataError
        If the file is damaged or is no IDX file.
    OSError
        If it cannot be read.
    """
    return decode_idx(Path(path).read_bytes(), os.fspath(path))


def decode_idx(content: bytes, path: str) -> npt.NDArray[Any]:
    """Turn the bytes of an IDX file into an array.

    Parameters
    ----------
    content : bytes
        The whole file, plain or compressed with gzip.
    path : str
        What the messages call it.

    Returns
    -------
    ndarray
        As `read_idx`.

    Raises
    ------
    DataError
        If `content` is damaged or is no IDX file.
    """
    content = _decompressed(content, path)
    dtype, shape, start = _header(content, path)
    expected = start + math.prod(shape) * dtype.itemsize
    if len(content) != expected:
        raise _damaged(path, f"has {len(content)} bytes where its header promises {expected}")
    entries = np.frombuffer(content, dtype, offset=start).reshape(shape)
    # astype copies: a view of `content` could not be written to.
    return entries.astype(dtype.newbyteorder("="))


def _decompressed(content: bytes, path: str) -> bytes:
    if not content.startswith(_GZIP_MAGIC):
        return content
    try:
        return gzip.decompress(content)
    except (OSError, EOFError, zlib.error) as error:
        raise _damaged(path, f"cannot be decompressed ({error})") from error


def _header(content: bytes, path: str) -> tuple[np.dtype[Any], tuple[int, ...], int]:
    """Return dtype, shape and the offset of the first entry.

    The header is 0, 0, dtype code, number of axes (a byte each), then the length of
    each axis as a big-endian uint32.
    """
    if len(content) < 4 or content[:2] != b"\0\0":
        raise _damaged(path, f"starts with {content[:4].hex()!r}, not with the 0000 of an IDX file")
    code, axes = content[2], content[3]
    if code not in _DTYPES:
        known = ", ".join(f"0x{known:02x}" for known in _DTYPES)
        raise _damaged(path, f"has dtype code 0x{code:02x}, none of {known}")
    if not 1 <= axes <= _MOST_AXES:
        raise _damaged(path, f"has {axes} axes, not 1 to {_MOST_AXES}")
    start = 4 + 4 * axes
    if len(content) < start:
        raise _damaged(path, f"has {len(content)} bytes where its header alone takes {start}")
    shape = struct.unpack_from(f">{axes}I", content, 4)
    if 0 in shape:
        raise _damaged(path, f"has the shape {shape}, with an axis of length 0")
    return np.dtype(_DTYPES[code]), shape, start


def _damaged(path: str, fault: str) -> DataError:
    return DataError(f"path={path!r} {fault}; replace it with an intact IDX file")
