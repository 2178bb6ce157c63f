"""Hand-written networks as people write them, and what PyTorch says of their gradients."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from fastcheck.adapt.torch_program import autograd_gradient
from fastcheck.engine.incremental.gradient import incremental_gradient
from fastcheck.engine.result import NumericalGradient
from fastcheck.program import Program
from fastcheck.recording import record

SAMPLES, INPUTS, HIDDEN, CLASSES = 7, 12, 9, 4


@dataclass(frozen=True)
class Written:
    """A loss ``loss(p, x, t)``, the shapes of its parameters, and which inputs it wants."""

    loss: Callable[..., Any]
    shapes: dict[str, tuple[int, ...]]
    inputs: str


WRITTEN: dict[str, Written] = {}


def written(inputs: str = "rows", **shapes: tuple[int, ...]) -> Callable[..., Any]:
    def keep(loss: Callable[..., Any]) -> Callable[..., Any]:
        WRITTEN[loss.__name__] = Written(loss, shapes, inputs)
        return loss

    return keep


def cross_entropy(scores: Any, t: Any) -> Any:
    shifted = scores - scores.max(axis=1, keepdims=True)
    log_p = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return -np.sum(t * log_p) / scores.shape[0]


def sigmoid(z: Any) -> Any:
    return 1 / (1 + np.exp(-z))


W, V, B, C = (INPUTS, HIDDEN), (HIDDEN, CLASSES), (HIDDEN,), (CLASSES,)


@written(W=W, b=B)
def tied_weights(p: Any, x: Any, t: Any) -> Any:
    return np.mean((np.tanh(x @ p["W"] + p["b"]) @ p["W"].T - x) ** 2)


@written(W=W, V=V)
def centred_by_the_batch_mean(p: Any, x: Any, t: Any) -> Any:
    z = x @ p["W"]
    return cross_entropy(np.maximum(z - z.mean(axis=0), 0) @ p["V"], t)


@written(W=W, b=B, gamma=B, beta=B, V=V)
def batch_norm(p: Any, x: Any, t: Any) -> Any:
    z = x @ p["W"] + p["b"]
    centred = z - z.mean(axis=0)
    scaled = centred / np.sqrt((centred**2).mean(axis=0) + 1e-5)
    return cross_entropy(np.maximum(p["gamma"] * scaled + p["beta"], 0) @ p["V"], t)


@written(W=W, V=V)
def layer_norm(p: Any, x: Any, t: Any) -> Any:
    z = x @ p["W"]
    z = (z - z.mean(axis=1, keepdims=True)) / z.std(axis=1, keepdims=True)
    return cross_entropy(z @ p["V"], t)


def convolved(p: Any, x: Any) -> Any:
    samples, channels, height, width = x.shape
    rows, columns = height - 2, width - 2
    col = np.zeros((samples, channels, 3, 3, rows, columns))
    for i in range(3):
        for j in range(3):
            col[:, :, i, j] = x[:, :, i : i + rows, j : j + columns]
    col = col.transpose(0, 4, 5, 1, 2, 3).reshape(samples * rows * columns, -1)
    filters = p["W"].shape[0]
    maps = col @ p["W"].reshape(filters, -1).T + p["b"]
    return maps.reshape(samples, rows, columns, filters).transpose(0, 3, 1, 2)


@written("images", W=(3, 2, 3, 3), b=(3,), V=(27, CLASSES), c=C)
def convolution_and_pooling(p: Any, x: Any, t: Any) -> Any:
    maps = np.maximum(convolved(p, x), 0)
    pooled = maps.reshape(len(x), 3, 3, 2, 3, 2).max(axis=(3, 5))
    return cross_entropy(pooled.reshape(len(x), -1) @ p["V"] + p["c"], t)


@written("images", W=(3, 2, 3, 3), b=(3,), V=(27, CLASSES))
def convolution_and_pooling_by_im2col(p: Any, x: Any, t: Any) -> Any:
    maps = convolved(p, x)
    col = np.zeros((len(x), 3, 2, 2, 3, 3))
    for i in range(2):
        for j in range(2):
            col[:, :, i, j] = maps[:, :, i : i + 6 : 2, j : j + 6 : 2]
    col = col.transpose(0, 4, 5, 1, 2, 3).reshape(-1, 4)
    pooled = np.max(col, axis=1).reshape(len(x), 3, 3, 3).transpose(0, 3, 1, 2)
    return cross_entropy(np.maximum(pooled, 0).reshape(len(x), -1) @ p["V"], t)


@written("sequences", Wx=(6, HIDDEN), Wh=(HIDDEN, HIDDEN), b=B, V=V)
def rnn(p: Any, x: Any, t: Any) -> Any:
    h = np.zeros((len(x), HIDDEN))
    for step in range(x.shape[1]):
        h = np.tanh(x[:, step] @ p["Wx"] + h @ p["Wh"] + p["b"])
    return cross_entropy(h @ p["V"], t)


@written("sequences", Wx=(6, 20), Wh=(5, 20), b=(20,), V=(5, CLASSES))
def lstm(p: Any, x: Any, t: Any) -> Any:
    h, c = np.zeros((len(x), 5)), np.zeros((len(x), 5))
    for step in range(x.shape[1]):
        a = x[:, step] @ p["Wx"] + h @ p["Wh"] + p["b"]
        c = sigmoid(a[:, :5]) * c + np.tanh(a[:, 5:10]) * sigmoid(a[:, 10:15])
        h = sigmoid(a[:, 15:]) * np.tanh(c)
    return cross_entropy(h @ p["V"], t)


@written(W=W, V=V)
def over_the_root_of_its_variance(p: Any, x: Any, t: Any) -> Any:
    z = x @ p["W"]
    return cross_entropy(z / np.sqrt(z.var(axis=1, keepdims=True) + 1e-3) @ p["V"], t)


@written(W=W, b=B, V=V, c=C)
def l2_penalty(p: Any, x: Any, t: Any) -> Any:
    scores = np.maximum(x @ p["W"] + p["b"], 0) @ p["V"] + p["c"]
    return cross_entropy(scores, t) + 0.01 * (np.sum(p["W"] ** 2) + np.sum(p["V"] * p["V"]))


@written(W=W, V=V)
def l1_penalty(p: Any, x: Any, t: Any) -> Any:
    return cross_entropy(np.maximum(x @ p["W"], 0) @ p["V"], t) + 0.01 * np.abs(p["W"]).sum()


@written(W=(HIDDEN, INPUTS), V=(CLASSES, HIDDEN))
def samples_in_columns(p: Any, x: Any, t: Any) -> Any:
    return cross_entropy((p["V"] @ np.tanh(p["W"] @ x.T)).T, t)


@written("sequences", Q=(6, 5), K=(6, 5), U=(6, 5), V=(5, CLASSES))
def attention(p: Any, x: Any, t: Any) -> Any:
    q, k, u = (x @ p[name] for name in "QKU")
    scores = q @ k.transpose(0, 2, 1) / np.sqrt(5)
    powers = np.exp(scores - scores.max(axis=-1, keepdims=True))
    weights = powers / powers.sum(axis=-1, keepdims=True)
    return cross_entropy((weights @ u).mean(axis=1) @ p["V"], t)


@written("sequences", Q=(6, 5), K=(6, 5), V=(6, CLASSES))
def causal_attention(p: Any, x: Any, t: Any) -> Any:
    scores = (x @ p["Q"]) @ (x @ p["K"]).transpose(0, 2, 1)
    scores = scores + np.triu(np.full((5, 5), -np.inf), 1)
    powers = np.exp(scores - scores.max(axis=-1, keepdims=True))
    weights = powers / powers.sum(axis=-1, keepdims=True)
    return cross_entropy((weights @ x).mean(axis=1) @ p["V"], t)


@written(W=W, V=V)
def attention_over_the_batch(p: Any, x: Any, t: Any) -> Any:
    h = np.tanh(x @ p["W"])
    powers = np.exp(h @ h.T / HIDDEN)
    return cross_entropy(powers / powers.sum(axis=1, keepdims=True) @ h @ p["V"], t)


@written("numbers", E=(11, 5), V=(15, CLASSES))
def embedding(p: Any, x: Any, t: Any) -> Any:
    return cross_entropy(np.tanh(p["E"][x].reshape(len(x), -1)) @ p["V"], t)


@written(W=(INPUTS, CLASSES), b=C)
def hinge(p: Any, x: Any, t: Any) -> Any:
    scores = x @ p["W"] + p["b"]
    right = scores[np.arange(len(x)), t.argmax(axis=1)][:, None]
    return np.sum(np.maximum(0, scores - right + 1)) / len(x)


@written(W=W, V=V)
def masked(p: Any, x: Any, t: Any) -> Any:
    z = x @ p["W"]
    return cross_entropy((z * (z > 0)) @ p["V"], t)


@written(W=W, V=V)
def chosen_by_where(p: Any, x: Any, t: Any) -> Any:
    z = x @ p["W"]
    return cross_entropy(np.where(z > 0, z, 0.1 * z) @ p["V"], t)


@written(W=(INPUTS, 1), b=(1,))
def binary_cross_entropy(p: Any, x: Any, t: Any) -> Any:
    s = sigmoid(x @ p["W"] + p["b"])
    return -np.mean(t[:, :1] * np.log(s) + (1 - t[:, :1]) * np.log(1 - s))


@written(W=W, g=B, V=V)
def weight_normalisation(p: Any, x: Any, t: Any) -> Any:
    weights = p["g"] * p["W"] / np.sqrt((p["W"] ** 2).sum(axis=0))
    return cross_entropy(np.tanh(x @ weights) @ p["V"], t)


@written(W=W, V=V)
def power(p: Any, x: Any, t: Any) -> Any:
    return cross_entropy((np.abs(x @ p["W"]) + 0.1) ** 1.7 @ p["V"], t)


@written(W=W, V=V)
def logaddexp(p: Any, x: Any, t: Any) -> Any:
    return cross_entropy(np.logaddexp(0, x @ p["W"]) @ p["V"], t)


@written(W=W)
def siamese(p: Any, x: Any, t: Any) -> Any:
    return np.mean((np.tanh(x @ p["W"]) - np.tanh((x * x) @ p["W"])) ** 2)


@written(w=(5,))
def polynomial_with_scalars(p: Any, x: Any, t: Any) -> Any:
    w = p["w"]
    return np.sum((w[0] + w[1] * x + w[2] * x**2 - w[3] * np.exp(-x * w[4])) ** 2) / len(x)


@written("one row", W=W, b=B, V=V)
def a_batch_of_one(p: Any, x: Any, t: Any) -> Any:
    return cross_entropy(np.maximum(x @ p["W"] + p["b"], 0) @ p["V"], t)


@written(W=(INPUTS, 150), b=(150,), V=(150, 70), U=(70, CLASSES))
def wide_layers(p: Any, x: Any, t: Any) -> Any:
    hidden = np.maximum(np.tanh(x @ p["W"] + p["b"]) @ p["V"], 0)
    return cross_entropy(hidden @ p["U"], t)


@written(mu=(CLASSES, INPUTS), s=C)
def gaussians(p: Any, x: Any, t: Any) -> Any:
    distance = ((x[:, None, :] - p["mu"]) ** 2).sum(axis=2)
    return np.sum(t * (distance * np.exp(-2 * p["s"]) / 2 + INPUTS * p["s"])) / len(x)


@written(W=(INPUTS, INPUTS))
def the_same_square_weight_twice(p: Any, x: Any, t: Any) -> Any:
    return np.mean((np.tanh(x @ p["W"]) @ p["W"] - x) ** 2)


@written(W=W, V=V)
def a_unit_that_is_cut_away(p: Any, x: Any, t: Any) -> Any:
    # The last two columns of W move nothing.
    return cross_entropy(np.tanh(x @ p["W"])[:, :7] @ p["V"][:7], t)


@dataclass(frozen=True)
class Network:
    """A recorded loss, its gradient by PyTorch, and the model it came from."""

    model: Any
    x: Any
    t: Any
    program: Program
    expected: dict[str, NDArray[np.float64]]

    def differences(self, **options: Any) -> NumericalGradient:
        return incremental_gradient(self.program, names=list(self.program.parameters), **options)


def network_of(make_model: Any, name: str) -> Network:
    case = WRITTEN[name]
    rng = np.random.default_rng(1)
    rows = rng.standard_normal((SAMPLES, INPUTS)) * (rng.random((SAMPLES, INPUTS)) < 0.5)
    x = {
        "rows": rows,
        "one row": rows[:1],
        "images": rng.standard_normal((SAMPLES, 2, 8, 8)),
        "sequences": rng.standard_normal((SAMPLES, 5, 6)),
        "numbers": rng.integers(0, 11, (SAMPLES, 3)),
    }[case.inputs]
    t = np.eye(CLASSES)[rng.integers(0, CLASSES, len(x))]
    params = {key: 0.5 * rng.standard_normal(shape) for key, shape in case.shapes.items()}
    model = make_model(params, case.loss)
    program = record(model, x, t)
    return Network(model, x, t, program, autograd_gradient(program))


@pytest.fixture(params=WRITTEN)
def network(request: pytest.FixtureRequest, make_model: Any) -> Network:
    """Return each of the networks in turn."""
    return network_of(make_model, request.param)


@pytest.fixture(scope="session")
def network_named(make_model: Any) -> Callable[[str], Network]:
    """Return ``network_named(name)``."""
    return lambda name: network_of(make_model, name)
