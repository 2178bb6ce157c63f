import re

import numpy as np
import pytest

from fastcheck import nn
from fastcheck.errors import InvalidArgument, InvalidType


def affine(inputs, outputs, dtype="float64"):
    layer = nn.Affine(inputs, outputs)
    rng = np.random.default_rng(1)
    layer.draw(rng, 0.5, np.dtype(dtype))
    layer.b[...] = rng.standard_normal(outputs)
    return layer


def batch(shape, dtype="float64", seed=2):
    values = np.random.default_rng(seed).standard_normal(shape).astype(dtype)
    # Away from 0, so that no difference steps over Relu's kink.
    values += np.sign(values) * np.array(0.01, dtype)
    values.flags.writeable = False
    return values


def differences(function, array, step=1e-5):
    """Return d function() / d array by central differences; `array` is written to."""
    result = np.empty(array.shape)
    for index in np.ndindex(array.shape):
        saved = array[index]
        array[index] = saved + step
        above = function()
        array[index] = saved - step
        below = function()
        array[index] = saved
        result[index] = (above - below) / (2 * step)
    return result


LAYERS = pytest.mark.parametrize(
    "make",
    [
        lambda d: affine(3, 4, d),
        *(
            lambda _, kind=kind: kind()
            for kind in (nn.LeakyRelu, nn.Relu, nn.Sigmoid, nn.Softplus, nn.Tanh)
        ),
        lambda _: nn.LeakyRelu(0.3),
    ],
)


@LAYERS
def test_backward_agrees_with_central_differences(make):
    layer = make("float64")
    x = batch((5, 3))
    y = layer.forward(x)
    dy = batch(y.shape, seed=3)
    dx, gradients = layer.backward(x, y, dy)

    moving = x.copy()

    def scalar():
        return np.sum(dy * layer.forward(moving))

    np.testing.assert_allclose(dx, differences(scalar, moving), rtol=1e-7, atol=1e-9)
    assert list(gradients) == list(layer.params)
    for name, array in layer.params.items():
        expected = differences(scalar, array)
        np.testing.assert_allclose(gradients[name], expected, rtol=1e-7, atol=1e-9)


@LAYERS
def test_float32_stays_float32(make):
    layer = make("float32")
    x = batch((5, 3), "float32")
    y = layer.forward(x)
    dx, gradients = layer.backward(x, y, batch(y.shape, "float32"))
    assert {a.dtype for a in (y, dx, *gradients.values())} == {np.dtype("float32")}


@LAYERS
def test_nothing_given_is_modified_and_nothing_is_remembered(make):
    layer = make("float64")
    attributes = dict(vars(layer))
    x = batch((5, 3))
    y = layer.forward(x)
    y.flags.writeable = False
    dy = batch(y.shape)
    kept = x.copy(), y.copy(), dy.copy()
    first = layer.backward(x, y, dy)
    layer.forward(batch((2, 3), seed=9))
    second = layer.backward(x, y, dy)
    for before, after in zip(kept, (x, y, dy), strict=True):
        np.testing.assert_array_equal(before, after)
    np.testing.assert_array_equal(first[0], second[0])
    assert list(vars(layer)) == list(attributes)
    assert all(value is attributes[name] for name, value in vars(layer).items())


def test_relu_has_value_and_derivative_0_at_0():
    x = np.array([[-1.0, -0.0, 0.0, 2.0, np.inf]])
    layer = nn.Relu()
    y = layer.forward(x)
    np.testing.assert_array_equal(y, [[0, 0, 0, 2, np.inf]])
    dx, _ = layer.backward(x, y, np.array([[np.inf, 3.0, 3.0, 3.0, 3.0]]))
    np.testing.assert_array_equal(dx, [[0, 0, 0, 3, 3]])


def test_relu_lets_nan_through():
    assert np.isnan(nn.Relu().forward(np.array([[np.nan]]))).all()


def test_affine_params_are_its_attributes():
    layer = affine(3, 4)
    assert list(layer.params) == ["W", "b"]
    assert layer.params["W"] is layer.W
    assert layer.params["b"] is layer.b
    assert (layer.W.shape, layer.b.shape) == ((3, 4), (4,))


def test_layers_follow_the_protocol_and_read_like_their_constructor():
    for layer, text in [
        (nn.Affine(3, 4), "Affine(3, 4)"),
        (nn.LeakyRelu(), "LeakyRelu(0.01)"),
        (nn.LeakyRelu(0), "LeakyRelu(0.0)"),
        (nn.Relu(), "Relu()"),
        (nn.Sigmoid(), "Sigmoid()"),
        (nn.Softplus(), "Softplus()"),
        (nn.Tanh(), "Tanh()"),
    ]:
        assert isinstance(layer, nn.Layer)
        assert repr(layer) == text


def test_affine_without_weights_says_how_to_get_them():
    message = "Affine(3, 4) must have weights; put it into a Network or call draw()"
    with pytest.raises(InvalidArgument, match=f"^{re.escape(message)}$"):
        nn.Affine(3, 4).forward(batch((1, 3)))


@pytest.mark.parametrize(
    ("sizes", "options", "error", "message"),
    [
        ((0, 4), {}, InvalidArgument, "inputs=0 must be an integer >= 1; give the number of"),
        ((3, 4.0), {}, InvalidType, "outputs=4.0 must be an integer >= 1; give the number of"),
        (
            (3, 4),
            {"weight_scale": 0},
            InvalidArgument,
            "weight_scale=0 must be a positive finite number; leave it out",
        ),
        (
            (3, 4),
            {"weight_scale": "he"},
            InvalidType,
            "weight_scale='he' must be a positive finite number; leave it out",
        ),
    ],
)
def test_affine_refuses(sizes, options, error, message):
    with pytest.raises(error, match=f"^{re.escape(message)}"):
        nn.Affine(*sizes, **options)
