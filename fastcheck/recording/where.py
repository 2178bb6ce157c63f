"""The line of the user's code that is running."""

from __future__ import annotations

import functools
import inspect
import os
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np

from fastcheck.program import Source

_ROOT = Path(__file__).resolve().parents[1]
# Frames of fastcheck and of NumPy are never what the user wants to read.
_OWN = tuple(str(folder) + os.sep for folder in (_ROOT, Path(np.__file__).resolve().parent))
# But for the networks that come with it.
_NETWORKS = tuple(str(_ROOT / name) + os.sep for name in ("nn", "planted"))


def calling_line() -> Source | None:
    """Return the innermost line that belongs neither to fastcheck nor to NumPy."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        if _is_users(frame):
            return Source(frame.f_code.co_filename, frame.f_lineno)
        frame = frame.f_back
    return None


def raising_line(error: BaseException) -> Source | None:
    """Return the innermost such line on the way to where `error` was raised."""
    trace, found = error.__traceback__, None
    while trace is not None:
        if _is_users(trace.tb_frame):
            found = Source(trace.tb_frame.f_code.co_filename, trace.tb_lineno)
        trace = trace.tb_next
    return found


def defining_line(function: Callable[..., Any]) -> Source:
    """Return where a function or method is written, as far as it is written in Python."""
    while isinstance(function, functools.partial):
        function = function.func
    code = getattr(inspect.unwrap(function), "__code__", None)
    if code is None:  # an object that can be called
        code = getattr(vars(type(function)).get("__call__"), "__code__", None)
    return Source(code.co_filename, code.co_firstlineno) if code else Source(repr(function), 0)


def _is_users(frame: FrameType) -> bool:
    filename = frame.f_code.co_filename
    if filename.startswith(_NETWORKS):
        return True
    return not filename.startswith((*_OWN, "<__array_function__"))
