"""A folder of MNIST as torchvision lays it out, made of embedded digits."""

import struct

import numpy as np
import pytest

from fastcheck.data import mnist

# Digits of each split, so that neither looks like the other: the embedded ones, cut here.
CUT, END = 60, 100


def write_idx(path, array):
    header = struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape)
    path.write_bytes(header + array.astype(np.uint8).tobytes())


@pytest.fixture
def torch_root(tmp_path):
    """The first 60 embedded digits as the training set, the next 40 as the test set."""
    raw = tmp_path / "MNIST" / "raw"
    raw.mkdir(parents=True)
    x, t = mnist(END, scale="raw")
    for prefix, part in (("train", slice(0, CUT)), ("t10k", slice(CUT, END))):
        write_idx(raw / f"{prefix}-images-idx3-ubyte", x[part].reshape(-1, 28, 28))
        write_idx(raw / f"{prefix}-labels-idx1-ubyte", t[part].argmax(axis=1))
    return tmp_path
