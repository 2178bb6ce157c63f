"""What the commands share on a terminal: the progress bar, and a file that must be writable."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from fastcheck.engine.workers import Progress as ProgressCallback
from fastcheck.errors import InvalidArgument

# Differences that take less than this show no progress bar, in seconds.
_PATIENCE = 1.0


@contextmanager
def progress_bar(console: Console, what: str, *, quiet: bool) -> Iterator[ProgressCallback | None]:
    """Yield a callback that shows a bar on a terminal after `_PATIENCE`, by its own first call."""
    if quiet or not sys.stdout.isatty():
        yield None
        return
    columns = (
        TextColumn(what),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(elapsed_when_finished=True),
    )
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task(what, total=None, visible=False, start=False)

        def advance(done: int, total: int) -> None:
            # Not before: compiling the kernels is no progress.
            if not progress.tasks[task].started:
                progress.start_task(task)
            elapsed = progress.tasks[task].elapsed or 0.0
            progress.update(task, completed=done, total=total, visible=elapsed > _PATIENCE)

        yield advance


def check_writable(path: str | None) -> None:
    """Find out before the run, not after it, that the JSON file cannot be written."""
    if path is None:
        return
    new = not Path(path).exists()
    try:
        with Path(path).open("a", encoding="utf-8"):
            pass
        if new:
            Path(path).unlink()
    except OSError as error:
        raise InvalidArgument(
            f"json={path!r} cannot be written ({error.strerror}); choose another path"
        ) from None
