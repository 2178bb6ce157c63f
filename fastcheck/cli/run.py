"""``fastcheck run``: the classic network on MNIST digits."""

from __future__ import annotations

import argparse
from typing import Any

from rich.console import Console

from fastcheck.api import gradcheck
from fastcheck.classic import build
from fastcheck.cli.exits import OF_VERDICT
from fastcheck.cli.terminal import check_writable, progress_bar
from fastcheck.errors import InvalidArgument, UnknownChoice
from fastcheck.nn import Network
from fastcheck.options import CHECK
from fastcheck.planted import Planted, plant
from fastcheck.report.text import renderable


def handle(options: argparse.Namespace) -> int:
    """Build the network, check it, print the report."""
    net, x, t = build(vars(options))
    model = net if options.plant is None else _planted(options.plant, net, options)
    return checked(model, x, t, options)


def _planted(name: str, net: Network, options: argparse.Namespace) -> Planted:
    try:
        planted = plant(name, net, seed=options.seed)
    except UnknownChoice:
        raise
    except InvalidArgument as refused:
        raise InvalidArgument(f"{refused}; see --activation, --sizes, --loss and --l2") from None
    if not options.quiet:
        console = Console()
        console.print(
            f"planted in {planted.place}: {name}. {planted.mistake.summary}",
            highlight=False,
            soft_wrap=not console.is_terminal,
        )
    return planted


def checked(model: Any, x: Any, t: Any, options: argparse.Namespace) -> int:
    """Check a model, show the report as the options say, return the exit code."""
    check_writable(options.json)
    console = Console()
    with progress_bar(console, "checking", quiet=options.quiet) as progress:
        report = gradcheck(
            model,
            x,
            t,
            progress=progress,
            **{option.name: getattr(options, option.name) for option in CHECK},
        )
    if options.json is not None:
        report.to_json(options.json)
    if not options.quiet:
        console.print(renderable(report, verbose=options.verbose))
    return OF_VERDICT[report.verdict]
