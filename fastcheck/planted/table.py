"""All mistakes by name."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from fastcheck.planted.biases import BIASES
from fastcheck.planted.decay import DECAY
from fastcheck.planted.derivatives import DERIVATIVES
from fastcheck.planted.losses import LOSSES
from fastcheck.planted.masks import MASKS
from fastcheck.planted.mistake import Mistake
from fastcheck.planted.propagation import PROPAGATION
from fastcheck.planted.weights import WEIGHTS

__all__ = ["MISTAKES"]

MISTAKES: Mapping[str, Mistake] = MappingProxyType(
    {
        mistake.name: mistake
        for mistake in (*LOSSES, *WEIGHTS, *BIASES, *PROPAGATION, *MASKS, *DERIVATIVES, *DECAY)
    }
)
