"""The worst entries, layer by layer."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import zip_longest
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fastcheck.report.model import Entry


def layer_of(name: str) -> int | str:
    """Return the number that a name ends in, as W1 and b1 do; the name itself where it has none."""
    number = re.search(r"[0-9]+$", name)
    return int(number.group()) if number else name


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
