"""Which elements of a value move, and in which rows of the scratch their differences lie.

Lanes that all move the same elements share one list of positions; otherwise there is one list per
lane, of equal length (``laned``). What is element r in one lane is then element r in another: the
same unit's neighbour, one channel further.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Positions = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Moving:
    """The moving elements of one value.

    Attributes
    ----------
    rows
        int64 (n,): the scratch row of each.
    positions
        int64 (n,) or (n, lanes): their flat positions, of the first sample and the first panel.
    shift
        How far the positions are from one panel to the next.
    """

    rows: Positions
    positions: Positions
    shift: int = 0

    @property
    def laned(self) -> bool:
        """Whether every lane moves elements of its own."""
        return self.positions.ndim == 2


def collapsed(positions: Positions) -> Positions:
    """Return (n,) where all lanes agree."""
    if positions.ndim == 2 and (positions == positions[:, :1]).all():
        return np.array(positions[:, 0])
    return positions


def aligned_lists(lists: list[Positions]) -> list[Positions]:
    """Return all lists with lanes if any has."""
    lanes = max((item.shape[1] for item in lists if item.ndim == 2), default=0)
    if not lanes:
        return lists
    return [
        np.broadcast_to(item[:, None], (item.shape[0], lanes)) if item.ndim == 1 else item
        for item in lists
    ]


@dataclass(frozen=True, slots=True)
class Groups:
    """Elements with equal keys.

    Attributes
    ----------
    keys
        int64 (groups,) or (groups, lanes).
    order
        int64 (n,): the elements, group by group.
    starts
        int64 (groups + 1,): where each group begins in `order`.
    """

    keys: Positions
    order: Positions
    starts: Positions

    @property
    def of(self) -> Positions:
        """The group of each element, in its original place."""
        group = np.empty(self.order.size, np.int64)
        group[self.order] = np.repeat(np.arange(len(self.starts) - 1), np.diff(self.starts))
        return group


def grouped(keys: Positions) -> Groups | None:
    """Group elements by key, the same way in all lanes; None where the lanes differ."""
    order = np.argsort(keys, axis=0, kind="stable")
    ordered = np.take_along_axis(keys, order, axis=0)
    new = ordered[1:] != ordered[:-1]
    if keys.ndim == 2:
        if not ((order == order[:, :1]).all() and (new == new[:, :1]).all()):
            return None
        order, new = order[:, 0], new[:, 0]
    bounds = np.flatnonzero(new) + 1
    starts = np.concatenate([[0], bounds, [len(order)]]) if len(order) else np.zeros(1, np.int64)
    firsts = order[starts[:-1]]
    return Groups(collapsed(keys[firsts]), order, starts.astype(np.int64))


def union(positions: Positions, rows: Positions) -> tuple[Positions, Positions]:
    """Return the positions that move in any lane, and the row of each in every lane, 0 for none."""
    everywhere, inverse = np.unique(positions, return_inverse=True)
    table = np.zeros((everywhere.size, positions.shape[1]), np.int64)
    lanes = np.broadcast_to(np.arange(positions.shape[1]), positions.shape)
    table[inverse.reshape(positions.shape), lanes] = rows[:, None]
    return everywhere, table
