"""The command ``fastcheck``, and ``python -m fastcheck``: `fastcheck.cli` as a process."""

from __future__ import annotations

import io
import os
import sys

from fastcheck.cli import main
from fastcheck.cli.exits import BAD_USAGE, INTERRUPTED


def run() -> None:
    """Run the command line and leave with its exit code."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        # A name that the terminal's encoding lacks is no reason to fail.
        sys.stdout.reconfigure(errors="replace")
    try:
        code = main()
        sys.stdout.flush()
    except OSError as error:  # a full disk, a closed pipe
        sys.stderr.write(f"fastcheck: error: the output cannot be written ({error.strerror})\n")
        code = BAD_USAGE
    if code == INTERRUPTED:
        # A thread that still compiles cannot be stopped, and LLVM must not be torn down under it.
        os._exit(code)
    sys.exit(code)


if __name__ == "__main__":
    run()
