"""Table 8: mistakes in trained networks, where gradients are small and losses smaller."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

import fastcheck
from bench.section import Section
from bench.trust.altered import Alter, altered, drawn_places, one_times, times
from bench.trust.checked import half_width
from bench.trust.demand import Demand, none_of
from bench.trust.extent import Task
from bench.trust.training import ACTIVATIONS, network, trained
from fastcheck import nn
from fastcheck.report.model import Report

FACTORS = (-1.0, 1.5, 1.01, 1.001)

HEADINGS = ("network", "loss", "correct", "mistakes", "beyond 2B", "fail", "approximate", "others")

_SEED = 8
_SHOWN = 40


@dataclass(frozen=True, slots=True)
class Tried:
    """A mistake in a trained network.

    Attributes
    ----------
    words
        What was wrong.
    beyond
        Whether any entry is wrong by more than 2B.
    verdict
        On the whole.
    """

    words: str
    beyond: bool
    verdict: str


def measure(task: Task) -> Section:
    """Train, stop at each loss, and make mistakes."""
    extent = task.extent
    rows, everything, correct, reached = [], [], 0, 0
    kinds = [(name, dtype) for dtype in ("float64", "float32") for name in ACTIVATIONS]
    for activation, dtype in kinds:
        net, x, t = network(activation, dtype, extent.hidden)
        for loss in trained(net, x, t, losses=extent.losses, steps=extent.steps):
            task.tell(f"{activation}, {dtype}, trained to {loss:.1e}")
            reached += 1
            right = fastcheck.gradcheck(net, x, t)
            correct += right.verdict in ("fail", "approximate")
            found = list(tried(net, x, t, right, extent.singles))
            name = f"{activation}, {dtype}"
            rows.append((name, f"{loss:.1e}", right.verdict, *_cells(found)))
            everything += [(f"{name}, loss {loss:.1e}", one) for one in found if one.beyond]
    escaped = [
        f"{where}, {one.words}: {one.verdict}" for where, one in everything if one.verdict != "fail"
    ]
    return Section(
        title=f"8. Nothing hides as approximate: 784-{extent.hidden}-10, trained",
        headings=HEADINGS,
        words=("correct",),
        rows=tuple(rows),
        below=(
            (
                "Mistakes: the whole gradient, each parameter's and single weights, each times "
                "-1, 1.5, 1.01 and 1.001."
            ),
            *escaped[:_SHOWN],
        ),
        musts=(
            none_of("mistakes beyond 2B that do not fail", len(escaped)),
            none_of("correct gradients that fail or are approximate", correct),
            Demand(
                what="trainings that reached their loss",
                measured=reached,
                limit=len(kinds) * len(extent.losses),
                unit="count",
                at_least=True,
            ),
        ),
        data={"rows": [list(row) for row in rows], "escaped": escaped},
    )


def tried(
    net: nn.Network, x: NDArray[Any], t: NDArray[Any], right: Report, singles: int
) -> Iterator[Tried]:
    """Make one mistake after the other and check.

    Parameters
    ----------
    net, x, t
        Correct.
    right
        The report on it: its bounds say whether a mistake can be seen.
    singles
        How many weights, for each factor.
    """
    gradient = net.gradient(x, t)
    for words, alter in mistakes(net, gradient, singles):
        wrong = alter(gradient)
        beyond = False
        for name, item in right.params.items():
            change = np.abs(wrong[name].astype(np.float64) - gradient[name].astype(np.float64))
            beyond |= bool(np.any(change > 2 * (item.bound + half_width(item))))
        yield Tried(words, beyond, fastcheck.gradcheck(altered(net, alter), x, t).verdict)


def mistakes(net: nn.Network, gradient: Any, singles: int) -> Iterator[tuple[str, Alter]]:
    """Yield what is wrong, in words, and what makes it so."""
    rng = np.random.default_rng(_SEED)
    for factor in FACTORS:
        yield f"the gradient times {factor}", times(factor)
        for name in net.params:
            yield f"{name} times {factor}", times(factor, (name,))
        for place in drawn_places(gradient, singles, rng):
            yield f"{place[0]}{list(place[1])} times {factor}", one_times(place, factor)


def _cells(found: list[Tried]) -> tuple[str, ...]:
    beyond = [one for one in found if one.beyond]
    failed = sum(one.verdict == "fail" for one in beyond)
    approximate = sum(one.verdict == "approximate" for one in beyond)
    numbers = (len(found), len(beyond), failed, approximate, len(beyond) - failed - approximate)
    return tuple(map(str, numbers))
