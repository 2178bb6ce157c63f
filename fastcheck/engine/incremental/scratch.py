"""A worker's own memory."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastcheck.engine.incremental.template import Template
from fastcheck.engine.kernels.layout import MEMBERS, ROW_GRAIN
from fastcheck.engine.kernels.propagate import ROW_LENGTH

# In bytes, with room for the prefetcher, which takes lines in pairs. Two threads that write to one
# line wait for each other at every write.
_CACHE_LINE = 128


class Scratch:
    """Arrays that the kernel fills as it likes, as large as the largest template needs.

    Attributes
    ----------
    rows
        float64: the differences, row by row.
    bounds
        float64 per row: no difference in it is larger.
    flags
        int64 per lane of a row.
    moving
        int64: the moving rows of a product.
    members
        float64 (5 n,): what a group needs; the steps.
    slots
        float64: base values of the running lanes, slot after slot.
    units, panels
        int64: the running lanes, and the panels side by side.
    sums
        float64: what adds up over the samples, for each panel.
    """

    def __init__(self) -> None:
        self.rows = np.zeros(0)
        self.bounds = np.zeros(0)
        self.flags = np.zeros(0, np.int64)
        self.moving = np.zeros(0, np.int64)
        self.members = np.zeros(0)
        self.slots = np.zeros(0)
        self.units = np.zeros(0, np.int64)
        self.panels = np.zeros(0, np.int64)
        self.sums = np.zeros(0)

    def fit(self, template: Template, *, points: int, panels: int) -> None:
        """Make room for some panels of a template."""
        lanes = template.entries.shape[1]
        # As many panels as fit a row while a single lane of each goes on.
        side_by_side = max(1, ROW_LENGTH // points)
        length = points * lanes * min(panels, side_by_side)
        self.rows = _at_least(self.rows, template.rows * (length + ROW_GRAIN))
        self.bounds = _at_least(self.bounds, template.rows)
        self.flags = _at_least(self.flags, length)
        self.moving = _at_least(self.moving, template.longest_product)
        self.units = _at_least(self.units, max(1, lanes))
        self.panels = _at_least(self.panels, min(panels, side_by_side))
        self.sums = _at_least(self.sums, len(template.gathering) * panels * points * lanes)
        longest = max(template.longest_group, points)
        self.members = _at_least(self.members, MEMBERS * longest)
        self.slots = _at_least(self.slots, len(template.sources) * lanes)


def _at_least(array: NDArray[Any], size: int) -> NDArray[Any]:
    """Return room for `size` elements that shares no cache line with another worker's."""
    if array.size >= size:
        return array
    margin = _CACHE_LINE // array.itemsize
    return np.zeros(size + 2 * margin, array.dtype)[margin : margin + size]
