"""Find what a function can reach, and swap it for the time of a recording.

Instances, containers, closures, defaults, classes and the globals that the code names are followed
from the model's loss on. Every float array found is replaced; everything touched is put back
afterwards, so that attributes and caches which the recorded run leaves on the user's objects vanish
too.
"""

from __future__ import annotations

import functools
import sys
import types
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

# Code of these is never the user's: following it leads into the whole interpreter.
_FOREIGN = frozenset(sys.stdlib_module_names) | {
    "numpy",
    "scipy",
    "numba",
    "llvmlite",
    "rich",
    "torch",
}

Replacement = Callable[[Any], Any]


@contextmanager
def swapped(roots: tuple[Any, ...], replacement: Replacement) -> Iterator[tuple[Any, ...]]:
    """Replace what `roots` can reach; yield the roots themselves, replaced; put back at the end.

    Parameters
    ----------
    roots
        Objects to start from: bound methods, functions, arrays, containers.
    replacement
        Called with every leaf (anything that is not followed); returns its substitute or the leaf
        itself.
    """
    swap = _Swap(replacement)
    try:
        yield tuple(swap.visit(root) for root in roots)
    finally:
        swap.restore()


class _Swap:
    def __init__(self, replacement: Replacement) -> None:
        self._replacement = replacement
        self._undo: list[Callable[[], Any]] = []
        self._results: dict[int, Any] = {}
        # Keeps every visited object alive, so that no id() is used twice.
        self._visited: list[Any] = []
        self._followers: tuple[tuple[Any, Callable[[Any], Any]], ...] = (
            (tuple, self._tuple),
            (dict, self._mapping),
            (list, self._list),
            (functools.partial, self._partial),
            (types.MethodType, self._method),
            ((staticmethod, classmethod, property), self._wrapper),
            (type, self._class),
        )

    def restore(self) -> None:
        for undo in reversed(self._undo):
            undo()

    def visit(self, thing: Any) -> Any:
        """Return what to put in the place of `thing`: itself, changed inside, or a substitute."""
        key = id(thing)
        if key in self._results:
            return self._results[key]
        self._visited.append(thing)
        self._results[key] = thing
        self._results[key] = result = self._visited_once(thing)
        return result

    def _visited_once(self, thing: Any) -> Any:
        for kinds, follow in self._followers:
            if isinstance(thing, kinds):
                return follow(thing)
        if isinstance(thing, types.FunctionType) and not _is_foreign(thing.__module__):
            return self._function(thing)
        if isinstance(thing, types.SimpleNamespace) or _is_users(type(thing)):
            return self._instance(thing)
        return self._replacement(thing)

    def _partial(self, thing: functools.partial[Any]) -> functools.partial[Any]:
        self.visit(thing.func)
        self._mapping(thing.keywords)
        args = self.visit(thing.args)
        if args is thing.args:
            return thing
        return functools.partial(thing.func, *args, **thing.keywords)

    def _method(self, thing: types.MethodType) -> types.MethodType:
        self.visit(thing.__self__)
        self.visit(thing.__func__)
        return thing

    def _wrapper(self, thing: Any) -> Any:
        self.visit(thing.fget if isinstance(thing, property) else thing.__func__)
        return thing

    def _tuple(self, thing: tuple[Any, ...]) -> tuple[Any, ...]:
        items = [self.visit(item) for item in thing]
        if all(new is old for new, old in zip(items, thing, strict=True)):
            return thing
        return type(thing)(*items) if hasattr(thing, "_fields") else tuple(items)

    def _mapping(self, thing: dict[Any, Any]) -> dict[Any, Any]:
        before = dict(thing)

        def undo() -> None:
            thing.clear()
            thing.update(before)

        self._undo.append(undo)
        for name, value in before.items():
            new = self.visit(value)
            if new is not value:
                thing[name] = new
        return thing

    def _list(self, thing: list[Any]) -> list[Any]:
        before = list(thing)
        self._undo.append(lambda: thing.__setitem__(slice(None), before))
        thing[:] = [self.visit(item) for item in before]
        return thing

    def _function(self, function: types.FunctionType) -> types.FunctionType:
        for cell in function.__closure__ or ():
            self._cell(cell)
        self._attribute(function, "__defaults__")
        if function.__kwdefaults__:
            self._mapping(function.__kwdefaults__)
        self._globals(function.__globals__, _names(function.__code__))
        return function

    def _cell(self, cell: types.CellType) -> None:
        try:
            value = cell.cell_contents
        except ValueError:  # not bound yet
            return
        self._undo.append(lambda: setattr(cell, "cell_contents", value))
        cell.cell_contents = self.visit(value)

    def _globals(self, namespace: dict[str, Any], names: frozenset[str]) -> None:
        for name in names & namespace.keys():
            value = namespace[name]
            if isinstance(value, types.ModuleType):
                if not _is_foreign(value.__name__):
                    self._globals(vars(value), names)
                    continue
                new = self._replacement(value)
            else:
                new = self.visit(value)
            if new is not value:
                namespace[name] = new
                self._undo.append(functools.partial(namespace.__setitem__, name, value))

    def _class(self, cls: type) -> type:
        for base in cls.__mro__:
            if not _is_users(base):
                continue
            for name, value in list(vars(base).items()):
                if name.startswith("__") and not callable(value):
                    continue
                new = self.visit(value)
                if new is not value:
                    setattr(base, name, new)
                    self._undo.append(functools.partial(setattr, base, name, value))
        return cls

    def _instance(self, thing: Any) -> Any:
        self._class(type(thing))
        if hasattr(thing, "__dict__"):
            self._mapping(thing.__dict__)
        for base in type(thing).__mro__:
            slots = vars(base).get("__slots__", ())
            for name in (slots,) if isinstance(slots, str) else slots:
                if hasattr(thing, name) and isinstance(
                    vars(base).get(name), types.MemberDescriptorType
                ):
                    self._attribute(thing, name)
        return thing

    def _attribute(self, thing: Any, name: str) -> None:
        value = getattr(thing, name)
        # object's own setter: a frozen dataclass refuses an ordinary one.
        self._undo.append(lambda: object.__setattr__(thing, name, value))
        new = self.visit(value)
        if new is not value:
            object.__setattr__(thing, name, new)


def _names(code: types.CodeType) -> frozenset[str]:
    """Return the global and attribute names that the code and the functions inside it use."""
    inner = (
        _names(constant) for constant in code.co_consts if isinstance(constant, types.CodeType)
    )
    return frozenset(code.co_names).union(*inner)


def _is_users(cls: type) -> bool:
    return not _is_foreign(cls.__module__)


def _is_foreign(module: str | None) -> bool:
    package, _, rest = (module or "builtins").partition(".")
    if package == "fastcheck":
        # Our own layers are recorded like anyone's; swapping inside the recorder would be a
        # disaster.
        return rest.partition(".")[0] != "nn"
    return package in _FOREIGN
