"""Every layer and loss, recorded like anyone's NumPy: right ones pass, planted mistakes fail."""

import numpy as np
import pytest

import fastcheck
from fastcheck import nn
from fastcheck.data import one_hot

LABELS = np.array([2, 0, 1, 2, 1])
ONE_HOT = one_hot(LABELS, 3)
X = np.random.default_rng(3).standard_normal((5, 4))
ACTIVATIONS = [nn.LeakyRelu, nn.Relu, nn.Sigmoid, nn.Softplus, nn.Tanh]
LOSSES = [
    nn.SoftmaxCrossEntropy(),
    nn.ClippedSoftmaxCrossEntropy(epsilon=0.1),
    nn.MeanSquaredError(),
]


def network(activation, **options):
    options.setdefault("seed", 1)
    return nn.Network([nn.Affine(4, 5), activation(), nn.Affine(5, 3), activation()], **options)


@pytest.fixture(params=["incremental", "full"])
def check(request):
    """Return ``check(net, t)``, with each of the engines that take a recorded loss."""

    def check(net, t=ONE_HOT):
        report = fastcheck.gradcheck(net, X, t, engine=request.param)
        assert report.engine == request.param
        return report

    return check


def assert_exact(report):
    """What the incremental engine finds is backprop, to the rounding of either."""
    if report.engine == "incremental":
        for name, item in report.params.items():
            # In float32 it is backprop that rounds.
            tolerance = 1e-12 if item.analytic.dtype == np.float64 else 1e-5
            largest = np.abs(item.numerical).max()
            # At a kink backprop gives one of many slopes.
            off = item.error[~item.switched]
            assert np.max(off, initial=0.0) <= tolerance * largest, name


@pytest.mark.parametrize("loss", LOSSES, ids=repr)
@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("l2", [0.0, 0.3])
def test_every_layer_with_every_loss_passes(check, activation, loss, dtype, l2):
    report = check(network(activation, loss=loss, dtype=dtype, l2=l2))
    assert report.verdict == "pass", str(report)
    assert_exact(report)


@pytest.mark.parametrize("t", [LABELS, 0.8 * ONE_HOT + 0.2 / 3], ids=["labels", "probabilities"])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_labels_and_probabilities_pass_too(check, t, dtype):
    report = check(nn.TwoLayerNet(4, 6, 3, weight_scale=0.7, dtype=dtype, l2=0.1), t)
    assert report.verdict == "pass", str(report)
    assert_exact(report)


@pytest.mark.parametrize(("engine", "tolerance"), [("incremental", 1e-13), ("full", 1e-6)])
def test_data_that_are_another_networks_output_stay_recordable(engine, tolerance):
    first, second = network(nn.Softplus), nn.Network([nn.Affine(3, 2)], l2=0.1)

    class Both:
        params = first.params

        def loss(self, x, t):
            return second.loss(first.predict(x), t)

    gradient = fastcheck.numerical_gradient(Both(), X, LABELS % 2, engine=engine)
    # The chain rule by hand: the second network is affine, its loss a softmax cross entropy.
    dz = second.loss_function.gradient(second.predict(first.predict(X)), LABELS % 2)
    dy = dz @ second.params["W1"].T
    last = first.layers[-1]
    z = first.layers[2].forward(first.layers[1].forward(first.layers[0].forward(X)))
    db2 = np.sum(last.backward(z, last.forward(z), dy)[0], axis=0)
    np.testing.assert_allclose(gradient["b2"], db2, rtol=tolerance)


def slope_forgotten(self, x, y, dy):
    return np.where(x > 0, dy, 0), {}


def slope_everywhere(self, x, y, dy):
    return self.slope * dy, {}


def half_of_the_sigmoid(self, x, y, dy):
    return dy * y, {}  # y (1 - y) without its second factor


def sigmoid_of_the_output(self, x, y, dy):
    return dy / (1 + np.exp(-y)), {}


@pytest.mark.parametrize(
    ("activation", "planted"),
    [
        (nn.LeakyRelu, slope_forgotten),
        (nn.LeakyRelu, slope_everywhere),
        (nn.Sigmoid, half_of_the_sigmoid),
        (nn.Softplus, half_of_the_sigmoid),
        (nn.Softplus, sigmoid_of_the_output),
    ],
)
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_a_planted_mistake_in_a_layer_fails(check, activation, planted, dtype, monkeypatch):
    net = network(activation, dtype=dtype)
    assert check(net).passed
    monkeypatch.setattr(activation, "backward", planted)
    report = check(net)
    assert report.verdict == "fail"
    assert report.params["W1"].counts["fail"] > 0


@pytest.mark.parametrize("factor", [0, 0.5, 2])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_a_planted_mistake_in_the_penalty_fails_at_every_weight_and_no_bias(check, factor, dtype):
    net = nn.TwoLayerNet(4, 6, 3, weight_scale=0.7, dtype=dtype, l2=0.3)
    wrong = nn.TwoLayerNet(4, 6, 3, weight_scale=0.7, dtype=dtype, l2=0.3 * factor)
    net.gradient = wrong.gradient  # of the same weights: the seeds are equal
    report = check(net)
    verdicts = {name: item.verdict for name, item in report.params.items()}
    assert verdicts == {"W1": "fail", "b1": "pass", "W2": "fail", "b2": "pass"}


def test_a_penalised_bias_fails(check):
    net = network(nn.Tanh, l2=0.3)
    net.params["b1"][...] = 0.5
    right = net.gradient

    def wrong(x, t):
        gradient = right(x, t)
        return {**gradient, "b1": gradient["b1"] + 0.3 * net.params["b1"]}

    net.gradient = wrong
    assert check(net).params["b1"].verdict == "fail"
