"""The line of the user's code that is running."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from types import FrameType

import numpy as np

from fastcheck.program import Source

# Frames of the recorder and of NumPy are never what the user wants to read.
_OWN = tuple(str(Path(module).resolve().parent) + os.sep for module in (__file__, np.__file__))


def calling_line() -> Source | None:
    """Return the innermost line that belongs neither to the recorder nor to NumPy."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        filename = frame.f_code.co_filename
        if not filename.startswith(_OWN) and not filename.startswith("<__array_function__"):
            return Source(filename, frame.f_lineno)
        frame = frame.f_back
    return None
