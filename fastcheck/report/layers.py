"""Which parameters make a layer, and the worst entries layer by layer."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import zip_longest
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fastcheck.report.parameter import Entry


def layer_of(name: str) -> int | str:
    """Return the number that a name ends in, as W1 and b1 do; the name itself where it has none."""
    number = re.search(r"[0-9]+$", name)
    return int(number.group()) if number else name


def units_last(name: str, shapes: Mapping[str, tuple[int, ...]]) -> bool:
    """Tell whether a weight has a column for each unit; else a row, as (outputs, inputs) has.

    The layer's bias says: it is as long as there are units.

    Parameters
    ----------
    name
        The weight.
    shapes
        Of all parameters.
    """
    shape = shapes[name]
    biases = {
        own[0]
        for other, own in shapes.items()
        if len(own) == 1 and other != name and layer_of(other) == layer_of(name)
    }
    return len(shape) != 2 or shape[0] not in biases or shape[1] in biases


def by_layer(entries: Sequence[Entry], count: int) -> list[Entry]:
    """Return `count` entries, each layer's together, and of every layer some while there is room.

    Parameters
    ----------
    entries
        Worst first. So are the layers, by their worst entry, and the entries of each.
    count
        How many; one of each layer in turn.
    """
    layers: dict[int | str, list[Entry]] = {}
    for entry in entries:
        layers.setdefault(layer_of(entry.name), []).append(entry)
    rounds = zip_longest(*layers.values())
    chosen = [entry for turn in rounds for entry in turn if entry is not None][:count]
    order = list(layers)
    return sorted(chosen, key=lambda entry: order.index(layer_of(entry.name)))
