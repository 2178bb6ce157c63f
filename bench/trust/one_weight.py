"""Table 4: a single wrong weight, at every relative error from 1e-2 to 1e-12."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

import fastcheck
from bench.cases import classic
from bench.quantities import NONE
from bench.section import Section
from bench.trust.altered import Place, altered, drawn_places, one_times
from bench.trust.checked import half_width
from bench.trust.demand import Demand
from bench.trust.extent import Task
from bench.trust.one_weight_peers import PEERS, Small
from fastcheck.report.model import Report

MAGNITUDES = (*(10.0**-k for k in range(2, 11)), 1e-12)

HEADINGS = ("relative error", "weights", "beyond 2B", "located", "within 2B", "of these fail")

_SEED = 4


@dataclass(frozen=True, slots=True)
class Found:
    """What became of one wrong weight.

    Attributes
    ----------
    beyond
        Whether it is wrong by more than 2B.
    failed
        Whether the check fails.
    located
        Whether it is then the worst entry of the report.
    """

    beyond: bool
    failed: bool
    located: bool


def measure(task: Task) -> Section:
    """Check the classic network with one weight after the other wrong, and ask the others."""
    model, x, t = classic(task.extent.sizes)
    right = fastcheck.gradcheck(model, x, t)
    gradient = model.gradient(x, t)
    limits = {name: 2 * (item.bound + half_width(item)) for name, item in right.params.items()}
    small = Small.prepared()
    rng = np.random.default_rng(_SEED)
    rows, everything = [_correct(small)], []
    for magnitude in MAGNITUDES:
        task.tell(f"one weight, relative error {magnitude:.0e}")
        found = []
        for place in drawn_places(gradient, task.extent.weights, rng):
            alter = one_times(place, 1 + magnitude)
            change = _at(alter(gradient), place) - _at(gradient, place)
            report = fastcheck.gradcheck(altered(model, alter), x, t)
            found.append(_found(report, place, beyond=abs(change) > _at(limits, place)))
        noticed = small.noticed(magnitude, task.extent.weights, rng)
        rows.append((*_cells(magnitude, found), *(noticed[peer] for peer in PEERS)))
        everything += found
    outside = [one for one in everything if one.beyond]
    return Section(
        title=f"4. One wrong weight among {right.size:,}",
        headings=(*HEADINGS, *PEERS),
        rows=tuple(rows),
        below=(
            (
                f"The last four: {small.words}. How many wrong weights each notices; where, none "
                "says. 2-norm: SciPy's check_grad, noticed above 1e-6; mean: the classic mean "
                "|difference| of that parameter, noticed where it at least doubles."
            ),
        ),
        musts=(
            _every("errors beyond 2B that fail", sum(one.failed for one in outside), len(outside)),
            _every("errors beyond 2B located", sum(one.located for one in outside), len(outside)),
        ),
        data={"rows": [list(row) for row in rows]},
    )


def _every(what: str, reached: int, among: int) -> Demand:
    return Demand(what=what, measured=reached, limit=max(1, among), unit="count", at_least=True)


def _at(arrays: Mapping[str, NDArray[Any]], place: Place) -> float:
    name, index = place
    return float(arrays[name][index])


def _found(report: Report, place: Place, *, beyond: bool) -> Found:
    failed = report.verdict == "fail"
    (worst,) = report.worst(1)
    return Found(beyond, failed, failed and (worst.name, worst.index) == place)


def _cells(magnitude: float, found: list[Found]) -> tuple[str, ...]:
    outside = [one for one in found if one.beyond]
    inside = [one for one in found if not one.beyond]
    numbers = (
        len(found),
        len(outside),
        sum(one.located for one in outside),
        len(inside),
        sum(one.failed for one in inside),
    )
    return (f"{magnitude:.0e}", *map(str, numbers))


def _correct(small: Small) -> tuple[str, ...]:
    said = small.of_correct()
    return ("none", *[NONE] * (len(HEADINGS) - 1), *(said[peer] for peer in PEERS))
