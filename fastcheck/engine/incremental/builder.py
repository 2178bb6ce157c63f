"""A template under construction: the instructions that carry one panel through the program."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from fastcheck.engine.incremental.base_point import BasePoint
from fastcheck.engine.incremental.moving import (
    Moving,
    Positions,
    aligned_lists,
    collapsed,
    grouped,
    union,
)
from fastcheck.engine.incremental.walk import SAMPLES, Coupled, Walk
from fastcheck.engine.kernels.layout import (
    ACCUMULATE,
    ADDRESSES,
    CODE,
    COLUMNS,
    COUNT,
    DELTA,
    EXPAND,
    EXTRA,
    FORM,
    KIND,
    LANE_STEP,
    OPERAND_SIZE,
    OUT,
    PANEL_STEP,
    ROWS,
    SAMPLE_STEP,
    SLOT,
    SUM,
    A,
)
from fastcheck.program import Operation

# Above every row number.
_NO_ROW = np.iinfo(np.int64).max

# Where the seeds of a sample come before what follows from them.
SEEDS, FOLLOWING = 1, 2


class Unshiftable(Exception):  # noqa: N818 - not an error: another way is taken
    """The panels of a parameter are not copies of each other."""


@dataclass(frozen=True, slots=True)
class Operand:
    """Columns of an instruction's operand, and the lowest row that it reads."""

    rows: int = 0
    addresses: int = 0
    sample_step: int = 0
    panel_step: int = 0
    lane_step: int = 0
    slot: int = 0
    lowest: int = _NO_ROW


@dataclass(frozen=True, slots=True)
class Placed:
    """Base values in the memory: where each begins, and how far it moves on."""

    addresses: Positions
    sample_step: int
    panel_step: int
    lane_step: int
    delta: int
    slot: int = 0


@dataclass(frozen=True, slots=True)
class Part:
    """What one moving operand contributes: the result's positions and the rows they come from."""

    operand: int
    rows: Positions
    positions: Positions


class Builder:
    """Collects instructions, tables and rows.

    Attributes
    ----------
    base, walk
        The base point, and the way through the batch.
    lanes, panels
        Of the parameter at hand.
    moving
        What moves, by value number.
    """

    def __init__(self, base: BasePoint, walk: Walk, *, lanes: int, panels: int) -> None:
        self.base = base
        self.walk = walk
        self.lanes = lanes
        self.panels = panels
        self.moving: dict[int, Moving] = {}
        self.row_count = 1
        self.longest_group = 0
        self.longest_product = 0
        self._stages: tuple[list[NDArray[np.int64]], ...] = ([], [], [], [])
        self._lowest: tuple[list[int], ...] = ([], [], [], [])
        self.gathering: list[int] = []
        self.most: list[float] = []
        self._sources: list[tuple[int, int, int]] = []
        self._tables: list[Positions] = []
        self._table_size = 0
        # A table of zeros for operands that do not move, longer than any list of rows.
        self._zeros = 0
        self._zeros_size = 0

    # Emission

    def table(self, array: Positions) -> int:
        """Store an index table; return where it begins."""
        first = self._table_size
        flat = np.ascontiguousarray(array, np.int64).reshape(-1)
        self._tables.append(flat)
        self._table_size += flat.size
        return first

    def still(self, count: int) -> int:
        """Return a table of `count` times the row that does not move."""
        if count > self._zeros_size:
            self._zeros, self._zeros_size = self.table(np.zeros(count, np.int64)), count
        return self._zeros

    @property
    def slot_count(self) -> int:
        """How many lists of base values differ from lane to lane."""
        return len(self._sources)

    def sources(self) -> Positions:
        """Return the address, the sample step and the panel step of every such list."""
        return np.array(self._sources, np.int64).reshape(-1, 3)

    def new_rows(self, count: int) -> int:
        """Reserve rows; return the first."""
        first = self.row_count
        self.row_count += count
        return first

    def emit(
        self,
        stage: int,
        kind: int,
        *,
        count: int,
        out: int,
        operands: tuple[Operand, ...] = (),
        code: int = 0,
        form: int = 0,
        accumulate: bool = False,
        delta: int = 0,
        extra: tuple[int, ...] = (),
    ) -> None:
        """Append an instruction to a stage (of the walk, or SEEDS)."""
        row = np.zeros(COLUMNS, np.int64)
        row[KIND], row[CODE], row[FORM], row[COUNT], row[OUT] = kind, code, form, count, out
        row[ACCUMULATE] = accumulate
        for i, operand in enumerate(operands):
            first = A + i * OPERAND_SIZE
            row[first + ROWS], row[first + ADDRESSES] = operand.rows, operand.addresses
            row[first + SAMPLE_STEP] = operand.sample_step
            row[first + PANEL_STEP] = operand.panel_step
            row[first + LANE_STEP], row[first + SLOT] = operand.lane_step, operand.slot
        row[DELTA] = delta
        row[EXTRA : EXTRA + len(extra)] = extra
        self._stages[stage].append(row)
        self._lowest[stage].append(min((item.lowest for item in operands), default=_NO_ROW))

    def reading(self, rows: Positions, addresses: int = 0) -> Operand:
        """Return an operand that reads rows, and no base values; -n is row n too."""
        read = np.abs(rows[rows != 0])
        return Operand(self.table(rows), addresses, lowest=int(read.min(initial=_NO_ROW)))

    def lowest_reads(self) -> list[int]:
        """Return the lowest row, other than row 0, that each instruction reads."""
        return [item for stage in self._lowest for item in stage]

    def stage_of(self, number: int) -> int:
        """Return the stage in which a value's instructions run: 0, FOLLOWING or 3."""
        return (0, FOLLOWING, 3)[self.walk.stage(number)]

    def instructions(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return all instructions, and where each of the four stages ends."""
        rows = [row for stage in self._stages for row in stage]
        ends = np.cumsum([len(stage) for stage in self._stages])
        return np.array(rows, np.int64).reshape(-1, COLUMNS), ends

    def tables(self) -> Positions:
        """Return all index tables, one after the other."""
        return np.concatenate([*self._tables, np.zeros(1, np.int64)])

    # What moves

    def placed(
        self,
        address: int,
        positions: Positions,
        *,
        sample_step: int,
        shift: int = 0,
        arrays: int = 1,
        delta: int = 0,
    ) -> Placed:
        """Return where base values lie, one after the other for every lane where lanes differ.

        Parameters
        ----------
        address
            Where in the memory the value lies.
        positions
            int64 (n,) or (n, lanes): its elements, of the first sample and panel.
        sample_step, shift
            How far they are from the next sample's and the next panel's.
        arrays, delta
            How many arrays like this one follow each other, and how far apart.
        """
        positions = collapsed(positions)
        if positions.ndim == 1:
            return Placed(address + positions, sample_step, shift, 0, delta)
        panels = self.panels if shift else 1
        samples = self.walk.samples if sample_step else 1
        moves = shift * np.arange(panels)[:, None] + sample_step * np.arange(samples)
        index = address + positions + moves.reshape(-1, 1, 1)
        copies = self.base.memory.buffer[index + delta * np.arange(arrays).reshape(-1, 1, 1, 1)]
        first = self.base.memory.append(copies)
        count, lanes = positions.size, positions.shape[1]
        addresses = first + np.arange(len(positions)) * lanes
        steps = count if sample_step else 0, count * samples if shift else 0
        slot = self.slot_count
        for i in range(arrays):
            self.most += np.abs(copies[i]).max(axis=(0, 2), initial=0.0).tolist()
            self._sources += [(address + i * copies[0].size, *steps) for address in addresses]
        return Placed(addresses, *steps, 1, copies[0].size, slot)

    def operand(self, placed: Placed, rows: Positions | None = None) -> Operand:
        """Return an operand's columns."""
        still = self.still(len(placed.addresses)) if rows is None else 0
        read = Operand(still) if rows is None else self.reading(rows)
        return replace(
            read,
            addresses=self.table(placed.addresses),
            sample_step=placed.sample_step,
            panel_step=placed.panel_step,
            lane_step=placed.lane_step,
            slot=placed.slot,
        )

    def expand(self, number: int) -> None:
        """Let all lanes move the same elements of a value, zeros where one does not."""
        old = self.moving[number]
        if not old.laned:
            return
        if old.shift:
            raise Unshiftable
        positions, table = union(old.positions, old.rows)
        out = self.new_rows(len(positions))
        self.emit(
            self.stage_of(number),
            EXPAND,
            count=len(positions),
            out=out,
            operands=(self.reading(table),),
            extra=(self.lanes,),
        )
        self.moving[number] = Moving(out + np.arange(len(positions)), positions)

    def part(self, operation: Operation, operand: int, origin: NDArray[np.int64] | None) -> Part:
        """Return where an operand's moving elements go in the result.

        `origin` as for `Walk.follow`.
        """
        number = operation.inputs[operand]
        self.walk.follow_moving(operation, number, origin)
        moving = self.moving[number]
        if origin is None:
            return Part(operand, moving.rows, moving.positions)
        if moving.shift:
            raise Unshiftable
        first = self.walk.first(operation.output)
        local = origin[first]
        order = np.argsort(local, kind="stable")
        ordered = local[order]
        low = np.searchsorted(ordered, moving.positions, "left")
        counts = np.searchsorted(ordered, moving.positions, "right") - low
        if moving.laned and (counts != counts[:, :1]).any():
            self.expand(number)
            return self.part(operation, operand, origin)
        times = counts[:, 0] if moving.laned else counts
        within = np.arange(times.sum()) - np.repeat(np.cumsum(times) - times, times)
        index = np.repeat(low, times, axis=0)
        index += within[:, None] if moving.laned else within
        return Part(operand, np.repeat(moving.rows, times), collapsed(first[order[index]]))

    def combined(
        self, operation: Operation, origins: list[NDArray[np.int64] | None]
    ) -> tuple[Positions, list[Positions]]:
        """Return the result's moving positions and, for each operand, the rows at them, 0 for none.

        Raises
        ------
        Unshiftable
            If operands move that are not alike.
        """
        movers = [i for i, number in enumerate(operation.inputs) if number in self.moving]
        parts = [self.part(operation, i, origins[i]) for i in movers]
        if len(parts) == 1:
            positions = parts[0].positions
            rows = [np.zeros(len(positions), np.int64) for _ in operation.inputs]
            rows[parts[0].operand] = parts[0].rows
            return positions, rows
        keys = np.concatenate(aligned_lists([part.positions for part in parts]))
        groups = grouped(keys)
        if groups is None:
            for i in movers:
                self.expand(operation.inputs[i])
            return self.combined(operation, origins)
        table = np.zeros((len(operation.inputs), len(groups.starts) - 1), np.int64)
        operand = np.concatenate([np.full(len(part.rows), part.operand) for part in parts])
        table[operand, groups.of] = np.concatenate([part.rows for part in parts])
        return groups.keys, list(table)

    def shift_of(self, operation: Operation) -> int:
        """Return the panel shift that all moving operands have in common."""
        shifts = {self.moving[n].shift for n in operation.inputs if n in self.moving}
        if len(shifts) > 1:
            raise Unshiftable
        return shifts.pop()

    def add_sums(
        self, stage: int, groups_rows: list[Positions], *, count: int, out: int, accumulate: bool
    ) -> None:
        """Emit sums of signed rows, one list of terms per result row."""
        starts = np.cumsum([0, *(len(terms) for terms in groups_rows)])
        terms = np.concatenate([*groups_rows, np.zeros(0, np.int64)])
        operand = self.reading(terms, self.table(starts))
        self.emit(stage, SUM, count=count, out=out, operands=(operand,), accumulate=accumulate)

    def check_coupling(self, operation: Operation) -> None:
        """Refuse what joins samples otherwise than by a sum."""
        if self.walk.stage(operation.output) != SAMPLES and any(
            number in self.moving and self.walk.stage(number) == SAMPLES
            for number in operation.inputs
        ):
            raise Coupled
