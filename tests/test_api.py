"""The public functions, on small networks."""

from __future__ import annotations

import threading
from functools import partial

import numpy as np
import pytest

import fastcheck
from fastcheck import data, nn
from fastcheck.errors import CannotRecord, InvalidArgument, InvalidType, UnknownChoice


class Wrapped:
    """A correct network with something about it changed."""

    def __init__(self, **changes):
        self.net = nn.TwoLayerNet(784, 6, 10, seed=1)
        self.params = self.net.params
        for name, value in changes.items():
            setattr(self, name, value)

    def loss(self, x, t):
        return self.net.loss(x, t)

    def gradient(self, x, t):
        return self.net.gradient(x, t)


class Unrecordable(Wrapped):
    def loss(self, x, t):
        loss = self.net.loss(x, t)
        return loss if loss > 0 else loss + 1


@pytest.fixture(scope="module")
def batch():
    return data.mnist(8)


@pytest.fixture
def net():
    return nn.TwoLayerNet(784, 6, 10, seed=1)


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


def test_numerical_gradient_is_like_params(net, batch):
    gradient = fastcheck.numerical_gradient(net, *batch)
    backprop = net.gradient(*batch)
    assert list(gradient) == list(net.params)
    for name, array in gradient.items():
        assert agree(array, backprop[name], 1e-13)


def agree(one, other, tolerance):
    """Whether two gradients agree to a share of the largest entry."""
    return np.abs(one - other).max() <= tolerance * np.abs(other).max()


SCHEMES = ["central", "forward", "backward", "central4"]


@pytest.mark.parametrize("engine", ["auto", "incremental", "full"])
def test_a_program_may_be_given(net, batch, engine):
    program = fastcheck.record(net, *batch)
    again = fastcheck.numerical_gradient(program, engine=engine, params="b2")
    direct = fastcheck.numerical_gradient(net, *batch, engine=engine, params=["b2"])
    assert list(again) == list(direct) == ["b2"]
    assert np.array_equal(again["b2"], direct["b2"])


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_program_may_be_given_with_a_scheme(net, batch, scheme):
    program = fastcheck.record(net, *batch)
    options = {"scheme": scheme, "params": ["W1", "b2"]}
    again = fastcheck.numerical_gradient(program, engine="incremental", **options)
    direct = fastcheck.numerical_gradient(net, *batch, engine="incremental", **options)
    assert list(again) == ["W1", "b2"]
    for name, array in again.items():
        assert np.array_equal(array, direct[name])


def test_a_program_has_no_loss_for_the_reference_engine(net, batch):
    program = fastcheck.record(net, *batch)
    with pytest.raises(InvalidType, match="model=Program has no Python loss"):
        fastcheck.numerical_gradient(program, engine="reference")


def test_options_mean_the_same_for_all_engines(batch):
    net = nn.Network([nn.Affine(784, 6), nn.Tanh(), nn.Affine(6, 10)])
    options = {"step": 2.0**-13, "params": ["b1", "W2"]}
    incremental = fastcheck.numerical_gradient(net, *batch, engine="incremental", **options)
    full = fastcheck.numerical_gradient(net, *batch, engine="full", **options)
    loop = fastcheck.numerical_gradient(net, *batch, engine="reference", **options)
    assert list(incremental) == list(full) == list(loop) == ["b1", "W2"]
    for name in full:
        assert np.abs(full[name] - loop[name]).max() < 5e-11
        assert np.abs(full[name] - incremental[name]).max() < 5e-11


@pytest.mark.parametrize("scheme", SCHEMES)
def test_every_scheme_is_right_to_rounding(batch, scheme):
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
    for share, verdict in [(0.0, "pass"), (0.5, "pass"), (1.0, "pass"), (1.1, "inconclusive")]:
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


def test_what_cannot_be_recorded_goes_to_the_reference_engine_and_says_so(batch):
    model = Unrecordable()
    report = fastcheck.gradcheck(model, *batch, params=["b1", "b2"])
    assert report.engine == "reference"
    assert report.passed
    (note,) = report.notes
    assert "engine reference, since the loss could not be recorded" in note
    assert "test_api.py" in note
    for options in ({"engine": "full"}, {"engine": "incremental"}, {"scheme": "forward"}):
        with pytest.raises(CannotRecord, match=r"a decision \(bool\) at .*test_api.py:\d+"):
            fastcheck.gradcheck(model, *batch, **options)


def test_assert_gradcheck(net, batch):
    assert fastcheck.assert_gradcheck(net, *batch, params="b2").passed
    bad = Wrapped(gradient=lambda x, t: {k: -v for k, v in net.gradient(x, t).items()})
    with pytest.raises(fastcheck.GradientMismatch, match=r"FAIL: 14 of 16") as caught:
        fastcheck.assert_gradcheck(bad, *batch, params=["b1", "b2"])
    assert isinstance(caught.value, AssertionError)
    assert caught.value.report.verdict == "fail"


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"engine": "ful"}, UnknownChoice, r"engine='ful' is unknown; .*did you mean 'full'"),
        ({"threads": 0}, InvalidArgument, r"threads=0 must be an integer >= 1"),
        ({"threads": 1.5}, InvalidType, r"threads=1.5 must be an integer"),
        ({"step": 0.0}, InvalidArgument, r"step=0.0 must be a positive finite number"),
        ({"step": float("nan")}, InvalidArgument, r"step=nan must be a positive"),
        (
            {"step": 1e-30, "engine": "full"},
            InvalidArgument,
            r"step=1e-30 is lost beside W1\[0, 0\]",
        ),
        (
            {"scheme": "centre"},
            UnknownChoice,
            r"scheme='centre' is unknown; choose from 'central', 'forward', 'backward', .central4'",
        ),
        (
            {"scheme": "central4", "engine": "full"},
            InvalidArgument,
            r"scheme='central4' is not for engine='full', .* only; use engine='incremental'",
        ),
        (
            {"scheme": "backward", "engine": "reference"},
            InvalidArgument,
            r"scheme='backward' is not for engine='reference', .* only; use engine='incremental'",
        ),
        ({"params": "W3"}, UnknownChoice, r"params='W3' is unknown; choose from 'W1', 'b1'"),
        ({"params": []}, InvalidArgument, r"params=\[\] names no parameter"),
        ({"params": 3}, InvalidType, r"params=3 is no name and no list of names; leave it out"),
    ],
)
@pytest.mark.parametrize("function", [fastcheck.gradcheck, fastcheck.numerical_gradient])
def test_bad_options(net, function, options, error, message):
    batch = data.mnist(8)
    with pytest.raises(error, match=message):
        function(net, *batch, **options)


def test_a_model_without_gradient(batch):
    class Half:
        def __init__(self):
            self.params = {"w": np.zeros(2)}

        def loss(self, x, t):
            return (self.params["w"] ** 2).sum()

    with pytest.raises(InvalidType, match=r"model=Half has no method gradient\(x, t\)"):
        fastcheck.gradcheck(Half(), *batch)


@pytest.mark.parametrize(
    ("gradient", "message"),
    [
        (lambda g: None, "gradient returned NoneType, must be a dict like params"),
        (lambda g: {"b1": g["b1"]}, "b2: gradient has no entry for this parameter"),
        (lambda g: {**g, "b2": g["b2"][:3]}, r"b2: its gradient has shape \(3,\), the parameter"),
        (lambda g: {**g, "b2": g["b2"] + 0j}, "b2: its gradient is of dtype complex128"),
    ],
)
def test_unusable_gradients_are_findings(net, batch, gradient, message):
    bad = Wrapped(gradient=lambda x, t: gradient(net.gradient(x, t)))
    report = fastcheck.gradcheck(bad, *batch, params=["b1", "b2"])
    assert report.verdict == "fail"
    with pytest.raises(AssertionError, match=message):
        fastcheck.assert_gradcheck(bad, *batch, params=["b1", "b2"])


class Diverged(Wrapped):
    def __init__(self, value):
        super().__init__()
        self.value = value

    def loss(self, x, t):
        return self.net.loss(x, t) * self.value


@pytest.mark.parametrize("engine", ["auto", "incremental", "full", "reference"])
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_loss_that_is_no_number(batch, engine, value):
    with pytest.raises(InvalidArgument, match=f"model.loss returned {value} at the parameters"):
        fastcheck.gradcheck(Diverged(value), *batch, engine=engine)


@pytest.mark.parametrize("value", [np.nan, -np.inf])
def test_a_parameter_that_is_no_number(net, batch, value):
    net.params["b1"][2] = value
    with pytest.raises(InvalidArgument, match=r"params\['b1'\] holds nan or infinity"):
        fastcheck.gradcheck(net, *batch)


@pytest.mark.parametrize("dtype", [complex, object, np.float16, int])
def test_a_parameter_of_another_kind(batch, dtype):
    model = Wrapped()
    model.params = {**model.params, "extra": np.zeros(2, dtype)}
    with pytest.raises(InvalidType, match=r"params\['extra'\] is of kind .*, must be a float32"):
        fastcheck.gradcheck(model, *batch)


class Elsewhere(Wrapped):
    """Keeps its parameters in memory of an unusual kind."""

    def __init__(self, change):
        super().__init__()
        for layer in self.net.layers[::2]:
            layer.W, layer.b = change(layer.W), change(layer.b)
        first, second = self.net.layers[::2][:2]
        self.params = {"W1": first.W, "b1": first.b, "W2": second.W, "b2": second.b}


def read_only(array):
    array = array.copy()
    array.flags.writeable = False
    return array


def every_second(array):
    wide = np.zeros((*array.shape[:-1], 2 * array.shape[-1]))
    wide[..., ::2] = array
    return wide[..., ::2]


@pytest.mark.parametrize("engine", ["incremental", "full", "reference"])
@pytest.mark.parametrize("change", [read_only, np.asfortranarray, every_second])
def test_parameters_in_unusual_memory(batch, engine, change):
    model = Elsewhere(change)
    before = {name: (array.copy(), array.flags.writeable) for name, array in model.params.items()}
    assert fastcheck.gradcheck(model, *batch, engine=engine, params=["b1", "W2", "b2"]).passed
    for name, array in model.params.items():
        assert np.array_equal(array, before[name][0])
        assert array.flags.writeable == before[name][1]


@pytest.mark.parametrize("engine", ["incremental", "full", "reference"])
def test_an_exception_in_the_middle_of_the_loss(batch, engine):
    class Failing(Wrapped):
        calls = 0

        def loss(self, x, t):
            Failing.calls += 1
            if Failing.calls > 2 + len(before):
                raise ZeroDivisionError("in the middle")
            return self.net.loss(x, t)

    before = {name: array.copy() for name, array in Wrapped().params.items()}
    model = Failing()
    with pytest.raises((ZeroDivisionError, CannotRecord), match=r"in the middle|deterministic"):
        fastcheck.gradcheck(model, *batch, engine=engine)
    for name, array in model.params.items():
        assert type(array) is np.ndarray
        assert np.array_equal(array, before[name])


def test_a_gradient_that_reads_what_loss_left_behind(batch):
    class Textbook(Wrapped):
        def loss(self, x, t):
            self.x, self.t = x, t
            return self.net.loss(x, t)

        def gradient(self, x, t):
            return self.net.gradient(self.x, self.t)

    for engine in ("incremental", "full", "reference"):
        model = Textbook()
        assert fastcheck.gradcheck(model, *batch, engine=engine, params=["b1", "b2"]).passed


def test_a_gradient_that_updates_the_parameters_is_undone(batch):
    class Trainer(Wrapped):
        def gradient(self, x, t):
            gradient = self.net.gradient(x, t)
            for name, array in self.params.items():
                array[...] -= 0.1 * gradient[name]
            return gradient

    model = Trainer()
    before = {name: array.copy() for name, array in model.params.items()}
    fastcheck.gradcheck(model, *batch, params="b2")
    assert all(np.array_equal(array, before[name]) for name, array in model.params.items())


def test_an_accuracy_that_raises_is_a_note(net, batch):
    net.accuracy = lambda x, t: 1 / 0
    report = fastcheck.gradcheck(net, *batch, params="b2")
    assert report.accuracy is None
    assert report.notes == ("no accuracy: ZeroDivisionError: division by zero",)


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


def test_several_kinks_at_one_place_are_not_called_wrong():
    class Zero:
        def __init__(self):
            self.params = {"w": np.zeros(1)}

        def loss(self, x, t):
            return np.sum(np.maximum(x * self.params["w"], 0) * t)

        def gradient(self, x, t):
            return {"w": np.zeros(1)}  # the derivative of ReLU taken as 0 at 0: correct

    report = fastcheck.gradcheck(Zero(), np.array([1.0, -1.0]), np.array([1.0, -1.0]))
    assert report.verdict == "inconclusive"


def test_compiled_code_among_the_globals(batch):
    class Drawing(Wrapped):
        draw = staticmethod(np.random.default_rng)

    assert fastcheck.gradcheck(Drawing(), *batch, engine="full", params="b2").passed


def test_integer_gradients_are_numbers(batch):
    class Line:
        def __init__(self):
            self.params = {"w": np.array([0.5, 0.25])}

        def loss(self, x, t):
            return 3 * self.params["w"].sum()

        def gradient(self, x, t):
            return {"w": [3, 3]}

    assert fastcheck.gradcheck(Line(), *batch).passed


def test_float32(batch):
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


def test_four_threads_at_once(batch):
    nets = [nn.TwoLayerNet(784, 6, 10, seed=seed) for seed in range(4)]
    alone = [fastcheck.numerical_gradient(net, *batch) for net in nets]
    together = [None] * 4

    def work(i):
        together[i] = fastcheck.numerical_gradient(nets[i], *batch)

    workers = [threading.Thread(target=work, args=(i,)) for i in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    for one, other in zip(alone, together, strict=True):
        assert all(np.array_equal(one[name], other[name]) for name in one)


def test_unknown_attribute():
    with pytest.raises(AttributeError, match="module 'fastcheck' has no attribute 'nothing'"):
        fastcheck.nothing  # noqa: B018 - the access is what is tested
    assert set(fastcheck.__all__) <= set(dir(fastcheck))
    assert all(getattr(fastcheck, name) is not None for name in fastcheck.__all__)


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
    model.gradient = lambda x, t: {"W": 1.01 * SingleRegression.gradient(model, x, t)["W"]}
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


def test_a_program_has_its_batch_already():
    net = fastcheck.nn.TwoLayerNet(6, 5, 3)
    x, t = np.random.default_rng(0).random((4, 6)), np.array([0, 1, 2, 0])
    program = fastcheck.record(net, x, t)
    for given in ((x, t), (x,)):
        with pytest.raises(
            InvalidArgument, match=r"x and t are given beside a Program.*leave them"
        ):
            fastcheck.numerical_gradient(program, *given)


def test_a_step_that_would_underflow():
    net = fastcheck.nn.TwoLayerNet(6, 5, 3)
    x, t = np.random.default_rng(0).random((4, 6)), np.array([0, 1, 2, 0])
    with pytest.raises(InvalidArgument, match=r"step=5e-324 is below .*, where differences under"):
        fastcheck.numerical_gradient(net, x, t, step=5e-324)
