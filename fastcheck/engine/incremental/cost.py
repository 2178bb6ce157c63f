"""How many ranges the panels of a template are cut into, by what they cost."""

from __future__ import annotations

from math import ceil

import numpy as np

from fastcheck.engine.incremental.template import Template
from fastcheck.engine.kernels.layout import COUNT, DENSE, DENSE_LANED, EXTRA, KIND, ROW_GRAIN

# Many enough that no thread waits long for the last one. The same for any number of threads: which
# panels go side by side decides, by their bounds, which form they take.
_FEWEST = 16

# Multiply-adds of one range: 0.4 s at 0.2 ns each, so that Ctrl-C and progress are prompt. Mostly a
# tenth of it, since little moves.
_RANGE_COST = 2.0e9

# What it costs to fill a row and to read it again, beside a multiply-add for each of its places.
_ROW_COST = 4.0


def panel_cost(template: Template, points: int) -> float:
    """Return the most that a panel may cost, in multiply-adds: as if everything moved."""
    before, _, within, end = (int(place) for place in template.route.stages[:4])
    rows = template.route.instructions[:end]
    products = np.where(
        (rows[:, KIND] == DENSE) | (rows[:, KIND] == DENSE_LANED),
        rows[:, COUNT] * rows[:, EXTRA] * rows[:, EXTRA + 1],
        0,
    )
    inside = float(np.sum(products[before:within]))
    once = float(np.sum(products)) - inside
    size = -(-template.route.entries.shape[1] * points // ROW_GRAIN) * ROW_GRAIN
    return float(size * (once + template.route.samples * (inside + _ROW_COST * template.rows)))


def ranges_of(template: Template, points: int) -> list[int]:
    """Return the first panel of every range, and the end."""
    panels = len(template.route.entries)
    pieces = min(panels, max(_FEWEST, ceil(panels * panel_cost(template, points) / _RANGE_COST)))
    return [panels * i // pieces for i in range(pieces + 1)] if pieces else []
