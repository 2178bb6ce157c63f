"""Networks in plain vectorised NumPy, forward beside backward.

Layers and losses keep no state of a call, so several threads may share them, and nothing
that is given to them is ever modified.
"""

from fastcheck.nn.layers import Affine, Relu, Tanh
from fastcheck.nn.losses import (
    ClippedSoftmaxCrossEntropy,
    MeanSquaredError,
    SoftmaxCrossEntropy,
)
from fastcheck.nn.network import Network
from fastcheck.nn.protocols import Layer, Loss
from fastcheck.nn.twolayer import TwoLayerNet

__all__ = [
    "Affine",
    "ClippedSoftmaxCrossEntropy",
    "Layer",
    "Loss",
    "MeanSquaredError",
    "Network",
    "Relu",
    "SoftmaxCrossEntropy",
    "Tanh",
    "TwoLayerNet",
]
