"""Find what a function can reach, and swap it for the time of a recording.

Instances, containers, closures, defaults, classes and the globals that the code names are followed
from the model's loss on. Every float array found is replaced; everything touched is put back
afterwards, so that attributes and caches which the recorded run leaves on the user's objects vanish
too.
"""

from __future__ import annotations

import functools
import types
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Any

import numpy as np

from fastcheck.recording.foreign import is_foreign
from fastcheck.recording.put_back import (
    MISSING,
    cell_value,
    mapping_type,
    put_back_cell,
    put_back_class,
    put_back_deque,
    put_back_list,
    put_back_mapping,
    put_back_names,
    put_back_set,
    put_back_slot,
    slot_value,
)
from fastcheck.recording.undo import Undo

Replacement = Callable[[Any], Any]

# Of these there may be very many, and nothing is behind them.
_ATOMS = frozenset({bool, bytes, complex, float, int, str, type(None), type(Ellipsis)})

_AROUND_FUNCTIONS = (
    staticmethod,
    classmethod,
    property,
    functools.cached_property,
    type(functools.lru_cache(len)),
)


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
    with closing(Undo()) as undo:
        swap = _Swap(replacement, undo)
        yield tuple(swap.visit(root) for root in roots)


class _Swap:
    """One walk; what it changes is registered with `undo` beforehand."""

    def __init__(self, replacement: Replacement, undo: Undo) -> None:
        self._replacement = replacement
        self._undo = undo
        self._results: dict[int, Any] = {}
        # Keeps every visited object alive, so that no id() is used twice.
        self._visited: list[Any] = []
        self._searched: set[tuple[int, frozenset[str]]] = set()
        self._followers: dict[type, Callable[[Any], Any]] = {
            tuple: self._tuple,
            dict: self._mapping,
            list: self._list,
            set: self._set,
            deque: self._deque,
            types.MappingProxyType: self._read_only_mapping,
            functools.partial: self._partial,
            types.MethodType: self._method,
            types.FunctionType: self._function,
            type: self._class,
        }

    def visit(self, thing: Any) -> Any:
        """Return what to put in the place of `thing`: itself, changed inside, or a substitute."""
        if type(thing) in _ATOMS:
            return thing
        key = id(thing)
        result = self._results.get(key, MISSING)
        if result is MISSING:
            self._visited.append(thing)
            self._results[key] = thing
            self._results[key] = result = self._visited_once(thing)
            # Found again, where two functions name the same global, a substitute stays.
            self._results[id(result)] = result
        return result

    def _visited_once(self, thing: Any) -> Any:
        plain = self._followers.get(type(thing))
        if plain is not None:  # not a subclass, hence no attributes: the most frequent by far
            return plain(thing)
        if isinstance(thing, types.SimpleNamespace) or not is_foreign(type(thing).__module__):
            # A user's subclass of a container has both attributes and items.
            self._instance(thing)
        for kind, follow in self._followers.items():
            if isinstance(thing, kind):
                return follow(thing)
        if isinstance(thing, np.ndarray) and thing.dtype.kind == "O":
            return self._object_array(thing)
        if isinstance(thing, types.ModuleType) and not is_foreign(thing.__name__):
            self._globals(vars(thing), frozenset(vars(thing)))
            return thing
        if isinstance(thing, _AROUND_FUNCTIONS):
            for name in ("__func__", "__wrapped__", "fget", "fset", "func"):
                self.visit(getattr(thing, name, None))
        return self._replacement(thing)

    # Containers.

    def _tuple(self, thing: tuple[Any, ...]) -> tuple[Any, ...]:
        items = [self.visit(item) for item in thing]
        if all(new is old for new, old in zip(items, thing, strict=True)):
            return thing
        return tuple.__new__(type(thing), items)

    def _mapping(self, thing: dict[Any, Any]) -> dict[Any, Any]:
        kind = mapping_type(thing)
        before = dict(kind.items(thing))
        self._undo.callback(put_back_mapping, thing, before)
        for name, value in before.items():
            new = self.visit(value)
            if new is not value:
                kind.__setitem__(thing, name, new)
        return thing

    def _read_only_mapping(self, thing: types.MappingProxyType[Any, Any]) -> Any:
        items = {name: self.visit(value) for name, value in thing.items()}
        changed = any(new is not thing[name] for name, new in items.items())
        return types.MappingProxyType(items) if changed else thing

    def _list(self, thing: list[Any]) -> list[Any]:
        before = list(list.__iter__(thing))
        self._undo.callback(put_back_list, thing, before)
        for i, value in enumerate(before):
            new = self.visit(value)
            if new is not value:
                list.__setitem__(thing, i, new)
        return thing

    def _set(self, thing: set[Any]) -> set[Any]:
        before = set(set.__iter__(thing))
        self._undo.callback(put_back_set, thing, before)
        for item in before:
            self.visit(item)  # hashable, so nothing that is replaced
        return thing

    def _deque(self, thing: deque[Any]) -> deque[Any]:
        before = list(deque.__iter__(thing))
        self._undo.callback(put_back_deque, thing, before)
        put_back_deque(thing, [self.visit(item) for item in before])
        return thing

    def _object_array(self, thing: np.ndarray[Any, Any]) -> Any:
        before = thing.reshape(-1).tolist()
        items = [self.visit(item) for item in before]
        if all(new is old for new, old in zip(items, before, strict=True)):
            return thing
        substitute = np.empty(len(items), object)
        for i, item in enumerate(items):
            substitute[i] = item
        return substitute.reshape(thing.shape)

    # Code.

    def _partial(self, thing: functools.partial[Any]) -> functools.partial[Any]:
        self._mapping(thing.keywords)
        function, args = self.visit(thing.func), self.visit(thing.args)
        if function is thing.func and args is thing.args:
            return thing
        return functools.partial(function, *args, **thing.keywords)

    def _method(self, thing: types.MethodType) -> types.MethodType:
        owner = self.visit(thing.__self__)
        self.visit(thing.__func__)
        return thing if owner is thing.__self__ else types.MethodType(thing.__func__, owner)

    def _function(self, function: types.FunctionType) -> types.FunctionType:
        if is_foreign(function.__module__):
            return function
        for cell in function.__closure__ or ():
            before = cell_value(cell)
            self._undo.callback(put_back_cell, cell, before)
            if before is not MISSING:
                cell.cell_contents = self.visit(before)
        if function.__defaults__:
            self._undo.callback(setattr, function, "__defaults__", function.__defaults__)
            function.__defaults__ = self.visit(function.__defaults__)
        if function.__kwdefaults__:
            self._mapping(function.__kwdefaults__)
        self._mapping(function.__dict__)
        self._globals(function.__globals__, _names(function.__code__))
        return function

    def _globals(self, namespace: dict[str, Any], names: frozenset[str]) -> None:
        key = (id(namespace), names)
        if key in self._searched:  # modules may name each other
            return
        self._searched.add(key)
        before = {name: namespace.get(name, MISSING) for name in names}
        self._undo.callback(put_back_names, namespace, before)
        for name, value in before.items():
            if value is MISSING or name.startswith("__"):
                continue
            if isinstance(value, types.ModuleType) and not is_foreign(value.__name__):
                self._globals(vars(value), names)
                continue
            new = self.visit(value)
            if new is not value:
                namespace[name] = new

    # Classes and their instances.

    def _class(self, cls: type) -> type:
        for base in cls.__mro__:
            if is_foreign(base.__module__):
                continue
            before = dict(vars(base))
            self._undo.callback(put_back_class, base, before)
            for name, value in before.items():
                if name.startswith("__") and not callable(value):
                    continue
                new = self.visit(value)
                if new is not value:
                    type.__setattr__(base, name, new)
        return cls

    def _instance(self, thing: Any) -> None:
        self.visit(type(thing))
        attributes = getattr(thing, "__dict__", None)
        if type(attributes) is dict:
            self._mapping(attributes)
        for base in type(thing).__mro__:
            if is_foreign(base.__module__):
                continue
            for member in list(vars(base).values()):
                if isinstance(member, types.MemberDescriptorType):
                    self._slot(member, thing)

    def _slot(self, member: types.MemberDescriptorType, thing: Any) -> None:
        before = slot_value(member, thing)
        self._undo.callback(put_back_slot, member, thing, before)
        if before is not MISSING:
            new = self.visit(before)
            if new is not before:
                member.__set__(thing, new)


@functools.lru_cache(maxsize=4096)
def _names(code: types.CodeType) -> frozenset[str]:
    """Return the global and attribute names that the code and the functions inside it use."""
    inner = (
        _names(constant) for constant in code.co_consts if isinstance(constant, types.CodeType)
    )
    return frozenset(code.co_names).union(*inner)
