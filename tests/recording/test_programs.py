"""Whole networks as people write them, each recorded and compared with its own loss."""

import dataclasses
import functools
import importlib.util
import sys
import types
from collections import OrderedDict, namedtuple

import numpy  # noqa: ICN001 - some do
import numpy as np
import pytest
from numpy import dot, exp, zeros

from fastcheck import nn
from fastcheck.data import one_hot
from fastcheck.errors import CannotRecord
from fastcheck.recording import record

rng = np.random.default_rng(5)
X = rng.standard_normal((4, 3))
LABELS = np.array([0, 2, 1, 1])
T = one_hot(LABELS, 3)
IMAGES = rng.standard_normal((2, 2, 6, 6))


def normal(*shape):
    return 0.5 * np.random.default_rng(sum(shape)).standard_normal(shape)


def softmax(scores):
    powers = np.exp(scores - np.max(scores, axis=-1, keepdims=True))
    return powers / np.sum(powers, axis=-1, keepdims=True)


def cross_entropy(scores, labels):
    return -np.mean(np.log(softmax(scores)[np.arange(len(labels)), labels]))


# Functions of (params, x, t).


def im2col(images, height, width, stride=1, pad=0):
    n, channels, h, w = images.shape
    out_h = (h + 2 * pad - height) // stride + 1
    out_w = (w + 2 * pad - width) // stride + 1
    padded = np.pad(images, [(0, 0), (0, 0), (pad, pad), (pad, pad)], "constant")
    col = np.zeros((n, channels, height, width, out_h, out_w))
    for y in range(height):
        for x in range(width):
            col[:, :, y, x] = padded[
                :, :, y : y + stride * out_h : stride, x : x + stride * out_w : stride
            ]
    return col.transpose(0, 4, 5, 1, 2, 3).reshape(n * out_h * out_w, -1)


def convolution(p, images, labels):
    n = images.shape[0]
    kernels = p["K"].reshape(p["K"].shape[0], -1).T
    out = np.dot(im2col(images, 3, 3, pad=1), kernels) + p["b"]
    out = out.reshape(n, 6, 6, -1).transpose(0, 3, 1, 2)
    out = np.maximum(out, 0)
    col = im2col(out, 2, 2, stride=2).reshape(-1, 4)
    pooled = np.max(col, axis=1).reshape(n, 3, 3, -1).transpose(0, 3, 1, 2)
    return cross_entropy(pooled.reshape(n, -1) @ p["W"], labels)


def naive_convolution(p, images, labels):
    out = np.zeros((2, 3, 4, 4))
    for n in range(2):
        for k in range(3):
            for i in range(4):
                for j in range(4):
                    window = images[n, :, i : i + 3, j : j + 3]
                    out[n, k, i, j] = np.sum(window * p["K"][k]) + p["b"][k]
    return np.sum(np.tanh(out) ** 2)


def batch_normalisation(p, x, t):
    h = x @ p["W"]
    mu = h.mean(axis=0)
    centred = h - mu
    std = np.sqrt(np.mean(centred**2, axis=0) + 1e-5)
    out = p["gamma"] * (centred / std) + p["beta"]
    return np.sum((out - t) ** 2) / len(x)


def layer_normalisation(p, x, t):
    h = x @ p["W"]
    out = (h - h.mean(1, keepdims=True)) / (h.std(axis=1, keepdims=True) + 1e-6)
    return np.sum((p["gamma"] * out + p["beta"] - t) ** 2)


def rnn(p, x, t):
    hidden, loss = {-1: np.zeros((3, 1))}, 0
    for step in range(len(x)):
        xs = np.zeros((3, 1))
        xs[LABELS[step]] = 1
        hidden[step] = np.tanh(np.dot(p["Wx"], xs) + np.dot(p["Wh"], hidden[step - 1]) + p["b"])
        scores = np.dot(p["Wy"], hidden[step])
        probabilities = np.exp(scores) / np.sum(np.exp(scores))
        loss += -np.log(probabilities[LABELS[step - 1], 0])
    return loss


def lstm(p, x, t):
    h, c = np.zeros(3), np.zeros(3)
    hs = np.zeros((len(x), 3))
    for step, row in enumerate(x):
        gates = np.hstack([row, h]) @ p["W"] + p["b"]
        i, f, o, g = np.split(gates, 4)
        i, f, o = 1 / (1 + np.exp(-i)), 1 / (1 + np.exp(-f)), 1 / (1 + np.exp(-o))
        c = f * c + i * np.tanh(g)
        h = o * np.tanh(c)
        hs[step] = h
    return np.mean((hs - t) ** 2)


def attention(p, x, t):
    q, k, v = (x @ p[name] for name in "QKV")
    scores = q @ k.T / np.sqrt(q.shape[-1])
    scores[np.triu_indices(len(x), 1)] = -1e9
    return np.sum((softmax(scores) @ v - t) ** 2)


def heads(p, x, t):
    q, k, v = (np.dot(x, p[n]).reshape(len(x), 2, -1).transpose(1, 0, 2) for n in ("Q", "K", "V"))
    out = softmax(q @ k.transpose(0, 2, 1)) @ v
    return np.sum(out.transpose(1, 0, 2).reshape(len(x), -1) ** 2)


def hinge(p, x, t):
    scores = x.dot(p["W"])
    n = x.shape[0]
    margins = np.maximum(0, scores - scores[range(n), LABELS][:, None] + 1)
    margins[range(n), LABELS] = 0
    loss = np.sum(margins) / n
    loss += 0.5 * 0.1 * np.sum(p["W"] * p["W"])
    return loss


def dropout(p, x, t):
    mask = (np.random.default_rng(0).random((len(x), 4)) < 0.7) / 0.7
    h = np.maximum(0, x @ p["W1"] + p["b1"])
    h *= mask
    return cross_entropy(h @ p["W2"], LABELS)


def from_imports(p, x, t):
    out = zeros((len(x), 3))
    out[:] = dot(x, p["W"])
    return numpy.sum(exp(out) * numpy.array([1.0, 2.0, 3.0]))


def embedding(p, x, t):
    vectors = p["E"][LABELS].reshape(2, -1)
    return np.sum((vectors @ p["W"]) ** 2)


FUNCTIONS = {
    convolution: {"K": (4, 2, 3, 3), "b": (4,), "W": (36, 3)},
    naive_convolution: {"K": (3, 2, 3, 3), "b": (3,)},
    batch_normalisation: {"W": (3, 3), "gamma": (3,), "beta": (3,)},
    layer_normalisation: {"W": (3, 3), "gamma": (3,), "beta": (3,)},
    rnn: {"Wx": (3, 3), "Wh": (3, 3), "b": (3, 1), "Wy": (3, 3)},
    lstm: {"W": (6, 12), "b": (12,)},
    attention: {"Q": (3, 3), "K": (3, 3), "V": (3, 3)},
    heads: {"Q": (3, 4), "K": (3, 4), "V": (3, 4)},
    hinge: {"W": (3, 3)},
    dropout: {"W1": (3, 4), "b1": (4,), "W2": (4, 3)},
    from_imports: {"W": (3, 3)},
    embedding: {"E": (3, 2), "W": (4, 2)},
}


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda function: function.__name__)
def test_function(function, recorded, function_model):
    params = {name: normal(*shape) for name, shape in FUNCTIONS[function].items()}
    images = function in (convolution, naive_convolution)
    x, t = (IMAGES, LABELS[:2]) if images else (X, T)
    recorded(function_model(params, function), x, t)


# Models: where the parameters live.


class Affine:
    def __init__(self, W, b):
        self.W, self.b = W, b
        self.x = None

    def __call__(self, x):
        self.x = x
        return np.dot(x, self.W) + self.b


class Relu:
    __slots__ = ("mask",)

    def __call__(self, x):
        self.mask = x <= 0
        out = x.copy()
        out[self.mask] = 0
        return out


class Layers:
    def __init__(self):
        self.params = OrderedDict(W1=normal(3, 4), b1=np.zeros(4), W2=normal(4, 3), b2=np.zeros(3))
        self.layers = OrderedDict()
        self.layers["affine1"] = Affine(self.params["W1"], self.params["b1"])
        self.layers["relu"] = Relu()
        self.layers["affine2"] = Affine(self.params["W2"], self.params["b2"])

    def loss(self, x, t):
        for layer in self.layers.values():
            x = layer(x)
        self.y = softmax(x)
        return -np.sum(t * np.log(self.y + 1e-7)) / len(x)


class Flat:
    """All parameters in one vector; W and b are views made anew at each access."""

    def __init__(self):
        self.vector = normal(12)

    @property
    def params(self):
        return {"W": self.vector[:9].reshape(3, 3), "b": self.vector[9:]}

    def loss(self, x, t):
        p = self.params
        return np.mean((np.tanh(x @ p["W"] + p["b"]) - t) ** 2) + np.sum(self.vector**2)


class Tied:
    """A transposed view is kept on a layer."""

    def __init__(self):
        self.params = {"W": normal(3, 5)}
        self.encode = Affine(self.params["W"], 0.0)
        self.decode = Affine(self.params["W"].T, 0.0)

    def loss(self, x, t):
        return np.sum((self.decode(np.tanh(self.encode(x))) - x) ** 2)


class Ordered:
    def __init__(self, arrange):
        self.params = {"W": arrange(normal(3, 4)), "V": arrange(normal(4, 4))[:3]}

    def loss(self, x, t):
        out = x @ self.params["W"] @ self.params["V"].T
        return np.sum(out[:, 1:] * self.params["W"][1, :2]) + np.sum(
            self.params["V"].reshape(-1)[3:]
        )


class TwoNames:
    def __init__(self):
        W = normal(3, 3)
        self.params = {"encoder": W, "decoder": W}

    def loss(self, x, t):
        return np.sum(np.tanh(x @ self.params["encoder"]) @ self.params["decoder"])


class InList:
    def __init__(self):
        self.weights = [normal(3, 4), normal(4, 3)]
        self.biases = (normal(4), normal(3))

    @property
    def params(self):
        return {f"{kind}{i}": a for kind in ("weights", "biases") for i, a in self.enumerated(kind)}

    def enumerated(self, kind):
        return enumerate(getattr(self, kind))

    def loss(self, x, t):
        for W, b in zip(self.weights, self.biases, strict=True):
            x = np.tanh(x @ W + b)
        return np.sum((x - t) ** 2) + 0.1 * np.sum([np.sum(W**2) for W in self.weights])


class Named:
    Weights = namedtuple("Weights", "W b")  # noqa: PYI024 - as people do

    def __init__(self):
        self.weights = self.Weights(normal(3, 3), normal(3))

    @property
    def params(self):
        return self.weights._asdict()

    def loss(self, x, t):
        return np.sum((x @ self.weights.W + self.weights.b) ** 2)


@dataclasses.dataclass(frozen=True, slots=True)
class Frozen:
    W: np.ndarray
    b: np.ndarray

    @property
    def params(self):
        return {"W": self.W, "b": self.b}

    def loss(self, x, t):
        return np.sum(np.exp(x @ self.W + self.b))


class Nested:
    def __init__(self):
        self.tree = {"layer": {"W": normal(3, 3), "more": [{"b": normal(3)}]}}
        self.params = types.MappingProxyType(
            {"W": self.tree["layer"]["W"], "b": self.tree["layer"]["more"][0]["b"]}
        )

    def loss(self, x, t):
        layer = self.tree["layer"]
        return np.sum((x @ layer["W"] + layer["more"][0]["b"]) ** 3) + np.sum(self.params["W"])


class Sequential(list):
    """A list of layers that is a layer, with an attribute of its own."""

    def __init__(self, layers):
        super().__init__(layers)
        self.scale = np.ones(3)

    def forward(self, x):
        out = np.zeros((len(x), 3))
        for layer in self:
            x = layer(x)
        out[...] = x * self.scale
        return out


class OfSequential:
    def __init__(self):
        first, second = Affine(normal(3, 4), normal(4)), Affine(normal(4, 3), normal(3))
        self.body = Sequential([first, Relu(), second])
        self.params = {"W": first.W, "b": second.b, "scale": self.body.scale}

    def loss(self, x, t):
        return np.sum((self.body.forward(x) - t) ** 2)


class Structured:
    """Parameters are fields of one structured array: their elements are not side by side."""

    def __init__(self):
        self.record = np.zeros(3, [("W", "f8", (3,)), ("flag", "i1"), ("b", "f8")])
        self.record["W"], self.record["b"] = normal(3, 3), normal(3)
        self.params = {"W": self.record["W"], "b": self.record["b"]}

    def loss(self, x, t):
        return np.sum((x @ self.params["W"] + self.params["b"]) ** 2)


class RealParts:
    def __init__(self):
        self.numbers = normal(3, 3) + 1j
        self.params = {"W": self.numbers.real}

    def loss(self, x, t):
        return np.sum(np.tanh(x @ self.params["W"]))


class Buffered:
    """A buffer and a view of it, both kept between calls."""

    def __init__(self):
        self.params = {"W": normal(3, 3)}
        self.buffer = np.zeros((4, 3))
        self.flat = self.buffer.reshape(-1)

    def loss(self, x, t):
        np.dot(x, self.params["W"], out=self.buffer)
        self.flat[:2] = 1.0
        return np.sum(self.flat**2) + np.sum(self.buffer)


def closure():
    W, b = normal(3, 3), normal(3)

    def forward(x, scale=normal(3), *, shift=normal(3)):  # noqa: B008 - as people do
        return (x @ W + b) * scale + shift

    def loss(x, t):
        return np.mean((forward(x) - t) ** 2)

    held = {"scale": forward.__defaults__[0], "shift": forward.__kwdefaults__["shift"]}
    return types.SimpleNamespace(params={"W": W, "b": b, **held}, loss=loss)


def partial():
    def loss(W, rest, x, t, *, scale):
        return np.mean(((x @ W + rest["b"]) * scale - t) ** 2)

    W, b, scale = normal(3, 3), normal(3), normal(3) + 2
    return types.SimpleNamespace(
        params={"W": W, "b": b, "scale": scale},
        loss=functools.partial(loss, W, {"b": b}, scale=scale),
    )


def class_attributes():
    class Net:
        W = normal(3, 3)
        params = {"W": W}  # noqa: RUF012 - as people do

        @classmethod
        def loss(cls, x, t):
            return np.sum(cls.activation(x @ cls.W))

        @staticmethod
        def activation(x):
            return np.tanh(x)

    return Net


MODELS = {
    "layers": Layers,
    "flat vector": Flat,
    "tied": Tied,
    "fortran": lambda: Ordered(np.asfortranarray),
    "transposed": lambda: Ordered(lambda a: a.T.copy().T),
    "every other": lambda: Ordered(lambda a: np.repeat(a, 2, axis=1)[:, ::2]),
    "reversed": lambda: Ordered(lambda a: a[::-1, ::-1].copy()[::-1, ::-1]),
    "two names": TwoNames,
    "list and tuple": InList,
    "named tuple": Named,
    "frozen dataclass": lambda: Frozen(normal(3, 3), normal(3)),
    "nested": Nested,
    "list subclass": OfSequential,
    "structured array": Structured,
    "real parts": RealParts,
    "buffer and view": Buffered,
    "closure": closure,
    "partial": partial,
    "class": class_attributes,
    "ours": lambda: nn.TwoLayerNet(3, 4, 3, output_relu=True, seed=0),
    "ours, tanh": lambda: nn.Network([nn.Affine(3, 4), nn.Tanh(), nn.Affine(4, 3)], seed=1),
}


@pytest.mark.parametrize("make", MODELS.values(), ids=MODELS)
def test_model(make, recorded):
    recorded(make(), X, T)


def load(tmp_path, name, source):
    path = tmp_path / f"{name}.py"
    path.write_text(source, encoding="utf-8")
    specification = importlib.util.spec_from_file_location(name, path)
    module = sys.modules[name] = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


HELPERS = """
import numpy  # noqa: ICN001 - some do

SCALE = numpy.full(3, 2.0)

def forward(x, W):
    out = numpy.zeros((len(x), W.shape[1]))
    out[...] = numpy.dot(x, W) * SCALE
    return out
"""
NETWORK = """
import numpy as np
import {helpers} as helpers
from numpy import linalg

W = np.ones((3, 3))
params = {{"W": W}}

def loss(x, t):
    return np.sum(helpers.forward(x, W) ** 2)

def bad(x, t):
    value = np.sum(helpers.forward(x, W))
    return value * linalg.norm(W)
"""


def test_a_module_is_a_model_and_its_helpers_are_in_another(tmp_path, monkeypatch, recorded):
    # "code" and "parser" are names of the standard library too; these are the user's.
    for helpers, network in (("user_helpers", "user_network"), ("code", "symbol")):
        monkeypatch.delitem(sys.modules, helpers, raising=False)
        helper_module = load(tmp_path, helpers, HELPERS)
        model = load(tmp_path, network, NETWORK.format(helpers=helpers))
        monkeypatch.setitem(sys.modules, helpers, helper_module)
        monkeypatch.setitem(sys.modules, network, model)
        recorded(model, X, T)
        assert model.np is np
        assert helper_module.numpy is np
        assert type(helper_module.SCALE) is np.ndarray
    bad = types.SimpleNamespace(params=model.params, loss=model.bad)
    with pytest.raises(CannotRecord, match=r"np\.linalg\.norm at .*symbol\.py:14"):
        record(bad, X, T)


# One way only leads from the loss to NumPy; `name` is nothing that the loss itself names.
AROUND = """
import functools
import {module} as behind

class Base:
    def __init__(self, W):
        self.params = {{"W": W}}
{body}
class Net(Base):
    def loss(self, x, t):
        return self.value
"""
BEHIND = """
import numpy as np

def name(W):
    out = np.zeros(3)
    out[:] = W**2
    return np.sum(out)
"""
BODIES = {
    "property": """
    @property
    def value(self):
        return behind.name(self.params["W"])
""",
    "static method": """
    @staticmethod
    def inner(W):
        return behind.name(W)

    value = property(lambda self: self.inner(self.params["W"]))
""",
    "class method": """
    @classmethod
    def inner(cls, W):
        return behind.name(W)

    value = property(lambda self: self.inner(self.params["W"]))
""",
    "cached function": """
    @functools.lru_cache
    def inner(self):
        return behind.name(self.params["W"])

    value = property(lambda self: type(self).inner.__wrapped__(self))
""",
    "module kept by the class": """
    library = behind
    value = property(lambda self: getattr(self.library, "na" + "me")(self.params["W"]))
""",
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_functions_are_found_wherever_a_class_keeps_them(tmp_path, monkeypatch, recorded, body):
    for name, source in (
        ("user_behind", BEHIND),
        ("user_around", AROUND.format(module="user_behind", body=body)),
    ):
        monkeypatch.setitem(sys.modules, name, load(tmp_path, name, source))
    recorded(sys.modules["user_around"].Net(normal(3)), X, T)


def test_modules_that_name_each_other(tmp_path, monkeypatch, recorded):
    first = load(tmp_path, "user_first", "import numpy as np\ndef f(x):\n    return np.tanh(x)\n")
    second = load(
        tmp_path,
        "user_second",
        "import numpy as np\nimport user_first\nW = np.ones(3)\nparams = {'W': W}\n"
        "def loss(x, t):\n    return np.sum(user_first.f(x * user_first.user_second.W))\n",
    )
    first.user_second = second
    for module in (first, second):
        monkeypatch.setitem(sys.modules, module.__name__, module)
    recorded(second, X, T)


def test_sequences_of_different_lengths(recorded, function_model):
    def loss(p, x, t):
        return sum(np.sum(np.tanh(sequence @ p["W"])) for sequence in x)

    program = recorded(function_model({"W": normal(3, 2)}, loss), [X, X[:2]])
    assert program.batch == 2


def test_the_classic_example(recorded):
    from fastcheck.data import mnist

    path = __file__.split("tests")[0] + "examples/classic_numpy.py"
    specification = importlib.util.spec_from_file_location("classic_numpy", path)
    module = importlib.util.module_from_spec(specification)
    sys.modules["classic_numpy"] = module
    specification.loader.exec_module(module)
    x, t = mnist(5)
    program = recorded(module.TwoLayerNet(784, 6, 10), x, t)
    assert program.batch == 5
    assert "classic_numpy.py:24" in repr(program)
