"""The classic network, and its variations, from the options of ``fastcheck run``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Any

from fastcheck import data, nn
from fastcheck.errors import check_integer, unknown_choice

_PIXELS, _CLASSES = 784, 10

_LOSSES: dict[str, Callable[[], Any]] = {
    "softmax": nn.SoftmaxCrossEntropy,
    "clipped": nn.ClippedSoftmaxCrossEntropy,
    "clipped-classic": lambda: nn.ClippedSoftmaxCrossEntropy(exact=False),
    "mse": nn.MeanSquaredError,
}
_ACTIVATIONS: dict[str, Callable[[], Any]] = {
    "relu": nn.Relu,
    "leaky-relu": nn.LeakyRelu,
    "sigmoid": nn.Sigmoid,
    "softplus": nn.Softplus,
    "tanh": nn.Tanh,
}


def build(options: Mapping[str, Any]) -> tuple[nn.Network, Any, Any]:
    """Return the network and the batch of digits.

    Parameters
    ----------
    options
        A value for each of `fastcheck.options.NETWORK` and `DIGITS`.

    Raises
    ------
    InvalidArgument, UnknownChoice, DataError
        If an option is out of range or the digits cannot be read.
    """
    for name in ("hidden", "batch"):
        check_integer(name, options[name], minimum=1, remedy="leave it out for that of the classic")
    model = _network(options)
    x, t = data.mnist(
        options["batch"],
        root=options["data_root"],
        split=options["split"],
        scale=options["scale"],
        offset=options["offset"],
    )
    return model, x, t


def _network(options: Mapping[str, Any]) -> nn.Network:
    loss = _chosen("loss", options["loss"], _LOSSES)()
    activation = _chosen("activation", options["activation"], _ACTIVATIONS)
    shared = {name: options[name] for name in ("dtype", "seed", "l2")}
    classic = options["sizes"] is None and activation is nn.Relu
    output_relu = classic if options["output_relu"] is None else options["output_relu"]
    if classic:
        sizes = (_PIXELS, options["hidden"], _CLASSES)
        return nn.TwoLayerNet(*sizes, output_relu=output_relu, loss=loss, **shared)
    hidden = [options["hidden"]] if options["sizes"] is None else options["sizes"]
    layers: list[Any] = []
    for inputs, outputs in pairwise([_PIXELS, *hidden]):
        layers += [nn.Affine(inputs, outputs), activation()]
    layers.append(nn.Affine(hidden[-1], _CLASSES))
    if output_relu:
        layers.append(nn.Relu())
    return nn.Network(layers, loss=loss, **shared)


def _chosen(name: str, value: str, choices: Mapping[str, Callable[[], Any]]) -> Callable[[], Any]:
    if value not in choices:
        raise unknown_choice(name, value, choices)
    return choices[value]
