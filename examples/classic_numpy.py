"""A two-layer network as one writes it from a textbook, checked with one line.

Nothing here knows of fastcheck: the layers remember what their backward needs, and the
network keeps its weights in a dict. Run it with ``python examples/classic_numpy.py``.
"""

from collections import OrderedDict

import numpy as np


class Affine:
    """out = x W + b."""

    def __init__(self, W, b):
        self.W = W
        self.b = b
        self.x = None
        self.dW = None
        self.db = None

    def forward(self, x):
        self.x = x
        return np.dot(x, self.W) + self.b

    def backward(self, dout):
        self.dW = np.dot(self.x.T, dout)
        self.db = np.sum(dout, axis=0)
        return np.dot(dout, self.W.T)


class Relu:
    """out = x where x > 0, else 0."""

    def __init__(self):
        self.mask = None

    def forward(self, x):
        self.mask = x <= 0
        out = x.copy()
        out[self.mask] = 0
        return out

    def backward(self, dout):
        dx = dout.copy()  # dout belongs to the caller
        dx[self.mask] = 0
        return dx


def softmax(scores):
    """Return probabilities, row by row; the shift keeps exp from overflowing."""
    powers = np.exp(scores - np.max(scores, axis=1, keepdims=True))
    return powers / np.sum(powers, axis=1, keepdims=True)


def labels_of(t):
    """Return class numbers, whether t is one-hot or holds them already."""
    return t if t.ndim == 1 else np.argmax(t, axis=1)


class SoftmaxWithLoss:
    """Softmax, then the mean cross entropy."""

    def __init__(self):
        self.y = None
        self.t = None

    def forward(self, x, t):
        self.y = softmax(x)
        self.t = labels_of(t)
        batch = x.shape[0]
        return -np.sum(np.log(self.y[np.arange(batch), self.t])) / batch

    def backward(self, dout=1):
        batch = self.y.shape[0]
        dx = self.y.copy()
        dx[np.arange(batch), self.t] -= 1
        return dout * dx / batch


class TwoLayerNet:
    """Affine1, Relu1, Affine2, SoftmaxWithLoss."""

    def __init__(self, input_size, hidden_size, output_size, weight_init_std=0.01, seed=0):
        rng = np.random.default_rng(seed)
        self.params = {
            "W1": weight_init_std * rng.standard_normal((input_size, hidden_size)),
            "b1": np.zeros(hidden_size),
            "W2": weight_init_std * rng.standard_normal((hidden_size, output_size)),
            "b2": np.zeros(output_size),
        }
        self.layers = OrderedDict()
        self.layers["Affine1"] = Affine(self.params["W1"], self.params["b1"])
        self.layers["Relu1"] = Relu()
        self.layers["Affine2"] = Affine(self.params["W2"], self.params["b2"])
        self.last_layer = SoftmaxWithLoss()

    def predict(self, x):
        for layer in self.layers.values():
            x = layer.forward(x)
        return x

    def loss(self, x, t):
        return self.last_layer.forward(self.predict(x), t)

    def accuracy(self, x, t):
        return np.mean(np.argmax(self.predict(x), axis=1) == labels_of(t))

    def gradient(self, x, t):
        self.loss(x, t)
        dout = self.last_layer.backward()
        for layer in reversed(self.layers.values()):
            dout = layer.backward(dout)
        first, second = self.layers["Affine1"], self.layers["Affine2"]
        return {"W1": first.dW, "b1": first.db, "W2": second.dW, "b2": second.db}


def build(batch=100, seed=0):
    """Return (model, x, t): the 784-50-10 network and a batch of MNIST digits."""
    from fastcheck.data import mnist

    x, t = mnist(batch)
    return TwoLayerNet(784, 50, 10, seed=seed), x, t


if __name__ == "__main__":
    import fastcheck

    print(fastcheck.gradcheck(*build()))
