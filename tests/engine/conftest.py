"""Small models that between them use every primitive, and the example's network."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from fastcheck.program import Program, evaluate
from fastcheck.recording import record

ROOT = Path(__file__).resolve().parents[2]


class Model:
    """Any loss of some parameters, as a model."""

    def __init__(self, params: dict[str, Any], loss: Callable[..., Any]) -> None:
        self.params = {
            name: array if isinstance(array, np.ndarray) else np.array(array, np.float64)
            for name, array in params.items()
        }
        self._loss = loss

    def loss(self, x: Any, t: Any) -> Any:
        return self._loss(self.params, x, t)


@pytest.fixture(scope="session")
def make_model() -> type[Model]:
    """Return ``make_model(params, loss)``, where the loss is called as ``loss(params, x, t)``."""
    return Model


def relu_and_cross_entropy(p: Any, x: Any, t: Any) -> Any:
    hidden = np.maximum(x @ p["W"] + p["b"], 0)
    scores = hidden @ p["V"] + p["c"]
    shifted = scores - np.max(scores, axis=1, keepdims=True)
    log_p = shifted - np.log(np.sum(np.exp(shifted), axis=1, keepdims=True))
    return -np.mean(log_p[np.arange(len(x)), t])


def convolution_and_pooling(p: Any, x: Any, t: Any) -> Any:
    windows = [x[:, i : i + 4, j : j + 4] for i in range(3) for j in range(3)]
    maps = np.stack(windows, axis=-1) @ p["K"] + p["k"]
    pooled = np.max(maps.reshape(len(x), 2, 2, 2, 2, -1), axis=(2, 4))
    return np.sum((pooled.reshape(len(x), -1) @ p["V"] - t) ** 2) / len(x)


def batch_normalisation(p: Any, x: Any, t: Any) -> Any:
    z = x @ p["W"]
    centred = z - np.mean(z, axis=0)
    scaled = centred / np.sqrt(np.mean(centred**2, axis=0) + 1e-3)
    return np.sum(np.tanh(scaled * p["gamma"] + p["beta"]) * t)


def attention(p: Any, x: Any, t: Any) -> Any:
    q, k, v = (x @ p[name] for name in "QKV")
    scores = q @ k.transpose(0, 2, 1) / 2
    weights = np.exp(scores - np.max(scores, axis=-1, keepdims=True))
    weights = weights / np.sum(weights, axis=-1, keepdims=True)
    return np.sum((weights @ v - t) ** 2)


def many_functions(p: Any, x: Any, t: Any) -> Any:
    z = x @ p["W"]
    gate = 1 / (1 + np.exp(-z))
    positive = np.abs(z) + p["s"]
    terms = [
        np.log1p(positive) * gate,
        np.expm1(-positive),
        np.where(z > 0.3, z, p["s"] * z),
        np.clip(z, -0.5, 0.5) ** 3,
        positive**1.5 - np.sqrt(positive),
        np.minimum(z, p["s"]) * np.sign(z),
        np.log(positive) * ((z > -1) & (z < 1)),
        z * ((z <= -0.1) ^ (z >= 0.2)),
        (z != 0) * z + (z == 0),
        np.reciprocal(positive) * -z,
    ]
    return sum(np.sum(term * (n + 1)) for n, term in enumerate(terms)) + np.min(z) * np.sum(t)


def written_in_place(p: Any, x: Any, t: Any) -> Any:
    state = np.zeros((len(x), 4))
    state[:, 1:3] = x[:, :2] * p["a"]
    state[:, 3] = p["a"][0] * p["a"][1]
    state = np.concatenate([state, state[:, ::-1] * 2], axis=1)
    state[state > 2] = 0.5
    return np.sum(state * t)


def outer_sums(p: Any, x: Any, t: Any) -> Any:
    # A broadcast of three operands along three axes, which two loops cannot do.
    cube = p["a"][:, None, None] * p["b"][None, :, None] + p["c"]
    return np.sum(np.square(cube - cube.mean(axis=(0, 2), keepdims=True)) * x) + cube.max() * t


def the_same_weights_twice(p: Any, x: Any, t: Any) -> Any:
    return np.mean((np.tanh(x @ p["W"]) @ p["W"].T - t) ** 2)


def nothing_in_between(p: Any, x: Any, t: Any) -> Any:
    # Values without elements have places of their own, too.
    return np.sum(p["none"] * p["w"]) + np.sum(np.exp(p["w"][:0])) + np.sum(p["w"] ** 2)


def the_parameter_itself(p: Any, x: Any, t: Any) -> Any:
    return p["w"]


def _models() -> dict[str, tuple[Model, Any, Any]]:
    rng = np.random.default_rng(7)

    def normal(*shape: int) -> NDArray[np.float64]:
        return rng.standard_normal(shape)

    sparse = normal(6, 8) * (rng.random((6, 8)) < 0.4)
    shared = normal(4, 3)
    return {
        "relu and cross entropy": (
            Model(
                {"W": normal(8, 5), "b": normal(5), "V": normal(5, 3), "c": normal(3)},
                relu_and_cross_entropy,
            ),
            sparse,
            np.array([0, 2, 1, 1, 0, 2]),
        ),
        "convolution and pooling": (
            Model({"K": normal(9, 3), "k": normal(3), "V": normal(12, 2)}, convolution_and_pooling),
            normal(2, 6, 6),
            normal(2, 2),
        ),
        "batch normalisation": (
            Model({"W": normal(3, 4), "gamma": normal(4), "beta": normal(4)}, batch_normalisation),
            normal(5, 3),
            normal(5, 4),
        ),
        "attention": (
            Model({name: normal(3, 4) for name in "QKV"}, attention),
            normal(2, 5, 3),
            normal(2, 5, 4),
        ),
        "many functions": (
            Model({"W": normal(3, 4), "s": 0.7}, many_functions),
            normal(5, 3),
            normal(2),
        ),
        "written in place": (
            Model({"a": [0.8, -1.1]}, written_in_place),
            normal(3, 2),
            normal(3, 8),
        ),
        "outer sums": (
            Model({"a": normal(2), "b": normal(3), "c": normal(2, 1, 4)}, outer_sums),
            normal(2, 3, 4),
            0.3,
        ),
        "the same weights twice": (
            Model({"W": shared, "U": shared}, the_same_weights_twice),
            normal(5, 4),
            normal(5, 4),
        ),
        "nothing in between": (
            Model({"none": np.zeros((0, 3)), "w": normal(3)}, nothing_in_between),
            normal(1),
            None,
        ),
        "the parameter itself": (Model({"w": 1.5}, the_parameter_itself), normal(1), None),
    }


@dataclass(frozen=True)
class Case:
    """A model with a batch, and its recorded loss."""

    model: Model
    x: Any
    t: Any
    program: Program


@pytest.fixture(params=_models())
def case(request: pytest.FixtureRequest) -> Case:
    """Return each of the small models in turn."""
    model, x, t = _models()[request.param]
    return Case(model, x, t, record(model, x, t))


@pytest.fixture(scope="session")
def differences_in_numpy() -> Callable[[Program, str, float], NDArray[np.float64]]:
    """Return central differences of a program evaluated by NumPy: ``(program, name, step)``."""

    def differences(program: Program, name: str, step: float) -> NDArray[np.float64]:
        number = program.parameters[name]
        # One parameter may have several names.
        names = [other for other, n in program.parameters.items() if n == number]

        def loss(index: tuple[int, ...], moved: float) -> float:
            array = program.base[name].copy()
            array[index] += moved
            return evaluate(program, {**program.base, **dict.fromkeys(names, array)})

        result = np.empty(program.base[name].shape)
        for index in np.ndindex(result.shape):
            result[index] = (loss(index, step) - loss(index, -step)) / (2 * step)
        return result

    return differences


@pytest.fixture(scope="session")
def classic() -> ModuleType:
    """Return the module ``examples/classic_numpy.py``."""
    spec = importlib.util.spec_from_file_location(
        "classic_numpy", ROOT / "examples" / "classic_numpy.py"
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
