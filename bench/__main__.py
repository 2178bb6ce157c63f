"""``python -m bench``: print the side-by-side table."""

# NumPy must not be loaded when this module is: `main` may first have to start another process.

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from fastcheck.errors import FastcheckError

if TYPE_CHECKING:
    from bench.table import Measured
    from bench.timing import Tell

# Makes OpenBLAS use another processor's kernels: a timing of them would be nobody's.
FOREIGN_KERNELS = "OPENBLAS_CORETYPE"

_BAD_USAGE, _INTERRUPTED = 2, 130
_WIDTH = 150  # where the output is no terminal


def make_parser() -> argparse.ArgumentParser:
    """Return the parser; `main` only uses it."""
    parser = argparse.ArgumentParser(
        prog="python -m bench",
        description="Time fastcheck's engines and other gradient checkers side by side with the "
        "classic Python loop, on the classic 784-50-10 network and 100 MNIST digits. With the "
        "defaults: about five minutes.",
    )
    parser.add_argument(
        "--rounds",
        type=_positive,
        default=3,
        metavar="N",
        help="in each, every competitor has one turn; the slow peers only in the first "
        "(default: 3)",
    )
    parser.add_argument(
        "--batch", type=_positive, default=100, metavar="N", help="digits (default: 100)"
    )
    parser.add_argument(
        "--hidden", type=_positive, default=50, metavar="N", help="hidden units (default: 50)"
    )
    parser.add_argument("--json", metavar="PATH", help="also write everything measured as JSON")
    parser.add_argument(
        "--markdown", action="store_true", help="print the table as the README has it"
    )
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark and return the exit code.

    Parameters
    ----------
    arguments
        Without the program's name; by default those of the process.
    """
    arguments = sys.argv[1:] if arguments is None else arguments
    parser = make_parser()
    options = parser.parse_args(arguments)
    try:
        if FOREIGN_KERNELS in os.environ:
            return _without_foreign_kernels(arguments)
        if options.json is not None:
            _check_writable(parser, options.json)
        _report(options)
    except KeyboardInterrupt:
        print("bench: interrupted", file=sys.stderr)
        return _INTERRUPTED
    except FastcheckError as error:  # a batch of more digits than there are
        print(f"bench: error: {error}", file=sys.stderr)
        return _BAD_USAGE
    return 0


def measure(*, rounds: int, batch: int, hidden: int, tell: Tell) -> Measured:
    """Time everything.

    Parameters
    ----------
    rounds, batch, hidden
        As on the command line.
    tell
        Called with what is about to run.
    """
    from bench.accurate import precision
    from bench.cases import Sizes
    from bench.cold_start import cold_start
    from bench.competitors import REFERENCE, entrants
    from bench.machine import machine
    from bench.table import Measured, rows_of
    from bench.timing import interleaved, one_blas_thread

    competitors = entrants(Sizes(batch, hidden))
    starts = cold_start(rounds=rounds, tell=tell)
    timings = interleaved(tuple(competitors.values()), rounds=rounds, tell=tell)
    with one_blas_thread():
        surroundings = machine()
    case = competitors[REFERENCE].case
    return Measured(
        rows=rows_of(competitors, timings),
        cold_start=starts.seconds,
        cold_start_medians=starts.medians(),
        batch=batch,
        hidden=hidden,
        parameters=case.parameters,
        dtype=case.dtype,
        rounds=rounds,
        precision=precision(),
        machine=surroundings,
    )


def _report(options: argparse.Namespace) -> None:
    from rich.console import Console

    from bench.table import as_json, markdown, renderable

    with _progress() as tell:
        measured = measure(
            rounds=options.rounds, batch=options.batch, hidden=options.hidden, tell=tell
        )
    if options.json is not None:
        Path(options.json).write_text(as_json(measured), encoding="utf-8")
    if options.markdown:
        print(markdown(measured))
    else:
        console = Console()
        console = console if console.is_terminal else Console(width=_WIDTH)
        console.print(renderable(measured))


@contextmanager
def _progress() -> Iterator[Tell]:
    """Yield a function that shows on the terminal what is running; standard output stays clean."""
    from rich.console import Console

    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda _: None
        return
    with console.status("recording") as status:
        yield status.update


def _without_foreign_kernels(arguments: Sequence[str]) -> int:
    """Run in a child without the variable: OpenBLAS has read it before Python could unset it."""
    environment = {name: value for name, value in os.environ.items() if name != FOREIGN_KERNELS}
    command = [sys.executable, "-m", "bench", *arguments]
    return subprocess.run(command, env=environment, check=False).returncode


def _check_writable(parser: argparse.ArgumentParser, path: str) -> None:
    """Find out before the minutes of measuring, not after them."""
    try:
        with Path(path).open("a", encoding="utf-8"):
            pass
    except OSError as error:
        parser.error(f"json={path!r} cannot be written ({error.strerror}); choose another path")


def _positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{value} must be at least 1")
    return value


if __name__ == "__main__":
    sys.exit(main())
