"""The command ``fastcheck``.

Only the standard library is imported here: a wrong option is answered at once, and Ctrl-C is ours
to handle from the first moment on.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from fastcheck.cli.exits import BAD_USAGE, INTERRUPTED
from fastcheck.cli.parser import parse
from fastcheck.errors import FastcheckError

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit code.

    Parameters
    ----------
    arguments
        Without the program's name; by default those of the process.
    """
    try:
        options = parse(arguments)
        return int(options.handler()(options))
    except KeyboardInterrupt:
        sys.stderr.write("fastcheck: interrupted; every parameter is as it was\n")
        return INTERRUPTED
    except FastcheckError as error:
        sys.stderr.write(f"fastcheck: error: {error}\n")
        return BAD_USAGE
