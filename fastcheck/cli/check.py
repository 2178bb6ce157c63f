"""``fastcheck check``: a model of the user's."""

from __future__ import annotations

import argparse

from fastcheck.cli.run import checked
from fastcheck.target import built


def handle(options: argparse.Namespace) -> int:
    """Import the callable, let it build the model, check it."""
    return checked(*built(options.target), options)
