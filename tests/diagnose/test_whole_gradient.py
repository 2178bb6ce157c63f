"""Mistakes that spoil several parameters, told by going back through the recording."""

from __future__ import annotations

import numpy as np
import pytest

import fastcheck
from fastcheck import nn, planted
from fastcheck.diagnose import diagnose


def backward(model, x, t, slope, scores=None):
    """The gradient of `OwnNetwork`, with this slope of the activation, and dL/dz."""
    p = model.params
    before = x @ p["W1"] + p["b1"]
    after = model.activation(before)
    z = after @ p["W2"] + p["b2"]
    powers = np.exp(z - z.max(axis=1, keepdims=True))
    y = powers / powers.sum(axis=1, keepdims=True)
    dz = (y - t) / len(x) if scores is None else scores(y, z, t)
    da = dz @ p["W2"].T * slope(before, after)
    return {
        "W1": x.T @ da + model.l2 * p["W1"],
        "b1": da.sum(axis=0),
        "W2": after.T @ dz + model.l2 * p["W2"],
        "b2": dz.sum(axis=0),
    }


def relu(x):
    return np.maximum(x, 0)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def mask(x, y):
    return x > 0


ACTIVATIONS = [
    ("mask", relu, lambda x, y: 1.0),
    ("mask", relu, lambda x, y: x <= 0),
    ("mask", relu, lambda x, y: y),
    ("mask", lambda x: np.where(x > 0, x, 0.1 * x), lambda x, y: x > 0),
    ("derivative", np.tanh, lambda x, y: 1.0),
    ("derivative", np.tanh, lambda x, y: 1 - x * x),
    ("derivative", sigmoid, lambda x, y: 1.0),
    ("derivative", sigmoid, lambda x, y: x * (1 - x)),
    ("derivative", sigmoid, lambda x, y: sigmoid(y) * (1 - sigmoid(y))),
    ("derivative", lambda x: np.log1p(np.exp(x)), lambda x, y: y),
]


@pytest.mark.parametrize(("kind", "activation", "slope"), ACTIVATIONS)
def test_wrong_derivatives(kind, activation, slope, *, own_network, batch, make_case):
    model = own_network(activation)
    case = make_case(model, *batch, lambda _: backward(model, *batch, slope))
    (finding,) = diagnose(case)
    assert (finding.kind, finding.parameter) == (kind, None)
    assert "W1 and b1" in finding.message
    assert len(finding.where) >= 1


SCORES = [
    ("factor", lambda y, z, t: y - t),
    ("factor", lambda y, z, t: (t - y) / len(t)),
    ("factor", lambda y, z, t: (y - t) / y.size),
    ("loss", lambda y, z, t: y / len(t)),
    ("loss", lambda y, z, t: (z - t) / len(t)),
    ("loss", lambda y, z, t: (y - np.roll(t, 1, axis=1)) / len(t)),
    ("stale", lambda y, z, t: (y - t[::-1]) / len(t)),
]


@pytest.mark.parametrize("l2", [0.0, 0.1])
@pytest.mark.parametrize(("kind", "scores"), SCORES)
def test_gradients_of_other_losses(kind, scores, *, l2, own_network, batch, make_case):
    model = own_network(l2=l2)
    case = make_case(model, *batch, lambda _: backward(model, *batch, mask, scores))
    (finding,) = diagnose(case)
    assert (finding.kind, finding.parameter) == (kind, None)


def test_the_epsilon_is_named(own_network, batch, make_case):
    model = own_network(epsilon=1e-7)
    case = make_case(model, *batch, lambda _: backward(model, *batch, mask))
    (finding,) = diagnose(case)
    assert finding.kind == "loss"
    assert finding.evidence["epsilon"] == 1e-7
    assert "1e-07" in finding.message


def test_not_transposed_on_the_way_down(own_network, batch, make_case):
    model = own_network(np.tanh)

    def wrong(gradient):
        x, t = batch
        right = backward(model, x, t, lambda x, y: 1 - y * y)
        p = model.params
        after = np.tanh(x @ p["W1"] + p["b1"])
        z = after @ p["W2"] + p["b2"]
        y = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
        da = (y - t) / len(x) @ p["W2"] * (1 - after**2)
        return {**right, "W1": x.T @ da, "b1": da.sum(axis=0)}

    (finding,) = diagnose(make_case(model, *batch, wrong))
    assert finding.kind == "transposed"


DECAYS = [(-1.0, "missing"), (1.0, "twice"), (-0.5, "half"), (-2.0, "sign"), (-0.875, "divided")]


@pytest.mark.parametrize(("more", "word"), DECAYS)
def test_weight_decay(more, word, own_network, batch, make_case):
    model = own_network(l2=0.1)

    def wrong(gradient):
        for name in ("W1", "W2"):
            gradient[name] += more * 0.1 * model.params[name]

    (finding,) = diagnose(make_case(model, *batch, wrong))
    assert finding.kind == "weight decay"
    assert word in finding.message
    assert finding.evidence["l2"] == pytest.approx(0.1)


def test_weight_decay_that_the_loss_does_not_have(own_network, batch, make_case):
    model = own_network()

    def wrong(gradient):
        for name in ("W1", "W2"):
            gradient[name] += 0.03 * model.params[name]

    (finding,) = diagnose(make_case(model, *batch, wrong))
    assert finding.kind == "weight decay"
    assert finding.evidence["coefficient"] == pytest.approx(0.03)


def test_the_gradient_of_an_earlier_batch(own_network, batch, make_case):
    model = own_network()
    x, t = batch
    old = backward(model, 2 * x, t, mask)
    case = make_case(model, x, t, lambda _: old, again=lambda *_: old)
    (finding,) = diagnose(case)
    assert finding.kind == "stale"


def test_noise_is_unexplained(own_network, batch, make_case):
    def wrong(gradient):
        generator = np.random.default_rng(0)
        return {name: g + generator.standard_normal(g.shape) for name, g in gradient.items()}

    (finding,) = diagnose(make_case(own_network(), *batch, wrong))
    assert (finding.kind, finding.parameter) == ("unexplained", None)


class Copied:
    """A product of two matrices, one or both of which were copied when the model was made."""

    def __init__(self, copied):
        rng = np.random.default_rng(0)
        self.params = {"V": rng.standard_normal((4, 5)), "W": rng.standard_normal((5, 3))}
        self.used = {name: w.copy() if name in copied else w for name, w in self.params.items()}

    def loss(self, x, t):
        return np.sum((x @ self.used["V"] @ self.used["W"] - t) ** 2)

    def gradient(self, x, t):
        v, w = self.used["V"], self.used["W"]
        dz = 2 * (x @ v @ w - t)
        return {"V": x.T @ dz @ w.T, "W": (x @ v).T @ dz}


@pytest.mark.parametrize("copied", ["V", "W"])
def test_a_parameter_of_which_the_loss_has_a_copy(copied):
    rng = np.random.default_rng(1)
    model, x, t = Copied(copied), rng.random((6, 4)), rng.random((6, 3))
    report = fastcheck.gradcheck(model, x, t)
    assert report.verdict == "fail"
    (finding,) = report.findings
    assert finding.kind == "unused"
    assert f"The loss does not use {copied}, so that" in finding.message
    assert finding.where == ()


def test_where_the_loss_has_copies_only_the_note_says_so():
    rng = np.random.default_rng(1)
    report = fastcheck.gradcheck(Copied("VW"), rng.random((6, 4)), rng.random((6, 3)))
    assert [finding.kind for finding in report.findings] == ["unexplained"]
    assert "it does not depend on any array in params" in " ".join(report.notes)


def test_a_decay_of_an_unused_parameter_is_called_so():
    rng = np.random.default_rng(1)
    model, x, t = Copied("V"), rng.random((6, 4)), rng.random((6, 3))
    right = model.gradient
    model.gradient = lambda x, t: {**right(x, t), "V": 0.01 * model.params["V"]}
    (finding,) = fastcheck.gradcheck(model, x, t).findings
    assert finding.kind == "weight decay"
    assert "has 0.01 times the parameter itself too much" in finding.message


def test_an_unused_parameter_has_no_place_in_the_backward():
    net = nn.Network([nn.Affine(4, 5), nn.Relu(), nn.Affine(5, 5), nn.Relu(), nn.Affine(5, 3)])
    model = planted.plant("relu-mask-missing", net, place="Relu1")
    used = model.params
    model.params = {**used, "W3": used["W3"].copy()}  # what the loss reads is another
    rng = np.random.default_rng(1)
    x, t = rng.standard_normal((6, 4)), rng.integers(0, 3, 6)
    unused, other = fastcheck.gradcheck(model, x, t).findings
    assert (unused.kind, unused.parameter, unused.where) == ("unused", "W3", ())
    assert (other.kind, other.where) == ("mask", ("Relu1",))


class TwoLogarithms:
    """The textbook's binary cross entropy of a logistic regression, times a factor."""

    def __init__(self, factor=1.0):
        self.params = {"w": np.random.default_rng(0).standard_normal((4, 1)), "b": np.zeros(1)}
        self.factor = factor

    def predicted(self, x):
        return 1 / (1 + np.exp(-(x @ self.params["w"] + self.params["b"])))

    def loss(self, x, t):
        p = self.predicted(x)
        return -np.mean(t * np.log(p + 1e-7) + (1 - t) * np.log(1 - p + 1e-7))

    def gradient(self, x, t):
        dz = self.factor * (self.predicted(x) - t) / len(x)
        return {"w": x.T @ dz, "b": dz.sum(axis=0)}


def test_two_epsilons_are_one_finding():
    rng = np.random.default_rng(1)
    x, t = rng.standard_normal((6, 4)), rng.integers(0, 2, (6, 1)).astype(float)
    report = fastcheck.gradcheck(TwoLogarithms(), x, t)
    assert report.verdict == "approximate"
    (finding,) = report.findings
    assert finding.message.startswith("The gradient of w and b: the loss has log(p + 1e-07) and")
    first, second = fastcheck.gradcheck(TwoLogarithms(2.0), x, t).findings
    assert first.evidence == {"factor": 2.0}
    assert second.message.startswith("Besides, the loss has log(p + 1e-07)")


@pytest.mark.parametrize("seed", range(40))
def test_noise_where_an_epsilon_rules_is_not_explained(seed):
    net = nn.Network(
        [nn.Affine(6, 5), nn.Relu(), nn.Affine(5, 4)],
        loss=nn.ClippedSoftmaxCrossEntropy(),
        seed=seed,
    )
    rng = np.random.default_rng(seed)
    for array in net.params.values():
        array[...] = 10 * rng.standard_normal(array.shape)
    x, t = rng.standard_normal((5, 6)), rng.integers(0, 4, 5)
    right = net.gradient

    def noisy(x, t):
        draw = np.random.default_rng(seed).standard_normal
        return {name: g * (1 + 0.1 * draw(g.shape)) for name, g in right(x, t).items()}

    net.gradient = noisy
    report = fastcheck.gradcheck(net, x, t)
    assert all("epsilon" not in finding.evidence for finding in report.findings)


class Transposed:
    """Two layers with weights as outputs x inputs; the second hands down by older ones."""

    class Layer:
        def __init__(self, outputs, inputs, rng):
            self.params = {"W": rng.standard_normal((outputs, inputs))}
            self.older = self.params["W"]

        def forward(self, x):
            return x @ self.params["W"].T

        def backward(self, x, y, dy):
            return dy @ self.older, {"W": dy.T @ x}

    def __init__(self, alter):
        rng = np.random.default_rng(0)
        self.layers = [self.Layer(5, 4, rng), self.Layer(3, 5, rng)]
        self.params = {"W1": self.layers[0].params["W"], "W2": self.layers[1].params["W"]}
        self.layers[1].older = alter(self.params["W2"])

    def loss(self, x, t):
        return np.sum((self.layers[1].forward(self.layers[0].forward(x)) - t) ** 2)

    def gradient(self, x, t):
        h = self.layers[0].forward(x)
        y = self.layers[1].forward(h)
        dh, second = self.layers[1].backward(h, y, 2 * (y - t))
        return {"W1": self.layers[0].backward(x, h, dh)[1]["W"], "W2": second["W"]}


@pytest.mark.parametrize(
    ("alter", "kind"),
    [(lambda w: 1.3 * w, "factor"), (lambda w: w + 0.1 * np.roll(w, 1), "stale")],
)
def test_weights_stored_the_other_way_round(alter, kind):
    rng = np.random.default_rng(1)
    (finding,) = fastcheck.gradcheck(
        Transposed(alter), rng.random((9, 4)), rng.random((9, 3))
    ).findings
    assert (finding.kind, finding.where) == (kind, ("Layer2",))


def test_a_scale_of_one_element_is_no_decay():
    class Scaled:
        params = {"g": np.array([1.0])}  # noqa: RUF012

        def loss(self, x, t):
            return np.sum(self.params["g"] * x)

        def gradient(self, x, t):
            return {"g": np.array([2 * np.sum(x)])}

    (finding,) = fastcheck.gradcheck(Scaled(), np.array([[0.25], [0.75]]), None).findings
    assert finding.kind == "factor"


@pytest.mark.parametrize("options", [{"engine": "reference"}, {"params": "W", "engine": "auto"}])
def test_a_dead_unit_is_used_all_the_same(options):
    class Dead:
        params = {"W": np.ones((2, 3)), "b": np.zeros(3)}  # noqa: RUF012

        def loss(self, x, t):
            return np.sum(np.maximum(x @ self.params["W"] - 50, 0)) + np.sum(self.params["b"])

        def gradient(self, x, t):
            return {"W": x.T @ np.ones((len(x), 3)), "b": np.ones(3)}

    findings = fastcheck.gradcheck(Dead(), np.ones((4, 2)), None, **options).findings
    assert findings
    assert all(finding.kind != "unused" for finding in findings)


class Penalised:
    """A penalty without a half, and some of it in the gradient."""

    def __init__(self, decay, scale=0.1):
        rng = np.random.default_rng(0)
        self.params = {"W": rng.standard_normal((4, 3)), "b": rng.standard_normal(3)}
        self.decay, self.scale = decay, scale

    def loss(self, x, t):
        w, b = self.params["W"], self.params["b"]
        return np.sum((x @ w + b - t) ** 2) / len(x) + self.scale * np.sum(w * w)

    def gradient(self, x, t):
        w, b = self.params["W"], self.params["b"]
        dz = 2 * (x @ w + b - t) / len(x)
        return {"W": x.T @ dz + self.decay * w, "b": dz.sum(axis=0) + self.decay * 0}


@pytest.mark.parametrize(
    ("decay", "words"),
    [
        (0.0, "is missing: the penalty of the loss makes it 0.2 times the parameter."),
        (0.1, "is half of what it should be: the penalty of the loss makes it 0.2 times the"),
        (0.4, "comes in twice: the penalty of the loss makes it 0.2 times the parameter"),
        (-0.2, "has the wrong sign: add it"),
        (0.04, "is divided by the batch size: the penalty of the loss makes it 0.2 times the"),
        (1.0, "is multiplied by the batch size: the penalty of the loss makes it 0.2 times the"),
        (0.5, "is 2.5 times what it should be: the penalty of the loss makes it 0.2 times the"),
    ],
)
def test_a_penalty_without_a_half(decay, words):
    rng = np.random.default_rng(1)
    (finding,) = fastcheck.gradcheck(
        Penalised(decay), rng.random((5, 4)), rng.random((5, 3))
    ).findings
    assert finding.kind == "weight decay"
    assert f"The weight decay in the gradient of W {words}" in finding.message


@pytest.mark.parametrize(
    ("decay", "scale", "words"),
    [
        (0.0, 0.05, "The gradient of W lacks 0.1 times the parameter itself, as of a weight decay"),
        (0.3, 0.0, "The gradient of W has 0.3 times the parameter itself too much, as of a weight"),
    ],
)
def test_a_penalty_that_is_not_recorded(decay, scale, words):
    rng = np.random.default_rng(1)
    x, t = rng.random((5, 4)), rng.random((5, 3))
    (finding,) = fastcheck.gradcheck(
        Penalised(decay, scale), x, t, engine="reference", step=1e-5
    ).findings
    assert words in finding.message


class Sloped:
    """A leaky ReLU with another slope in the backward: a factor on one part of the gradient."""

    def __init__(self, slope):
        rng = np.random.default_rng(0)
        self.params = {"V": rng.standard_normal((4, 6)), "W": rng.standard_normal((6, 2))}
        self.slope = slope

    def hidden(self, x):
        a = x @ self.params["V"]
        return a, np.where(a > 0, a, 0.01 * a)

    def loss(self, x, t):
        return np.mean((self.hidden(x)[1] @ self.params["W"] - t) ** 2)

    def gradient(self, x, t):
        a, h = self.hidden(x)
        d = 2 * (h @ self.params["W"] - t) / t.size
        slope = np.where(a > 0, 1, self.slope)
        return {"W": h.T @ d, "V": x.T @ (d @ self.params["W"].T * slope)}


def test_a_factor_on_a_part_is_called_so():
    rng = np.random.default_rng(1)
    x, t = rng.standard_normal((5, 4)), rng.standard_normal((5, 2))
    (finding,) = fastcheck.gradcheck(Sloped(0.1), x, t).findings
    # That 10 is twice the batch size is chance.
    assert finding.message.startswith(
        "One part of the gradient of V is 10 times what it should be: look for a constant"
    )
    (finding,) = fastcheck.gradcheck(Sloped(0.05), x, t).findings
    assert "is 5 times what it should be, and 5 is the batch size: " in finding.message


class Softmax:
    """The textbook's network, with a gradient of one's own."""

    def __init__(self, gradient, epsilon=1e-7):
        rng = np.random.default_rng(0)
        self.params = {"W": rng.standard_normal((4, 3)), "b": np.zeros(3)}
        self.own, self.epsilon = gradient, epsilon

    def predicted(self, x):
        z = x @ self.params["W"] + self.params["b"]
        e = np.exp(z - z.max(axis=1, keepdims=True))
        return e / e.sum(axis=1, keepdims=True)

    def loss(self, x, t):
        return -np.sum(t * np.log(self.predicted(x) + self.epsilon)) / len(x)

    def gradient(self, x, t):
        return self.own(self.predicted(x), x, t)


def twice(y, x, t):
    dz = (y - t) / len(x)
    dz = y * (dz - np.sum(dz * y, axis=1, keepdims=True))
    return {"W": x.T @ dz, "b": dz.sum(axis=0)}


def other_bias(y, x, t):
    dz = (y - t) / len(x)
    return {"W": x.T @ dz, "b": (dz * np.array([[1.0], [2.0], [3.0], [4.0], [5.0]])).sum(axis=0)}


@pytest.mark.parametrize("epsilon", [0.0, 1e-7])
def test_the_softmax_twice(epsilon):
    rng = np.random.default_rng(1)
    x, t = rng.standard_normal((5, 4)), np.eye(3)[[0, 1, 2, 0, 1]]
    (finding,) = fastcheck.gradcheck(Softmax(twice, epsilon), x, t).findings
    assert finding.kind == "loss"
    assert "goes through the softmax twice" in finding.message


def test_what_nobody_knows_beside_the_epsilon_is_no_matter_of_the_others():
    rng = np.random.default_rng(1)
    x, t = rng.standard_normal((5, 4)), np.eye(3)[[0, 1, 2, 0, 1]]
    report = fastcheck.gradcheck(Softmax(other_bias), x, t)
    unknown, epsilon = report.findings
    assert (unknown.kind, unknown.parameter) == ("unexplained", "b")
    assert "Besides, the loss has log(p + 1e-07)" in epsilon.message
    assert {name: item.verdict for name, item in report.params.items()} == {
        "W": "approximate",
        "b": "fail",
    }


class Dropped:
    """A network with a dropout mask that is drawn once."""

    def __init__(self, backward):
        rng = np.random.default_rng(0)
        self.params = {"V": rng.standard_normal((4, 6)), "W": rng.standard_normal((6, 2))}
        self.mask = (rng.random((5, 6)) < 0.5) / 0.5
        self.backward = backward(self.mask)

    def loss(self, x, t):
        return np.mean((np.tanh(x @ self.params["V"]) * self.mask @ self.params["W"] - t) ** 2)

    def gradient(self, x, t):
        h = np.tanh(x @ self.params["V"])
        d = 2 * (h * self.mask @ self.params["W"] - t) / t.size
        dh = d @ self.params["W"].T * self.backward
        return {"W": (h * self.mask).T @ d, "V": x.T @ (dh * (1 - h * h))}


@pytest.mark.parametrize(
    ("backward", "words"),
    [
        (lambda m: 1.0, "does not multiply by the array that the forward multiplies by"),
        (lambda m: 2.0 - m, "the dropout mask is inverted"),
        (lambda m: m > 0, "is 0.5 times the numerical one"),
    ],
)
def test_dropout(backward, words):
    rng = np.random.default_rng(1)
    x, t = rng.standard_normal((5, 4)), rng.standard_normal((5, 2))
    assert fastcheck.gradcheck(Dropped(lambda m: m), x, t).passed
    (finding,) = fastcheck.gradcheck(Dropped(backward), x, t).findings
    assert words in finding.message
    assert finding.parameter == "V"


class Gated:
    """A gate: one moving array times another, of which the backward forgets one."""

    def __init__(self):
        rng = np.random.default_rng(0)
        self.params = {"U": rng.standard_normal((4, 6)), "V": rng.standard_normal((4, 6))}

    def loss(self, x, t):
        return np.sum((x @ self.params["U"]) * np.tanh(x @ self.params["V"])) / len(x)

    def gradient(self, x, t):
        v = np.tanh(x @ self.params["V"])
        ones = np.full(v.shape, 1 / len(x))
        return {"U": x.T @ ones, "V": x.T @ ((x @ self.params["U"]) * (1 - v * v) / len(x))}


def test_a_product_of_two_that_move_has_no_mask():
    (finding,) = fastcheck.gradcheck(
        Gated(), np.random.default_rng(1).random((5, 4)), None
    ).findings
    assert finding.kind == "unexplained"
