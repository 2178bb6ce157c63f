"""What the layers of a network are called."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from fastcheck.nn import Layer

__all__ = ["layer_names"]


def layer_names(layers: Sequence[Layer]) -> list[str]:
    """Return a name for each layer: its class, and its number among those of that class."""
    seen: Counter[str] = Counter()
    names = []
    for layer in layers:
        kind = type(layer).__name__
        seen[kind] += 1
        names.append(f"{kind}{seen[kind]}")
    return names
