"""Networks in plain vectorised NumPy, forward beside backward.

Layers and losses keep no state of a call, so several threads may share them, and nothing
that is given to them is ever modified.
"""

from fastcheck.nn.activations import LeakyRelu, Relu, Sigmoid, Softplus, Tanh
from fastcheck.nn.affine import Affine
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
    "LeakyRelu",
    "Loss",
    "MeanSquaredError",
    "Network",
    "Relu",
    "Sigmoid",
    "SoftmaxCrossEntropy",
    "Softplus",
    "Tanh",
    "TwoLayerNet",
]
