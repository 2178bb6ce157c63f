"""How Python's mutable things are put back as they were.

Each function takes the thing and what it held before. Subclasses may override the methods of dict
and list; these go by the built-in's own, which no user code can intercept.
"""

from __future__ import annotations

import types
from collections import OrderedDict, deque
from collections.abc import Callable
from typing import Any

MISSING = object()


def mapping_type(thing: dict[Any, Any]) -> type[dict[Any, Any]]:
    """Return the built-in whose methods keep the mapping whole: an OrderedDict has an order too."""
    return OrderedDict if isinstance(thing, OrderedDict) else dict


def put_back_mapping(thing: dict[Any, Any], before: dict[Any, Any]) -> None:
    """Restore a dict's entries and their order."""
    if mapping_type(thing) is dict:
        dict.clear(thing)
        dict.update(thing, before)
        return
    OrderedDict.clear(thing)  # its update would call the __setitem__ of a subclass
    for name, value in before.items():
        OrderedDict.__setitem__(thing, name, value)


def put_back_list(thing: list[Any], before: list[Any]) -> None:
    """Restore a list's items."""
    list.__setitem__(thing, slice(None), before)


def put_back_set(thing: set[Any], before: set[Any]) -> None:
    """Restore a set's members."""
    set.clear(thing)
    set.update(thing, before)


def put_back_deque(thing: deque[Any], before: list[Any]) -> None:
    """Restore a deque's items."""
    deque.clear(thing)
    deque.extend(thing, before)


def put_back_names(namespace: dict[str, Any], before: dict[str, Any]) -> None:
    """Restore those global names that `before` lists, some of which were MISSING."""
    for name, value in before.items():
        if value is MISSING:
            namespace.pop(name, None)
        elif namespace.get(name, MISSING) is not value:
            namespace[name] = value


def put_back_class(cls: type, before: dict[str, Any]) -> None:
    """Restore a class's attributes; the unchanged ones are not touched."""
    for name in vars(cls).keys() - before.keys():
        type.__delattr__(cls, name)
    for name, value in before.items():
        if vars(cls).get(name, MISSING) is not value:
            type.__setattr__(cls, name, value)


def put_back_cell(cell: types.CellType, before: Any) -> None:
    """Restore a closure's variable."""
    if before is not MISSING:
        cell.cell_contents = before
    elif cell_value(cell) is not MISSING:
        del cell.cell_contents


def cell_value(cell: types.CellType) -> Any:
    """Return what a closure's variable holds, MISSING where it is not bound yet."""
    return _or_missing(lambda: cell.cell_contents, ValueError)


def put_back_slot(member: types.MemberDescriptorType, thing: Any, before: Any) -> None:
    """Restore a slot, through its descriptor: a frozen dataclass refuses the ordinary way."""
    if before is not MISSING:
        member.__set__(thing, before)
    elif slot_value(member, thing) is not MISSING:
        member.__delete__(thing)


def slot_value(member: types.MemberDescriptorType, thing: Any) -> Any:
    """Return what a slot holds, MISSING where it holds nothing."""
    return _or_missing(lambda: member.__get__(thing, type(thing)), AttributeError)


def _or_missing(value: Callable[[], Any], error: type[Exception]) -> Any:
    try:
        return value()
    except error:
        return MISSING
