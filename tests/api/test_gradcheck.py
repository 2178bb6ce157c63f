"""gradcheck: what it reports, and its verdict on right and wrong gradients."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest

import fastcheck
from fastcheck import nn

SCHEMES = ["central", "forward", "backward", "central4"]


def test_everything_passes_and_nothing_changes(net, batch):
    before = {name: array.copy() for name, array in net.params.items()}
    report = fastcheck.gradcheck(net, *batch)
    assert report.passed
    assert report.verdict == "pass"
    assert list(report.params) == ["W1", "b1", "W2", "b2"]
    assert report.engine == "incremental"
    assert report.loss == net.loss(*batch)
    assert report.accuracy == net.accuracy(*batch)
    assert report.batch == 8
    assert report.size == 784 * 6 + 6 + 60 + 10
    assert report.seconds >= report.engine_seconds > 0
    for name, array in net.params.items():
        assert np.array_equal(array, before[name])
        assert report.params[name].numerical.shape == array.shape
        assert np.array_equal(report.params[name].analytic, net.gradient(*batch)[name])


@pytest.mark.parametrize("scheme", SCHEMES)
def test_every_scheme_is_right_to_rounding(agree, batch, scheme):
    net = nn.Network([nn.Affine(784, 6), nn.Tanh(), nn.Affine(6, 10)])
    report = fastcheck.gradcheck(net, *batch, scheme=scheme)
    assert (report.engine, report.scheme, report.verdict) == ("incremental", scheme, "pass")
    for item in report.params.values():
        assert agree(item.analytic, item.numerical, 1e-13)


@pytest.mark.parametrize("step", [1e-2, 1e-3, 1e-5, 1e-9, 1e-12, 1e-30, 1e-200])
@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_correct_gradient_passes_at_any_step(batch, scheme, step):
    # Of a coarse step the truncation is allowed for, by the order of the scheme.
    net = nn.Network([nn.Affine(784, 6), nn.Tanh(), nn.Affine(6, 10)])
    report = fastcheck.gradcheck(net, *batch, scheme=scheme, step=step, params=["b1", "W2"])
    assert report.verdict == "pass", str(report)
    assert report.step == step


@pytest.mark.parametrize("scheme", ["forward", "backward"])
def test_a_one_sided_scheme_sees_both_sides_of_a_kink(scheme):
    class Kink:
        def __init__(self, share):
            self.params = {"w": np.zeros(3)}
            self.share = share

        def loss(self, x, t):
            return np.sum(np.maximum(self.params["w"], 0) * x)

        def gradient(self, x, t):
            return {"w": self.share * x}

    x = np.array([1.0, 2.0, 3.0])
    for share, verdict in [(0.0, "pass"), (0.5, "pass"), (1.0, "pass"), (1.1, "fail")]:
        report = fastcheck.gradcheck(Kink(share), x, None, scheme=scheme)
        assert report.verdict == verdict
        assert report.params["w"].switched.all()
        assert report.params["w"].right.tolist() == [1.0, 2.0, 3.0]
        assert report.params["w"].left.tolist() == [0.0, 0.0, 0.0]
    chosen = report.params["w"].numerical
    side = report.params["w"].right if scheme == "forward" else report.params["w"].left
    assert np.array_equal(chosen, side)


def test_progress_reaches_the_end(net, batch):
    def note(seen, done, total):
        seen.append((done, total))

    for engine in ("incremental", "full", "reference"):
        seen = []
        fastcheck.gradcheck(net, *batch, engine=engine, params="b2", progress=partial(note, seen))
        assert seen[-1] == (10, 10)


class Logistic:
    """Smooth, and beyond the recorder."""

    def __init__(self, factor):
        rng = np.random.default_rng(0)
        self.params = {"w": rng.standard_normal(6)}
        self.factor = factor

    def loss(self, x, t):
        return np.mean(np.log1p(np.exp(-t * np.einsum("ij,j->i", x, self.params["w"]))))

    def gradient(self, x, t):
        p = 1 / (1 + np.exp(t * (x @ self.params["w"])))
        return {"w": -self.factor * x.T @ (p * t) / len(t)}


@pytest.mark.parametrize(("factor", "verdict"), [(1.0, "pass"), (1.0003, "fail"), (0.9997, "fail")])
def test_curvature_is_no_kink(factor, verdict):
    rng = np.random.default_rng(1)
    x, t = 5 * rng.standard_normal((20, 6)), rng.choice([-1.0, 1.0], 20)
    report = fastcheck.gradcheck(Logistic(factor), x, t)
    assert report.engine == "reference"
    assert report.verdict == verdict
    assert report.params["w"].counts["kink"] == 0


def test_a_bias_before_batch_normalisation_has_no_gradient_and_passes():
    class Normalised:
        def __init__(self, gradient=None):
            rng = np.random.default_rng(0)
            self.params = {"W": rng.standard_normal((3, 2)), "b": rng.standard_normal(2)}
            self.gradient = lambda x, t: gradient

        def loss(self, x, t):
            z = x @ self.params["W"] + self.params["b"]
            z = (z - z.mean(axis=0)) / np.sqrt(z.var(axis=0) + 1e-5)
            return np.sum(z**3)

    x = np.random.default_rng(1).standard_normal((9, 3))
    for engine in ("incremental", "full"):
        numerical = fastcheck.numerical_gradient(Normalised(), x, None, engine=engine)
        for bias, verdict in [([3e-16, -1e-16], "pass"), ([1e-4, 0.0], "fail")]:
            model = Normalised({"W": numerical["W"], "b": np.array(bias)})
            report = fastcheck.gradcheck(model, x, None, engine=engine)
            assert {name: item.verdict for name, item in report.params.items()} == {
                "W": "pass",
                "b": verdict,
            }


@pytest.mark.parametrize(
    ("slope", "verdict"),
    [(0.0, "kink"), (2.0, "kink"), (1.0, "pass"), (-0.1, "fail"), (2.1, "fail")],
)
def test_several_kinks_at_one_place_allow_every_mix_of_their_slopes(slope, verdict):
    class Zero:
        def __init__(self):
            self.params = {"w": np.zeros(1)}

        def loss(self, x, t):
            return np.sum(np.maximum(x * self.params["w"], 0) * t)

        def gradient(self, x, t):
            return {"w": np.full(1, slope)}

    # max(w, 0) - max(-w, 0) is w, yet a backprop has s + s' for it, with s and s' from 0 to 1: what
    # it takes for the derivatives of the two at 0.
    report = fastcheck.gradcheck(Zero(), np.array([1.0, -1.0]), np.array([1.0, -1.0]))
    assert report.params["w"].counts[verdict] == 1


def test_float32(agree, batch):
    net = nn.TwoLayerNet(784, 6, 10, seed=1, dtype="float32", weight_scale=0.1)
    report = fastcheck.gradcheck(net, *batch)
    assert report.engine == "incremental"
    assert report.passed
    # The differences are those of the same network in float64, to rounding.
    wide = nn.TwoLayerNet(784, 6, 10, seed=1, weight_scale=0.1)
    for name, array in wide.params.items():
        array[...] = net.params[name]
    backprop = wide.gradient(batch[0].astype(np.float32).astype(np.float64), batch[1])
    for name, item in report.params.items():
        assert agree(item.numerical, backprop[name], 1e-12), name
    assert report.params["W1"].analytic.dtype == np.float32
    assert report.params["W1"].numerical.dtype == np.float64


class SingleRegression:
    """Linear regression whose parameters are float32, with targets and a gradient in float64."""

    def __init__(self, rng):
        self.params = {"W": rng.normal(size=(50, 4)).astype(np.float32)}

    def loss(self, x, t):
        return np.mean((x @ self.params["W"] - t) ** 2)

    def gradient(self, x, t):
        return {"W": x.T @ (2 * (x @ self.params["W"] - t)) / t.size}


def test_a_gradient_in_float64_of_a_float32_model_is_held_to_float32():
    rng = np.random.default_rng(0)
    model = SingleRegression(rng)
    x = rng.normal(size=(64, 50)).astype(np.float32)
    t = (x @ model.params["W"]).astype(np.float64) + 0.01 * rng.normal(size=(64, 4))
    report = fastcheck.gradcheck(model, x, t)
    assert report.params["W"].analytic.dtype == np.float64
    assert report.verdict == "pass"
    model.gradient = lambda x, t: {"W": 1.1 * SingleRegression.gradient(model, x, t)["W"]}
    assert fastcheck.gradcheck(model, x, t).verdict == "fail"


class Normalised:
    """A layer with a bias before batch normalisation: the bias has no effect."""

    def __init__(self, rng):
        self.params = {
            "W": rng.normal(size=(6, 5)),
            "b": 10.0 + rng.normal(size=5),
            "V": rng.normal(size=(5, 3)),
        }

    def forward(self, x):
        z = x @ self.params["W"] + self.params["b"]
        centred = z - z.mean(axis=0)
        deviation = np.sqrt((centred**2).mean(axis=0) + 1e-5)
        return centred / deviation, deviation

    def loss(self, x, t):
        normal, _ = self.forward(x)
        return np.mean((normal @ self.params["V"] - t) ** 2)

    def gradient(self, x, t):
        normal, deviation = self.forward(x)
        dout = 2 * (normal @ self.params["V"] - t) / t.size
        d = dout @ self.params["V"].T
        dz = (d - d.mean(axis=0) - normal * (d * normal).mean(axis=0)) / deviation
        return {"W": x.T @ dz, "b": dz.sum(axis=0), "V": normal.T @ dout}


@pytest.mark.parametrize("params", [None, "b"])
def test_a_parameter_without_effect_is_seen_beside_the_others_even_if_checked_alone(params):
    rng = np.random.default_rng(1)
    model = Normalised(rng)
    x, t = rng.normal(size=(40, 6)), rng.normal(size=(40, 3))
    assert fastcheck.gradcheck(model, x, t, params=params).verdict == "pass"
    right = model.gradient
    model.gradient = lambda x, t: {**right(x, t), "b": np.full(5, 1e-9)}
    assert fastcheck.gradcheck(model, x, t, params=params).verdict == "fail"


def test_zeros_of_weights_stored_as_outputs_by_inputs():
    class Columns:
        def __init__(self):
            rng = np.random.default_rng(0)
            self.params = {"W1": rng.standard_normal((4, 6)), "b1": np.zeros(4)}

        def loss(self, x, t):
            return 0.5 * np.sum((self.params["W1"] @ x + self.params["b1"][:, None]) ** 2)

        def gradient(self, x, t):
            y = self.params["W1"] @ x + self.params["b1"][:, None]
            return {"W1": y @ x.T, "b1": y.sum(axis=1)}

    x = np.random.default_rng(1).random((6, 9))
    x[[1, 4]] = 0
    report = fastcheck.gradcheck(Columns(), x, None)
    assert report.verdict == "pass"
    assert report.params["W1"].vacuity.unused_inputs == 2
    assert report.params["W1"].vacuity.dead_units == 0
