"""Data to check networks on: MNIST digits, IDX files, one-hot targets."""

from fastcheck.data.digits import mnist
from fastcheck.data.idx import read_idx
from fastcheck.data.onehot import one_hot

__all__ = ["mnist", "one_hot", "read_idx"]
