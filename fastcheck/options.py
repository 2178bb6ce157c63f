"""The options of checks and runs, said once for the command line and for job files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Option:
    """One option: ``--name`` on the command line, ``name =`` in a job file.

    Attributes
    ----------
    name
        With underscores, as in the API.
    kind
        int, float, str, bool (``--name/--no-name``) or list (of ints or strings: commas on the
        command line, an array in a job file).
    default
        What holds when it is left out; None: see `help`.
    help
        Half a sentence.
    choices
        The values allowed, if they are few.
    minimum
        The smallest number allowed.
    positive
        Whether a number must be larger than zero.
    metavar
        What stands for the value in the help.
    items
        For a list, the kind of its items.
    """

    name: str
    kind: type
    default: Any
    help: str
    choices: tuple[str, ...] = ()
    minimum: float | None = None
    metavar: str | None = None
    items: type = str
    positive: bool = False

    @property
    def flag(self) -> str:
        """The option on the command line."""
        return "--" + self.name.replace("_", "-")


SCHEMES = ("central", "forward", "backward", "central4")
ENGINES = ("auto", "incremental", "full", "reference")
ACTIVATIONS = ("relu", "leaky-relu", "sigmoid", "softplus", "tanh")
LOSSES = ("softmax", "clipped", "clipped-classic", "mse")
OPINIONS = ("torch",)

NETWORK: tuple[Option, ...] = (
    Option("hidden", int, 50, "hidden units", minimum=1, metavar="N"),
    Option(
        "sizes",
        list,
        None,
        "units of several hidden layers, instead of --hidden; then He or Glorot weights",
        metavar="A,B,...",
        items=int,
        minimum=1,
    ),
    Option("activation", str, "relu", "after each hidden layer", choices=ACTIVATIONS),
    Option(
        "output_relu",
        bool,
        None,
        "a ReLU after the last layer (default: yes for the classic network, else no)",
    ),
    Option("loss", str, "softmax", "the loss", choices=LOSSES),
    Option("l2", float, 0.0, "the L2 penalty on the weights", minimum=0, metavar="C"),
    Option("dtype", str, "float64", "of parameters and pixels", choices=("float64", "float32")),
    Option("seed", int, 0, "of the weights", minimum=0, metavar="N"),
)
DIGITS: tuple[Option, ...] = (
    Option("batch", int, 100, "how many digits", minimum=1, metavar="N"),
    Option("offset", int, 0, "the first digit", minimum=0, metavar="N"),
    Option("scale", str, "unit", "pixels in 0..1, or 0..255", choices=("unit", "raw")),
    Option(
        "data_root",
        str,
        None,
        "a folder with torchvision's MNIST files (default: the embedded digits)",
        metavar="PATH",
    ),
    Option("split", str, "train", "of --data-root", choices=("train", "test")),
)
CHECK: tuple[Option, ...] = (
    Option("engine", str, "auto", "how to differentiate", choices=ENGINES),
    Option(
        "step",
        float,
        None,
        "of the difference (default: the engine's own)",
        metavar="H",
        positive=True,
    ),
    Option("scheme", str, "central", "which points are differenced", choices=SCHEMES),
    Option(
        "threads",
        int,
        None,
        "workers (default: every CPU this process may use)",
        minimum=1,
        metavar="N",
    ),
    Option("params", list, None, "check only these (default: all)", metavar="W1,b1,..."),
    Option(
        "rtol",
        float,
        None,
        "the share of the gradient within which a systematic error is approximate "
        "(default: 1e-5, in float32 1e-3)",
        metavar="R",
        positive=True,
    ),
    Option("strict", bool, False, "an approximate gradient fails"),
    Option(
        "second_opinion",
        str,
        None,
        "also show the gradient that this library's autograd gives",
        choices=OPINIONS,
    ),
)
RUN = (*NETWORK, *DIGITS, *CHECK)


def defaults(options: Sequence[Option]) -> dict[str, Any]:
    """Return every option's default by name."""
    return {option.name: option.default for option in options}
