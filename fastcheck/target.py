"""``package.module:build`` or ``path/to/file.py:build``: the user's callable by name."""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from fastcheck.errors import InvalidArgument, unknown_choice


def built(target: str) -> tuple[Any, Any, Any]:
    """Import the callable, call it, and return the ``(model, x, t)`` that it returns.

    Raises
    ------
    InvalidArgument
        If the target is misspelt, cannot be imported, is not callable or returns something else.
        What the callable itself raises is passed on.
    """
    place, colon, name = target.rpartition(":")
    if not colon or not place or not name:
        raise InvalidArgument(
            f"target={target!r} must be package.module:callable or path/to/file.py:callable; "
            "for instance my_package.my_module:build"
        )
    found = _module(target, place)
    for part in name.split("."):
        if not hasattr(found, part):
            raise unknown_choice(f"target={target!r}: name", part, _public(found))
        found = getattr(found, part)
    if not callable(found):
        raise InvalidArgument(
            f"target={target!r} is {type(found).__name__}, must be callable; "
            "name a function that returns (model, x, t)"
        )
    try:
        result = found()
    except SystemExit as error:
        raise InvalidArgument(
            f"target={target!r} ended the program (SystemExit: {error}), must return "
            "(model, x, t); take the exit out of it"
        ) from error
    if not isinstance(result, tuple) or len(result) != 3:
        raise InvalidArgument(
            f"target={target!r} returned {type(result).__name__}, must return (model, x, t); "
            "return the three as a tuple"
        )
    return result


def _module(target: str, place: str) -> Any:
    """Import a module by name, with the current folder on the path, or from a file."""
    try:
        if place.endswith(".py"):
            return _from_file(Path(place))
        if "" not in sys.path and str(Path.cwd()) not in sys.path:
            sys.path.insert(0, str(Path.cwd()))
        return importlib.import_module(place)
    except (Exception, SystemExit) as error:
        raise InvalidArgument(
            f"target={target!r} cannot be imported: {type(error).__name__}: {error}; "
            "try the import in Python"
        ) from error


def _from_file(path: Path) -> Any:
    if not path.is_file():
        raise FileNotFoundError(f"no such file: {path}")
    # A name of our own: a user's random.py must not stand in for the standard library's.
    name = f"fastcheck_target_{path.stem}"
    specification = importlib.util.spec_from_file_location(name, path.resolve())
    if specification is None or specification.loader is None:
        raise ImportError(f"no Python file: {path}")
    module = importlib.util.module_from_spec(specification)
    # As `python file.py` would have it, but last: its neighbours can be imported.
    sys.path.append(str(path.resolve().parent))
    sys.modules[name] = module
    specification.loader.exec_module(module)
    return module


@contextmanager
def own_imports() -> Iterator[None]:
    """Forget afterwards what the block imported from folders that it added to the path.

    Two jobs may each have a ``layers.py`` of their own.
    """
    path, modules = list(sys.path), set(sys.modules)
    try:
        yield
    finally:
        added = tuple(str(Path(folder)) + os.sep for folder in sys.path if folder not in path)
        sys.path[:] = path
        for name in set(sys.modules) - modules:
            filename = getattr(sys.modules[name], "__file__", None)
            if filename is not None and filename.startswith(added):
                del sys.modules[name]


def _public(thing: Any) -> list[str]:
    return [name for name in vars(thing) if not name.startswith("_")]
