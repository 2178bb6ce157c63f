"""A worker's own memory."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastcheck.engine.incremental.template import Template
from fastcheck.engine.kernels.arguments import Buffers
from fastcheck.engine.kernels.layout import MEMBERS, ROW_GRAIN
from fastcheck.engine.kernels.side_by_side import ROW_LENGTH

# In bytes, with room for the prefetcher, which takes lines in pairs. Two threads that write to one
# line wait for each other at every write.
_CACHE_LINE = 128


class Scratch:
    """Arrays that the kernel fills as it likes, as large as the largest template needs."""

    def __init__(self) -> None:
        nothing, no_numbers = np.zeros(0), np.zeros(0, np.int64)
        self._buffers = Buffers(
            rows=nothing,
            bounds=nothing,
            flags=no_numbers,
            moving=no_numbers,
            members=nothing,
            steps=nothing,
            slots=nothing,
            every=no_numbers,
            units=no_numbers,
            panels=no_numbers,
            sums=nothing,
        )

    def fit(self, template: Template, *, points: int, panels: int) -> Buffers:
        """Return room for some panels of a template."""
        lanes = template.route.entries.shape[1]
        # As many panels as fit a row while a single lane of each goes on.
        side_by_side = min(panels, max(1, ROW_LENGTH // points))
        length = points * lanes * side_by_side
        sizes = {
            "rows": template.rows * (length + ROW_GRAIN),
            "bounds": template.rows,
            "flags": length,
            "moving": template.longest_product,
            "members": MEMBERS * template.longest_group,
            "slots": len(template.route.sources) * lanes,
            "units": max(1, lanes),
            "panels": side_by_side,
            "sums": len(template.route.gathering) * panels * points * lanes,
        }
        grown = {
            name: _at_least(getattr(self._buffers, name), size) for name, size in sizes.items()
        }
        self._buffers = self._buffers._replace(
            **grown, steps=_at_least(np.zeros(0), points), every=np.arange(lanes)
        )
        return self._buffers


def _at_least(array: NDArray[Any], size: int) -> NDArray[Any]:
    """Return room for `size` elements that shares no cache line with another worker's."""
    if array.size >= size:
        return array
    margin = _CACHE_LINE // array.itemsize
    return np.zeros(size + 2 * margin, array.dtype)[margin : margin + size]
