"""Every primitive by name. A new family adds its line here and in the interpreter's dispatch."""

from __future__ import annotations

from fastcheck.primitives import (
    arithmetic,
    linear,
    losses,
    piecewise,
    reductions,
    smooth,
    structure,
)
from fastcheck.primitives.base import Primitive

FAMILIES = (arithmetic, smooth, piecewise, linear, reductions, structure, losses)

PRIMITIVES: dict[str, Primitive] = {
    primitive.name: primitive for family in FAMILIES for primitive in family.PRIMITIVES
}
