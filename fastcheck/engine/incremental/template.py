"""Templates: what the kernel needs to carry the panels of a parameter to the loss."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from fastcheck.engine.incremental.base_point import BasePoint
from fastcheck.engine.incremental.builder import FOLLOWING, Builder, Unshiftable
from fastcheck.engine.incremental.elementwise import (
    move_choice,
    move_curved,
    move_linear,
    move_product,
    move_quotient,
    move_ruled,
    move_sided,
    move_soft,
)
from fastcheck.engine.incremental.groups import (
    move_cross_entropy,
    move_extreme,
    move_gather,
    move_reshape,
    move_sum,
)
from fastcheck.engine.incremental.matrix import move_matmul
from fastcheck.engine.incremental.moving import Positions
from fastcheck.engine.incremental.seeds import (
    MOST_LANES,
    Panels,
    Uses,
    direct_row,
    panels_of,
    reached,
    seed_site,
    start_direct,
    start_panels,
    uses_of,
)
from fastcheck.engine.incremental.walk import PROLOGUE, Coupled, Walk
from fastcheck.engine.kernels.arguments import Route
from fastcheck.engine.kernels.layout import ELEMENT, EXTRA, FORM, KIND, LANE_STEP, OUT, PICK, K
from fastcheck.engine.samples import SampleBlock, sample_blocks, separable
from fastcheck.errors import InternalError
from fastcheck.primitives.base import Form
from fastcheck.program import BaseValues, Operation, Program

_MOVES: dict[Form, Callable[[Builder, Operation], None]] = {
    Form.LINEAR: move_linear,
    Form.PRODUCT: move_product,
    Form.QUOTIENT: move_quotient,
    Form.CURVED: move_curved,
    Form.SOFT: move_soft,
    Form.SIDED: move_sided,
    Form.FLAT: move_sided,
    Form.CHOICE: move_choice,
    Form.RULED: move_ruled,
    Form.MATMUL: move_matmul,
    Form.SUM: move_sum,
    Form.EXTREME: move_extreme,
    Form.GATHER: move_gather,
    Form.RESHAPE: move_reshape,
    Form.CROSS_ENTROPY: move_cross_entropy,
}


@dataclass(frozen=True, slots=True)
class Template:
    """The instructions for a set of panels.

    Attributes
    ----------
    route
        As the kernel takes them, but for the memory, which many templates share.
    rows, longest_product, longest_group
        What scratch is needed.
    """

    route: Route
    rows: int
    longest_product: int
    longest_group: int


class Templates:
    """Makes the templates of a program's parameters."""

    def __init__(self, program: Program, base: BasePoint, blocks: Mapping[int, SampleBlock]):
        self.program = program
        self.base = base
        self._blocks = blocks

    @classmethod
    def of(cls, program: Program, values: BaseValues) -> Templates:
        """Follow the samples of a program with these values."""
        return cls(program, BasePoint.of(program, values), sample_blocks(program))

    @property
    def memory(self) -> NDArray[np.float64]:
        """What all templates made so far read."""
        return self.base.memory.buffer

    def fork(self) -> Templates:
        """Return a copy for another thread."""
        return Templates(self.program, self.base.fork(), self._blocks)

    def of_weight(self, name: str) -> list[Template] | None:
        """Return the templates of a parameter whose panels are copies of each other, else None."""
        number = self.program.parameters[name]
        uses = uses_of(self.program, number)
        if uses is None:
            return None
        try:
            return [self._of_panels(number, uses, panels) for panels in panels_of(uses.entries)]
        except Unshiftable:
            return None

    def chunks(self, name: str) -> list[tuple[int, int]]:
        """Return the ranges of elements that have a template each, where panels are not copies."""
        size = self.base.program.base[name].size
        count = -(-size // MOST_LANES)
        bounds = [size * i // count for i in range(count + 1)] if count else []
        return list(pairwise(bounds))

    def of_chunk(self, name: str, start: int, stop: int) -> Template:
        """Return the template of some neighbouring elements."""
        number = self.program.parameters[name]
        elements = np.arange(start, stop)

        def begin(builder: Builder) -> None:
            start_direct(builder, number, elements, 0, direct_row(builder))

        return self._walked(number, begin, {}, elements[None, :])

    def _of_panels(self, number: int, uses: Uses, panels: Panels) -> Template:
        seeds = {
            output: lambda builder, site=site: seed_site(builder, site, panels)
            for output, site in uses.sites.items()
        }
        return self._walked(
            number,
            lambda builder: start_panels(builder, uses, panels),
            seeds,
            panels.entries,
        )

    def _walked(
        self,
        number: int,
        begin: Callable[[Builder], None],
        seeds: Mapping[int, Callable[[Builder], None]],
        entries: Positions,
    ) -> Template:
        moves = reached(self.program, number)
        walks = []
        several = self.program.batch > 1
        if several and separable(dict(self._blocks), self.program, moves):
            walks.append(Walk(self.program, self._blocks))
        walks.append(Walk(self.program, None))
        for walk in walks:
            builder = Builder(self.base, walk, lanes=entries.shape[1], panels=len(entries))
            try:
                begin(builder)
                always = self._run_through(builder, seeds)
            except Coupled:
                continue
            return self._finished(builder, entries, always=always)
        raise InternalError("the whole batch at once is never coupled")

    def _run_through(
        self, builder: Builder, seeds: Mapping[int, Callable[[Builder], None]]
    ) -> bool:
        """Carry what moves through all operations; tell whether no sample may be left out."""
        seeds_alone, seeded = True, False
        for operation in self.program.operations:
            if operation.output in seeds:
                seeds[operation.output](builder)
                seeded = True
                continue
            movers = [n for n in operation.inputs if n in builder.moving]
            if not movers:
                continue
            if operation.primitive.form is not Form.SUM:
                builder.check_coupling(operation)
            if builder.stage_of(operation.output) == FOLLOWING and any(
                builder.walk.stage(n) == PROLOGUE for n in movers
            ):
                seeds_alone = False
            _MOVES[operation.primitive.form](builder, operation)
            # What is cut away here moves nothing any more.
            if not builder.moving[operation.output].rows.size:
                del builder.moving[operation.output]
        return not (seeds_alone and seeded and not builder.walk.whole)

    def _finished(self, builder: Builder, entries: Positions, *, always: bool) -> Template:
        instructions, ends = builder.instructions()
        leaving = _leaving_point(instructions, ends, builder.lowest_reads())
        loss = builder.moving.get(self.program.output)
        return Template(
            route=Route(
                instructions=instructions,
                tables=builder.tables(),
                stages=np.array([*ends, always, leaving], np.int64),
                memory=np.zeros(0),
                sources=builder.sources(),
                most=np.array(builder.most),
                gathering=np.array(builder.gathering, np.int64),
                entries=np.ascontiguousarray(entries, np.int64),
                samples=builder.walk.samples,
                loss_row=0 if loss is None else int(loss.rows[0]),
            ),
            rows=builder.row_count,
            longest_product=builder.longest_product,
            longest_group=builder.longest_group,
        )


def _leaving_point(instructions: NDArray[np.int64], ends: Positions, lowest: list[int]) -> int:
    """Return the instruction after which only the lanes that it lets through need go on, or -1.

    It is a switch right on the seeds, and whatever follows hangs on its result alone.
    """
    i = int(ends[1])
    if i == ends[2] or i - ends[0] != 1:
        return -1
    instruction = instructions[i]
    one_sided = instruction[FORM] == PICK and not instruction[EXTRA]
    if instruction[KIND] != ELEMENT or not one_sided or instruction[K + LANE_STEP] != 1:
        return -1
    return i if all(row >= instruction[OUT] for row in lowest[i + 1 :]) else -1
