"""The argument parser, made from the table of options."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any, NoReturn

from fastcheck.errors import InvalidArgument, unknown_choice
from fastcheck.options import CHECK, DIGITS, NETWORK, Option
from fastcheck.version import __version__

_EXIT_CODES = "Exit code: 0 passed, 1 failed, 2 bad usage, 3 inconclusive, 130 interrupted."


class _Parser(argparse.ArgumentParser):
    """Raises its errors, so that they look like every other error of ours."""

    def error(self, message: str) -> NoReturn:
        raise InvalidArgument(f"{message}; see {self.prog} --help")


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Return the options.

    Raises
    ------
    UnknownChoice
        For an option that the command does not have; with the nearest one that it has.
    InvalidArgument
        For every other misuse.
    """
    options, rest = make_parser().parse_known_args(arguments)
    if rest:
        raise unknown_choice("option", rest[0].partition("=")[0], options.flags)
    return options


def make_parser() -> argparse.ArgumentParser:
    """Return the parser; each command's ``handler`` returns the function that runs it."""
    parser = _Parser(
        prog="fastcheck", description="Check hand-written backprop against a numerical gradient."
    )
    parser.add_argument("--version", action="version", version=f"fastcheck {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _add_run(commands)
    _add_check(commands)
    _add_batch(commands)
    _add_selftest(commands)
    _add_info(commands)
    return parser


def _add_run(commands: Any) -> None:
    run = commands.add_parser(
        "run",
        help="check the classic two-layer network on MNIST digits",
        description="Check every weight of the classic two-layer network, or of a variation, on "
        f"MNIST digits. {_EXIT_CODES}",
    )
    _add_group(run, "network", NETWORK)
    _add_group(run, "digits", DIGITS)
    _add_group(run, "check", CHECK)
    _add_plant(run)
    _add_output(run)
    _finish(run, "run")


def _add_check(commands: Any) -> None:
    check = commands.add_parser(
        "check",
        help="check your own model",
        description="Check every weight of the model that a callable of yours builds. "
        f"{_EXIT_CODES}",
    )
    check.add_argument(
        "target",
        metavar="TARGET",
        help="package.module:build or path/to/file.py:build, a callable that returns (model, x, t)",
    )
    _add_group(check, "check", CHECK)
    _add_output(check)
    _finish(check, "check")


def _add_batch(commands: Any) -> None:
    batch = commands.add_parser(
        "batch",
        help="run a list of checks from a TOML file",
        description="Run the jobs of a TOML file, one line per job. "
        "Exit code: the first of 130, 1, 3, 2, 0 that occurred.",
    )
    batch.add_argument("jobs", metavar="JOBS.toml", help="the job file, see the README")
    batch.add_argument("--json", metavar="PATH", help="also write one JSON line per job")
    batch.add_argument("--quiet", action="store_true", help="print nothing but errors")
    _finish(batch, "batch")


def _add_selftest(commands: Any) -> None:
    selftest = commands.add_parser(
        "selftest",
        help="see on this machine that correct networks pass and planted mistakes fail",
        description="Check small random networks: correct ones, which must pass, and ones with a "
        "mistake planted in their backprop, which must fail. "
        "Exit code: 0 if all is as it must be, else 1.",
    )
    selftest.add_argument("--list", action="store_true", help="list the mistakes, check nothing")
    selftest.add_argument(
        "--seed",
        type=int,
        default=0,
        metavar="N",
        help="of the networks and of where mistakes are planted (default: 0)",
    )
    _finish(selftest, "selftest")


def _add_info(commands: Any) -> None:
    info = commands.add_parser(
        "info", help="show versions, CPU, threads, BLAS and the cache folder"
    )
    _finish(info, "info")


def _add_plant(parser: argparse.ArgumentParser) -> None:
    parser.add_argument_group("planted mistake").add_argument(
        "--plant",
        metavar="NAME",
        help="plant this mistake in the network's backprop, to see it found; "
        "fastcheck selftest --list tells their names",
    )


def _add_output(parser: argparse.ArgumentParser) -> None:
    output = parser.add_argument_group("output")
    output.add_argument("--json", metavar="PATH", help="also write the report as JSON")
    amount = output.add_mutually_exclusive_group()
    amount.add_argument("--quiet", action="store_true", help="print nothing but errors")
    amount.add_argument(
        "--verbose", action="store_true", help="print everything, even beyond a screenful"
    )


def _add_group(parser: argparse.ArgumentParser, title: str, options: Sequence[Option]) -> None:
    group = parser.add_argument_group(title)
    for option in options:
        keywords: dict[str, Any] = {"default": option.default}
        if option.kind is bool:
            keywords["action"] = argparse.BooleanOptionalAction
        else:
            keywords["metavar"] = option.metavar or "NAME"
        if option.kind is list:
            keywords["type"] = _list_of(option)
        elif option.kind is not bool:
            keywords["type"] = option.kind
        # Not as a keyword: BooleanOptionalAction would add the default to it in some Pythons.
        group.add_argument(option.flag, **keywords).help = _help(option)


def _finish(parser: argparse.ArgumentParser, command: str) -> None:
    flags = [flag for action in parser._actions for flag in action.option_strings]
    parser.set_defaults(handler=_lazily(command), flags=[f for f in flags if f.startswith("--")])


def _help(option: Option) -> str:
    text = option.help
    if option.choices:
        text += f": {', '.join(option.choices)}"
    if option.kind is not bool and option.default is not None:
        text += f" (default: {option.default})"
    return text


def _list_of(option: Option) -> Callable[[str], list[Any]]:
    def parse(text: str) -> list[Any]:
        try:
            return [option.items(part) for part in text.split(",")]
        except ValueError:
            raise argparse.ArgumentTypeError(
                f"{option.name}={text!r} must be whole numbers with commas between; "
                "for instance 256,64"
            ) from None

    return parse


def _lazily(command: str) -> Callable[[], Callable[[argparse.Namespace], int]]:
    """Return a function that imports the command's module, and with it Numba, only when it runs."""

    def handler() -> Callable[[argparse.Namespace], int]:
        function: Callable[[argparse.Namespace], int] = import_module(
            f"fastcheck.cli.{command}"
        ).handle
        return function

    return handler
