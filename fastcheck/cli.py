"""The command ``fastcheck``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from fastcheck import data, nn
from fastcheck.api import ENGINES, gradcheck
from fastcheck.errors import FastcheckError, InvalidArgument, unknown_choice
from fastcheck.version import __version__

PASSED, FAILED, BAD_USAGE, INCONCLUSIVE, INTERRUPTED = 0, 1, 2, 3, 130

_EXIT_CODES = {
    "pass": PASSED,
    "approximate": PASSED,
    "fail": FAILED,
    "inconclusive": INCONCLUSIVE,
}
LOSSES = {
    "softmax": nn.SoftmaxCrossEntropy,
    "clipped": nn.ClippedSoftmaxCrossEntropy,
    "clipped-classic": lambda: nn.ClippedSoftmaxCrossEntropy(exact=False),
    "mse": nn.MeanSquaredError,
}
ACTIVATIONS = {"relu": nn.Relu, "tanh": nn.Tanh}
_PIXELS, _CLASSES = 784, 10

# A run shorter than this shows no progress bar, in seconds.
_PATIENCE = 1.0


def make_parser() -> argparse.ArgumentParser:
    """Return the parser; `main` only uses it."""
    parser = argparse.ArgumentParser(
        prog="fastcheck", description="Check hand-written backprop against a numerical gradient."
    )
    parser.add_argument("--version", action="version", version=f"fastcheck {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    run = commands.add_parser(
        "run",
        help="check the classic two-layer network on MNIST digits",
        description="Check every weight of the classic two-layer network on the embedded MNIST "
        "digits. Exit code: 0 passed, 1 failed, 2 bad usage, 3 inconclusive, 130 interrupted.",
    )
    network = run.add_argument_group("network")
    network.add_argument(
        "--hidden", type=int, default=50, metavar="N", help="hidden units (default: 50)"
    )
    network.add_argument(
        "--sizes",
        metavar="A,B,...",
        help="units of several hidden layers, instead of --hidden; then He or Glorot weights",
    )
    network.add_argument(
        "--activation",
        default="relu",
        metavar="NAME",
        help=f"after each hidden layer: {' or '.join(ACTIVATIONS)} (default: relu)",
    )
    network.add_argument(
        "--output-relu",
        action=argparse.BooleanOptionalAction,
        default=None,
        help="a ReLU after the last layer (default: yes for the classic network, else no)",
    )
    network.add_argument(
        "--loss",
        default="softmax",
        metavar="NAME",
        help=f"{', '.join(LOSSES)} (default: softmax)",
    )
    network.add_argument("--dtype", default="float64", help="float64 (default) or float32")
    network.add_argument("--seed", type=int, default=0, help="of the weights (default: 0)")
    digits = run.add_argument_group("digits")
    digits.add_argument(
        "--batch", type=int, default=100, metavar="N", help="how many (default: 100)"
    )
    digits.add_argument(
        "--offset", type=int, default=0, metavar="N", help="the first one (default: 0)"
    )
    digits.add_argument(
        "--scale", default="unit", help="unit: pixels in 0..1 (default); raw: 0..255"
    )
    check = run.add_argument_group("check")
    check.add_argument("--engine", default="auto", help=f"{', '.join(ENGINES)} (default: auto)")
    check.add_argument(
        "--step", type=float, metavar="H", help="of the difference (default: the engine's)"
    )
    check.add_argument(
        "--threads", type=int, metavar="N", help="default: every CPU this process may use"
    )
    check.add_argument("--params", metavar="W1,b1,...", help="check only these (default: all)")
    output = run.add_argument_group("output")
    output.add_argument("--json", metavar="PATH", help="also write the report as JSON")
    output.add_argument("--quiet", action="store_true", help="print nothing but errors")
    run.set_defaults(handler=_run)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit code.

    Parameters
    ----------
    arguments
        Without the program's name; by default those of the process.
    """
    options = make_parser().parse_args(arguments)
    errors = Console(stderr=True, soft_wrap=True, highlight=False)
    try:
        return int(options.handler(options))
    except KeyboardInterrupt:
        errors.print("fastcheck: interrupted; every parameter is as it was", markup=False)
        return INTERRUPTED
    except FastcheckError as error:
        errors.print(f"fastcheck: error: {error}", markup=False)
        return BAD_USAGE


def _run(options: argparse.Namespace) -> int:
    model = _network(options)
    x, t = data.mnist(options.batch, scale=options.scale, offset=options.offset)
    console = Console()
    with _writable(options.json), _progress(console, quiet=options.quiet) as progress:
        report = gradcheck(
            model,
            x,
            t,
            engine=options.engine,
            step=options.step,
            threads=options.threads,
            params=None if options.params is None else options.params.split(","),
            progress=progress,
        )
    if options.json is not None:
        report.to_json(options.json)
    if not options.quiet:
        console.print(report)
    return _EXIT_CODES[report.verdict]


def _network(options: argparse.Namespace) -> nn.Network:
    loss = _choice("loss", options.loss, LOSSES)()
    activation = _choice("activation", options.activation, ACTIVATIONS)
    classic = options.sizes is None and activation is nn.Relu
    output_relu = classic if options.output_relu is None else options.output_relu
    if classic:
        return nn.TwoLayerNet(
            _PIXELS,
            options.hidden,
            _CLASSES,
            output_relu=output_relu,
            loss=loss,
            dtype=options.dtype,
            seed=options.seed,
        )
    hidden = [options.hidden] if options.sizes is None else _sizes(options.sizes)
    layers: list[Any] = []
    for inputs, outputs in zip([_PIXELS, *hidden], hidden, strict=False):
        layers += [nn.Affine(inputs, outputs), activation()]
    layers.append(nn.Affine(hidden[-1], _CLASSES))
    if output_relu:
        layers.append(nn.Relu())
    return nn.Network(layers, loss=loss, dtype=options.dtype, seed=options.seed)


def _sizes(text: str) -> list[int]:
    try:
        return [int(part) for part in text.split(",")]
    except ValueError:
        raise InvalidArgument(
            f"sizes={text!r} must be whole numbers with commas between; for instance 256,64"
        ) from None


def _choice(name: str, value: str, choices: dict[str, Any]) -> Any:
    if value not in choices:
        raise unknown_choice(name, value, choices)
    return choices[value]


@contextmanager
def _writable(path: str | None) -> Iterator[None]:
    """Find out before the run, not after it, that the JSON file cannot be written."""
    if path is not None:
        try:
            with open(path, "a", encoding="utf-8"):  # noqa: PTH123 - a path as the user typed it
                pass
        except OSError as error:
            raise InvalidArgument(
                f"json={path!r} cannot be written ({error.strerror}); choose another path"
            ) from None
    yield


@contextmanager
def _progress(console: Console, *, quiet: bool) -> Iterator[Any]:
    """Yield a callback that shows a bar on a terminal once the run exceeds `_PATIENCE`."""
    if quiet or not sys.stdout.isatty():
        yield None
        return
    columns = (
        TextColumn("checking"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(elapsed_when_finished=True),
    )
    with Progress(*columns, console=console, transient=True, disable=False) as progress:
        task = progress.add_task("checking", total=None, visible=False)

        def advance(done: int, total: int) -> None:
            elapsed = progress.tasks[task].elapsed or 0.0
            progress.update(task, completed=done, total=total, visible=elapsed > _PATIENCE)

        yield advance
