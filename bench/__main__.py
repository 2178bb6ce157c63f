"""``python -m bench``: measure, and print side by side."""

# NumPy must not be loaded when this module is: `main` may first have to start another process.

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fastcheck.errors import FastcheckError

if TYPE_CHECKING:
    from bench.section import Section, Tell

# Makes OpenBLAS use another processor's kernels: a timing of them would be nobody's.
FOREIGN_KERNELS = "OPENBLAS_CORETYPE"

PARTS = {
    "classic": "engines and peers side by side on the classic network",
    "accuracy": "errors over seeds, output ReLU, pixels and losses",
    "deep": "a deep network: time, threads, error, memory",
    "growth": "time by batch and hidden units",
    "start": "whole processes, and where their time goes",
}

_BAD_USAGE, _INTERRUPTED = 2, 130
_WIDTH = 150  # where the output is no terminal


def make_parser() -> argparse.ArgumentParser:
    """Return the parser; `main` only uses it."""
    parser = argparse.ArgumentParser(
        prog="python -m bench",
        description="Time fastcheck and other gradient checkers side by side with the classic "
        "Python loop, on MNIST digits, and measure their errors. All parts: a few minutes.",
        epilog="Parts: " + "; ".join(f"{name}: {words}" for name, words in PARTS.items()) + ".",
    )
    parser.add_argument(
        "parts", nargs="*", metavar="PART", help=f"{', '.join(PARTS)} (default: all)"
    )
    parser.add_argument(
        "--rounds",
        type=_positive,
        metavar="N",
        help="in each, every competitor has one turn; the slow ones only in the first "
        "(default: 3 for classic, more elsewhere)",
    )
    parser.add_argument(
        "--batch", type=_positive, default=100, metavar="N", help="classic: digits (default: 100)"
    )
    parser.add_argument(
        "--hidden",
        type=_positive,
        default=50,
        metavar="N",
        help="classic: hidden units (default: 50)",
    )
    parser.add_argument("--json", metavar="PATH", help="also write everything measured as JSON")
    parser.add_argument(
        "--markdown", action="store_true", help="print the tables as the README has them"
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
    for part in options.parts:
        if part not in PARTS:
            parser.error(f"part={part!r} must be one of {', '.join(PARTS)}")
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


def measure(
    part: str, *, rounds: int | None = None, batch: int = 100, hidden: int = 50, tell: Tell
) -> Section:
    """Measure one part.

    Parameters
    ----------
    part
        One of PARTS.
    rounds, batch, hidden
        As on the command line.
    tell
        Called with what is about to run.
    """
    from bench import accuracy, classic, cold_start, deep, growth

    if part == "classic":
        return classic.measure(tell=tell, rounds=rounds, batch=batch, hidden=hidden)
    if part == "accuracy":
        return accuracy.measure(tell=tell)
    if part == "deep":
        return deep.measure(tell=tell, rounds=rounds)
    if part == "growth":
        return growth.measure(tell=tell, rounds=rounds)
    return cold_start.measure(tell=tell, rounds=rounds)


def _report(options: argparse.Namespace) -> None:
    """Measure the parts and print each as soon as it is measured."""
    from rich.console import Console

    from bench.table import as_json, machine_words, markdown, renderable

    console = Console()
    console = console if console.is_terminal else Console(width=_WIDTH)
    sections = {}
    for part in options.parts or PARTS:
        with _progress() as tell:
            section = measure(
                part,
                rounds=options.rounds,
                batch=options.batch,
                hidden=options.hidden,
                tell=tell,
            )
        sections[part] = section
        if options.markdown:
            print(markdown(section), flush=True)
        else:
            console.print(renderable(section))
    machine = _machine()
    print(machine_words(machine))
    if options.json is not None:
        Path(options.json).write_text(as_json(sections, machine), encoding="utf-8")


def _machine() -> dict[str, Any]:
    """Return what the timings depend on, with BLAS as it was."""
    from bench.machine import machine
    from bench.timing import one_blas_thread

    with one_blas_thread():
        return machine()


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
