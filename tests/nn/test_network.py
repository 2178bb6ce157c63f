import copy
import pickle
import re
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from fastcheck import data, nn
from fastcheck.errors import InvalidArgument, InvalidType, UnknownChoice

LABELS = np.array([2, 0, 1, 2, 2])
SOFT = np.array([[0.1, 0.2, 0.7], [0.5, 0.2, 0.3], [0, 0.9, 0.1], [0.2, 0.3, 0.5], [0, 0, 1]])
ONE_HOT = data.one_hot(LABELS, 3)
TARGETS = {"labels": LABELS, "one-hot": ONE_HOT, "soft": SOFT}
LOSSES = [nn.SoftmaxCrossEntropy(), nn.ClippedSoftmaxCrossEntropy(), nn.MeanSquaredError()]


def deep(**options):
    layers = [nn.Affine(4, 6), nn.Relu(), nn.Affine(6, 5), nn.Tanh(), nn.Affine(5, 3)]
    return nn.Network(layers, **options)


def smooth(**options):
    layers = [nn.Affine(4, 6), nn.Sigmoid(), nn.Affine(6, 5), nn.Softplus(), nn.Affine(5, 3)]
    return nn.Network([*layers, nn.LeakyRelu(0.2)], **options)


def classic(**options):
    return nn.TwoLayerNet(4, 6, 3, weight_scale=0.7, **options)


def changed(array, index, value):
    array = np.array(array)
    array[index] = value
    return array


NETWORKS = {
    "deep": deep,
    "smooth": smooth,
    "penalised": lambda **options: deep(l2=0.3, **options),
    "classic": classic,
    "without output relu": lambda **options: classic(output_relu=False, **options),
    "linear": lambda **options: nn.Network([nn.Affine(4, 3)], **options),
}
every_network = pytest.mark.parametrize("make", NETWORKS.values(), ids=NETWORKS)
every_target = pytest.mark.parametrize("t", TARGETS.values(), ids=TARGETS)


def inputs(samples=5, seed=3):
    x = np.random.default_rng(seed).standard_normal((samples, 4))
    x.flags.writeable = False
    return x


def differences(network, x, t, step=1e-5):
    """Return the central differences of the loss, as the classic loop does."""
    result = {}
    for name, array in network.params.items():
        result[name] = np.empty(array.shape)
        for index in np.ndindex(array.shape):
            saved = array[index]
            array[index] = saved + step
            above = network.loss(x, t)
            array[index] = saved - step
            below = network.loss(x, t)
            array[index] = saved
            result[name][index] = (above - below) / (2 * step)
    return result


@every_network
@every_target
@pytest.mark.parametrize("loss", LOSSES, ids=repr)
def test_gradient_agrees_with_central_differences(make, t, loss):
    network = make(loss=loss, seed=4)
    x = inputs()
    gradient = network.gradient(x, t)
    assert list(gradient) == list(network.params)
    for name, expected in differences(network, x, t).items():
        np.testing.assert_allclose(gradient[name], expected, rtol=1e-6, atol=1e-9)


def test_params_are_the_live_arrays_in_layer_order():
    network = deep()
    assert list(network.params) == ["W1", "b1", "W2", "b2", "W3", "b3"]
    affines = network.layers[::2]
    for number, affine in enumerate(affines, start=1):
        assert network.params[f"W{number}"] is affine.W
        assert network.params[f"b{number}"] is affine.b
    before = network.predict(inputs())
    network.params["b3"] += 1
    np.testing.assert_allclose(network.predict(inputs()), before + 1)


@pytest.mark.parametrize("clone", [copy.deepcopy, lambda n: pickle.loads(pickle.dumps(n))])
def test_a_copy_has_live_params_of_its_own(clone):
    network = deep()
    other = clone(network)
    other.params["W1"][...] = 0
    assert other.layers[0].W is other.params["W1"]
    assert network.layers[0].W.any()


def test_weights_are_he_before_relu_and_glorot_otherwise():
    network = nn.Network(
        [
            *(nn.Affine(300, 200), nn.Relu(), nn.Affine(200, 400), nn.Tanh()),
            *(nn.Affine(400, 100), nn.LeakyRelu(0.5), nn.Affine(100, 30), nn.Sigmoid()),
            *(nn.Affine(30, 20), nn.Softplus(), nn.Affine(20, 10)),
        ]
    )
    rng = np.random.default_rng(0)
    for name, shape, scale in [
        ("1", (300, 200), np.sqrt(2 / 300)),
        ("2", (200, 400), np.sqrt(2 / 600)),
        ("3", (400, 100), np.sqrt(2 / (1.25 * 400))),
        ("4", (100, 30), np.sqrt(2 / 130)),
        ("5", (30, 20), np.sqrt(2 / 50)),
        ("6", (20, 10), np.sqrt(2 / 30)),
    ]:
        expected = scale * rng.standard_normal(shape)
        np.testing.assert_allclose(network.params["W" + name], expected, rtol=1e-15)
        assert not network.params["b" + name].any()


def test_weight_scale_of_the_affine_comes_first():
    network = nn.Network([nn.Affine(3, 4, weight_scale=0.01), nn.Relu(), nn.Affine(4, 2)])
    expected = 0.01 * np.random.default_rng(0).standard_normal((3, 4))
    np.testing.assert_array_equal(network.params["W1"], expected)


def test_two_layer_net_is_the_classic_network():
    network = nn.TwoLayerNet(784, 50, 10)
    assert repr(network) == (
        "TwoLayerNet([Affine(784, 50), Relu(), Affine(50, 10), Relu()], loss=SoftmaxCrossEntropy())"
    )
    assert {name: a.shape for name, a in network.params.items()} == {
        "W1": (784, 50),
        "b1": (50,),
        "W2": (50, 10),
        "b2": (10,),
    }
    rng = np.random.default_rng(0)
    for name in ("W1", "W2"):
        expected = 0.01 * rng.standard_normal(network.params[name].shape)
        np.testing.assert_array_equal(network.params[name], expected)
    x, t = data.mnist(100)
    assert network.loss(x, t) == pytest.approx(np.log(10), rel=0.01)
    assert len(nn.TwoLayerNet(784, 50, 10, output_relu=False).layers) == 3


def test_the_seed_decides_the_weights():
    first, again, other = deep(seed=1), deep(seed=1), deep(seed=2)
    np.testing.assert_array_equal(first.params["W2"], again.params["W2"])
    assert (first.params["W2"] != other.params["W2"]).all()


@every_target
@pytest.mark.parametrize("loss", LOSSES, ids=repr)
@every_network
def test_float32_stays_float32(make, t, loss):
    network, double = make(dtype=np.float32, loss=loss), make(loss=loss)
    x = inputs()
    gradient = network.gradient(x, t)
    results = [network.predict(x), network.loss(x, t), *gradient.values()]
    assert {a.dtype for a in [*results, *network.params.values()]} == {np.dtype("float32")}
    for name, expected in double.gradient(x, t).items():
        np.testing.assert_allclose(gradient[name], expected, rtol=1e-4, atol=1e-6)
        np.testing.assert_array_equal(network.params[name], double.params[name].astype(np.float32))


@every_network
@every_target
def test_nothing_given_is_modified(make, t):
    network, x, t = make(), inputs(), t.copy()
    t.flags.writeable = False
    kept = x.copy(), t.copy(), {name: a.copy() for name, a in network.params.items()}
    for array in network.params.values():
        array.flags.writeable = False
    network.loss(x, t)
    network.gradient(x, t)
    network.accuracy(x, t)
    np.testing.assert_array_equal(x, kept[0])
    np.testing.assert_array_equal(t, kept[1])
    for name, array in network.params.items():
        np.testing.assert_array_equal(array, kept[2][name])


def test_threads_may_share_a_network():
    network = deep()
    batches = [inputs(samples, seed=samples) for samples in range(1, 6)] * 20
    expected = [network.gradient(x, LABELS[: len(x)]) for x in batches]
    with ThreadPoolExecutor(4) as pool:
        found = pool.map(lambda x: network.gradient(x, LABELS[: len(x)]), batches)
    for one, other in zip(found, expected, strict=True):
        for name in one:
            np.testing.assert_array_equal(one[name], other[name])


@every_target
def test_accuracy_compares_predictions_with_labels(t):
    network = nn.Network([nn.Affine(3, 3)])
    network.params["W1"][...] = np.eye(3)
    predicted = np.array([2, 0, 0, 1, 2])  # the third and the fourth are wrong
    assert network.accuracy(np.eye(3)[predicted], t) == 0.6
    assert network.accuracy(np.eye(3)[LABELS], t) == 1.0
    assert network.accuracy(np.eye(3)[(LABELS + 1) % 3], t) == 0.0


def test_descent_lowers_the_loss_and_raises_the_accuracy():
    network = nn.TwoLayerNet(784, 30, 10, weight_scale=0.1, output_relu=False)
    x, t = data.mnist(100)
    loss, accuracy = network.loss(x, t), network.accuracy(x, t)
    for _ in range(50):
        for name, gradient in network.gradient(x, t).items():
            network.params[name] -= 0.5 * gradient
    assert network.loss(x, t) < loss / 4
    assert network.accuracy(x, t) > max(0.9, accuracy)


def test_inputs_of_any_real_kind():
    network = deep()
    x = np.arange(8).reshape(2, 4) % 2
    expected = network.predict(x.astype(float))
    for same in (x, x.astype(bool), x.astype(np.float32), x.tolist(), np.asfortranarray(x)):
        np.testing.assert_allclose(network.predict(same), expected, rtol=1e-14)


class Doubled:
    """Somebody else's layer, with a parameter of its own."""

    def __init__(self):
        self.params = {"factor": np.array([2.0])}

    def forward(self, x):
        return x * self.params["factor"]

    def backward(self, x, y, dy):
        return dy * self.params["factor"], {"factor": np.array([np.sum(x * dy)])}


def test_a_layer_of_somebody_else_takes_part():
    network = nn.Network([nn.Affine(4, 3), Doubled(), nn.Tanh()])
    assert list(network.params) == ["W1", "b1", "factor2"]
    x = inputs()
    gradient = network.gradient(x, LABELS)
    for name, expected in differences(network, x, LABELS).items():
        np.testing.assert_allclose(gradient[name], expected, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize(
    ("layers", "error", "message"),
    [
        (
            [],
            InvalidArgument,
            "layers=[] must contain an Affine; give for example [Affine(784, 10)]",
        ),
        ([nn.Relu()], InvalidArgument, "layers=[Relu()] must contain an Affine; give for example"),
        (
            [nn.Affine(4, 3), nn.Relu],
            InvalidType,
            (
                "layers[1]=<class 'fastcheck.nn.activations.Relu'> must be a layer, with params, "
                "forward and backward; give an instance such as Relu()"
            ),
        ),
        ([np.tanh], InvalidType, "layers[0]=<ufunc 'tanh'> must be a layer, with params, forward"),
        (
            [nn.Affine(4, 3), nn.Tanh(), nn.Affine(5, 2)],
            InvalidArgument,
            (
                "layers[2]=Affine(5, 2) must have as many inputs as Affine(4, 3) before it has "
                "outputs; give Affine(3, 2)"
            ),
        ),
        (
            [nn.Affine(3, 3)] * 2,
            InvalidArgument,
            "layers[1]=Affine(3, 3) must not be used elsewhere; make a new Affine for each place",
        ),
        (
            deep().layers,
            InvalidArgument,
            "layers[0]=Affine(4, 6) must not be used elsewhere; make a new Affine for each place",
        ),
    ],
)
def test_layers_that_cannot_be_used(layers, error, message):
    with pytest.raises(error, match=f"^{re.escape(message)}"):
        nn.Network(layers)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        (
            {"loss": "softmax"},
            InvalidType,
            (
                "loss='softmax' must be a loss, with loss(z, t) and gradient(z, t); "
                "give an instance such as SoftmaxCrossEntropy()"
            ),
        ),
        (
            {"loss": nn.MeanSquaredError},
            InvalidType,
            "loss=<class 'fastcheck.nn.losses.MeanSquaredError'> must be a loss, with loss(z, t)",
        ),
        (
            {"dtype": "flaot32"},
            UnknownChoice,
            (
                "dtype='flaot32' is unknown; choose from 'float64', 'float32' "
                "(did you mean 'float32'?)"
            ),
        ),
        ({"dtype": None}, UnknownChoice, "dtype=None is unknown; choose from 'float64', 'float32'"),
        ({"dtype": int}, UnknownChoice, "dtype=<class 'int'> is unknown; choose from 'float64'"),
        ({"seed": -1}, InvalidArgument, "seed=-1 must be an integer >= 0; give for example 0"),
        ({"seed": None}, InvalidType, "seed=None must be an integer >= 0; give for example 0"),
        (
            {"l2": -0.1},
            InvalidArgument,
            "l2=-0.1 must be a number >= 0 and < inf; give 0 for no penalty",
        ),
        ({"l2": np.inf}, InvalidArgument, "l2=inf must be a number >= 0 and < inf; give 0"),
        ({"l2": np.nan}, InvalidArgument, "l2=nan must be a number >= 0 and < inf; give 0"),
        ({"l2": "0"}, InvalidType, "l2='0' must be a number >= 0 and < inf; give 0"),
        ({"l2": True}, InvalidType, "l2=True must be a number >= 0 and < inf; give 0"),
    ],
)
def test_options_that_cannot_be_used(options, error, message):
    layers = [nn.Affine(4, 3)]
    with pytest.raises(error, match=f"^{re.escape(message)}"):
        nn.Network(layers, **options)
    nn.Network(layers)  # a refused network leaves its layers free


@pytest.mark.parametrize(
    ("x", "error", "message"),
    [
        (
            np.ones(4),
            InvalidArgument,
            (
                "x.shape=(4,) must be (N, 4), as the first Affine has 4 inputs; "
                "give one row per sample, e.g. x.reshape(-1, 4)"
            ),
        ),
        (np.ones((5, 3)), InvalidArgument, "x.shape=(5, 3) must be (N, 4), as the first Affine"),
        (np.ones((5, 2, 2)), InvalidArgument, "x.shape=(5, 2, 2) must be (N, 4), as the first"),
        (
            np.ones((0, 4)),
            InvalidArgument,
            "x.shape=(0, 4) must have at least one row; give at least one sample",
        ),
        (
            np.ones((5, 4), complex),
            InvalidType,
            "x.dtype=complex128 must be a real dtype; convert x, e.g. with x.astype(float)",
        ),
        (
            [[1, 2, 3, 4], [1]],
            InvalidArgument,
            "x=[[1, 2, 3, 4], [1]] must be an array, but its rows differ in shape; give rows",
        ),
    ],
)
def test_inputs_that_cannot_be_used(x, error, message):
    network = deep()
    for call in (network.loss, network.gradient, network.accuracy, lambda x, _: network.predict(x)):
        with pytest.raises(error, match=f"^{re.escape(message)}"):
            call(x, LABELS)


@pytest.mark.parametrize(
    ("t", "error", "message"),
    [
        (LABELS[:4], InvalidArgument, "t.shape=(4,) must be (5,) for labels or (5, 3) for"),
        (np.ones((5, 4)), InvalidArgument, "t.shape=(5, 4) must be (5,) for labels or (5, 3) for"),
        (LABELS[:, None], InvalidArgument, "t.shape=(5, 1) must be (5,) for labels or (5, 3) for"),
        (LABELS + 1, InvalidArgument, "t[0]=3 must be within 0..2; correct the label"),
        (LABELS * 1.0, InvalidType, "t.dtype=float64 must be an integer dtype for labels; convert"),
        (
            changed(ONE_HOT, (1, 2), np.nan),
            InvalidArgument,
            "t[1, 2]=nan must be finite in float64; correct it or leave that sample out",
        ),
        (changed(ONE_HOT, (4, 0), -np.inf), InvalidArgument, "t[4, 0]=-inf must be finite in"),
    ],
)
@pytest.mark.parametrize("loss", LOSSES, ids=repr)
def test_targets_that_cannot_be_used(loss, t, error, message):
    network = deep(loss=loss)
    for call in (network.loss, network.gradient, network.accuracy):
        with pytest.raises(error, match=f"^{re.escape(message)}"):
            call(inputs(), t)


@pytest.mark.parametrize(
    ("t", "found"),
    [
        (2 * ONE_HOT, "t[0].sum()=2.0 must be 1"),
        (changed(ONE_HOT, (3, 2), 0.0), "t[3].sum()=0.0 must be 1"),
        (changed(ONE_HOT, (3, 2), 1 + 1e-13), "t[3].sum()=1.0000000000001 must be 1"),
        (changed(ONE_HOT, (2, 0), -1.0), "t[2, 0]=-1.0 must not be negative"),
        (np.ones((5, 3), bool), "t[0].sum()=3.0 must be 1"),
        (np.arange(15).reshape(5, 3), "t[0].sum()=3.0 must be 1"),
    ],
)
@pytest.mark.parametrize("loss", LOSSES[:2], ids=repr)
def test_rows_that_are_no_probabilities_are_for_the_squared_error_only(loss, t, found):
    message = (
        f"{found}; give integer labels of shape (5,), one-hot rows or rows of probabilities, "
        "or use MeanSquaredError"
    )
    network = deep(loss=loss)
    for call in (network.loss, network.gradient, network.accuracy):
        with pytest.raises(InvalidArgument, match=f"^{re.escape(message)}$"):
            call(inputs(), t)
    squared = deep(loss=nn.MeanSquaredError())
    assert np.isfinite(squared.loss(inputs(), t))
    assert squared.gradient(inputs(), t).keys() == squared.params.keys()


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("given", ["float64", "float32", "float16"])
def test_probabilities_need_sum_to_1_only_to_rounding(dtype, given):
    p = np.random.default_rng(0).random((200, 7)).astype(given)
    p /= p.sum(axis=1, keepdims=True)
    assert (p.sum(axis=1, dtype=float) != 1).any()
    network = nn.Network([nn.Affine(4, 7)], dtype=dtype)
    assert np.isfinite(network.loss(inputs(200), p))


def test_a_loss_of_ones_own_may_take_any_rows():
    class Linear:
        def loss(self, z, t):
            return np.sum(z * t)

        def gradient(self, z, t):
            return t

    network = deep(loss=Linear())
    t = np.arange(-7.0, 8.0).reshape(5, 3)
    for name, expected in differences(network, inputs(), t).items():
        np.testing.assert_allclose(network.gradient(inputs(), t)[name], expected, atol=1e-7)


@pytest.mark.parametrize(
    ("dtype", "value", "message"),
    [
        ("float64", np.nan, "x[3, 1]=nan must be finite in float64; correct it or leave that"),
        ("float64", np.inf, "x[3, 1]=inf must be finite in float64; correct it or leave that"),
        ("float32", 1e300, "x[3, 1]=1e+300 must be finite in float32; correct it or leave that"),
    ],
)
def test_the_first_input_that_is_not_finite_is_named(dtype, value, message):
    network = deep(dtype=dtype)
    x = changed(changed(inputs(), (3, 1), value), (4, 0), np.nan)
    for call in (network.loss, network.gradient, network.accuracy, lambda x, _: network.predict(x)):
        with pytest.raises(InvalidArgument, match=f"^{re.escape(message)}"):
            call(x, LABELS)


@pytest.mark.parametrize("loss", LOSSES, ids=repr)
@every_target
def test_the_penalty_is_half_the_squared_weights_without_biases(loss, t):
    plain, penalised = deep(loss=loss), deep(loss=loss, l2=np.float32(0.25))
    for network in (plain, penalised):
        for array in network.params.values():
            array[...] += 0.5  # so that a penalty on biases would show
    x = inputs()
    squares = sum(np.sum(plain.params[name] ** 2) for name in ("W1", "W2", "W3"))
    added = penalised.loss(x, t) - plain.loss(x, t)
    assert added == pytest.approx(0.125 * squares, rel=1e-12)
    for name, gradient in plain.gradient(x, t).items():
        decay = 0.25 * plain.params[name] if name.startswith("W") else 0
        np.testing.assert_allclose(penalised.gradient(x, t)[name], gradient + decay, rtol=1e-14)
    np.testing.assert_array_equal(penalised.predict(x), plain.predict(x))
    assert penalised.accuracy(x, t) == plain.accuracy(x, t)


def test_without_penalty_nothing_is_added():
    plain, zero = classic(), classic(l2=0)
    zero.params["W1"][...] = plain.params["W1"][...] = 1e200  # whose square overflows
    assert zero.loss(inputs(), LABELS) == plain.loss(inputs(), LABELS)
    assert repr(zero) == repr(plain)
    assert repr(classic(l2=0.5)) == f"{repr(plain)[:-1]}, l2=0.5)"


def test_a_layer_tells_what_is_penalised():
    class Scale:
        penalised = ("g",)

        def __init__(self):
            self.params = {"g": np.full(3, 2.0), "h": np.ones(3)}

        def forward(self, x):
            return self.params["g"] * x + self.params["h"]

        def backward(self, x, y, dy):
            return self.params["g"] * dy, {"g": np.sum(x * dy, axis=0), "h": np.sum(dy, axis=0)}

    network = nn.Network([nn.Affine(4, 3), Scale()], l2=0.5)
    for name, expected in differences(network, inputs(), LABELS).items():
        found = network.gradient(inputs(), LABELS)[name]
        np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-9)


class Recording(np.lib.mixins.NDArrayOperatorsMixin):
    """A stand-in for a recording array: claims to be an ndarray, refuses to become one."""

    __class__ = property(lambda self: np.ndarray)
    shape = property(lambda self: self.value.shape)
    ndim = property(lambda self: self.value.ndim)
    dtype = property(lambda self: self.value.dtype)

    def __init__(self, value):
        self.value = value

    def __array_ufunc__(self, ufunc, method, *operands, **options):
        assert "out" not in options
        return Recording(getattr(ufunc, method)(*map(plain, operands), **options))

    def __array_function__(self, function, types, operands, options):
        return Recording(function(*map(plain, operands), **options))

    def __getitem__(self, index):
        return Recording(self.value[index])

    def escape(self, *_):
        pytest.fail("the recording ended")

    __array__ = __bool__ = __float__ = __int__ = __index__ = __iter__ = __setitem__ = escape


def plain(value):
    return value.value if type(value) is Recording else value


@every_network
@every_target
@pytest.mark.parametrize("loss", LOSSES, ids=repr)
@pytest.mark.parametrize("wrap", [Recording, np.asarray], ids=["data too", "parameters only"])
def test_the_forward_can_be_recorded(make, t, loss, wrap):
    network = make(loss=loss)
    expected = network.loss(inputs(), t)
    for layer in network.layers:
        for name, array in layer.params.items():
            layer.params[name] = Recording(array)
            setattr(layer, name, layer.params[name])
    # Labels are indices: no recording ever replaces them.
    recorded = network.loss(wrap(inputs()), t if t.ndim == 1 else wrap(t))
    assert type(recorded) is Recording
    assert recorded.value == expected


def test_options_are_keyword_only():
    with pytest.raises(TypeError, match="positional"):
        nn.Network([nn.Affine(4, 3)], nn.MeanSquaredError())
    with pytest.raises(TypeError, match="positional"):
        nn.TwoLayerNet(4, 6, 3, 0.1)
