import gzip
import re
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from fastcheck.data import read_idx
from fastcheck.data.idx import decode_idx
from fastcheck.errors import DataError

CODES = {"uint8": 8, "int8": 9, "int16": 11, "int32": 12, "float32": 13, "float64": 14}


def encode(array):
    header = struct.pack(f">HBB{array.ndim}I", 0, CODES[array.dtype.name], array.ndim, *array.shape)
    return header + array.astype(array.dtype.newbyteorder(">")).tobytes()


VALID = encode(np.arange(6, dtype=np.uint8).reshape(2, 3))


@given(
    st.sampled_from(sorted(CODES)).flatmap(
        lambda name: hnp.arrays(name, hnp.array_shapes(max_dims=4, max_side=4))
    ),
    st.booleans(),
)
def test_what_was_encoded_is_decoded(array, compressed):
    content = encode(array)
    decoded = decode_idx(gzip.compress(content) if compressed else content, "x")
    assert decoded.dtype == array.dtype
    assert decoded.dtype.isnative
    assert decoded.flags.writeable
    np.testing.assert_array_equal(decoded, array)


@pytest.mark.parametrize("name", ["digits.gz", "digits"])
@pytest.mark.parametrize("compress", [bytes, gzip.compress])
def test_compression_is_seen_from_the_content_not_from_the_name(tmp_path, name, compress):
    path = tmp_path / name
    path.write_bytes(compress(VALID))
    for given_path in (path, str(path)):
        np.testing.assert_array_equal(read_idx(given_path), [[0, 1, 2], [3, 4, 5]])


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"", "starts with '', not with the 0000 of an IDX file"),
        (b"\0\0\x08", "starts with '000008', not with the 0000"),
        (b"PK\x03\x04", "starts with '504b0304', not with the 0000"),
        (b"\0\0\x0a\x01", "has dtype code 0x0a, none of 0x08, 0x09, 0x0b, 0x0c, 0x0d, 0x0e"),
        (b"\0\0\x08\x00", "has 0 axes, not 1 to 32"),
        (b"\0\0\x08\xff" + bytes(1020), "has 255 axes, not 1 to 32"),
        (VALID[:11], "has 11 bytes where its header alone takes 12"),
        (VALID[:-1], "has 17 bytes where its header promises 18"),
        (VALID + b"\0", "has 19 bytes where its header promises 18"),
        (b"\0\0\x08\x02" + bytes(4) + b"\xff" * 4, "has the shape (0, 4294967295), with an axis"),
        (b"\0\0\x08\x04" + b"\xff" * 16, "has 20 bytes where its header promises 3402823"),
        (gzip.compress(VALID)[:-9], "cannot be decompressed"),
        (gzip.compress(VALID) + b"more", "cannot be decompressed"),
        (b"\x1f\x8b" + bytes(20), "cannot be decompressed"),
        (gzip.compress(VALID)[:10] + b"\xff" * 20, "cannot be decompressed"),
    ],
)
def test_damage_is_named_with_the_file(tmp_path, content, fault):
    path = tmp_path / "damaged"
    path.write_bytes(content)
    expected = re.escape(f"path={str(path)!r} {fault}") + ".*; replace it with an intact IDX file$"
    with pytest.raises(DataError, match=f"^{expected}"):
        read_idx(path)


def test_a_missing_file_is_the_systems_error(tmp_path):
    with pytest.raises(FileNotFoundError, match="absent"):
        read_idx(tmp_path / "absent")
