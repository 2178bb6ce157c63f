"""The line of the user's code that is running."""

from __future__ import annotations

import sys
from types import FrameType
from pathlib import Path

import numpy as np

from fastcheck.program import Source

# Frames of the recorder and of NumPy are never what the user wants to read.
_OWN = tuple(
    f"{folder}{'/' if '/' in str(folder) else chr(92)}"
    for folder in (Path(__file__).resolve().parent, Path(np.__file__).resolve().parent)
)


def calling_line() -> Source | None:
    """Return the innermost line that belongs neither to the recorder nor to NumPy."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        filename = frame.f_code.co_filename
        if not filename.startswith(_OWN) and not filename.startswith("<__array_function__"):
            return Source(filename, frame.f_lineno)
        frame = frame.f_back  # type: ignore[assignment]
    return None
