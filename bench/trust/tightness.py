"""Table 2: how small an error the bounds would have shown, on the classic network."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

import fastcheck
from bench.cases import classic
from bench.quantities import NONE, error
from bench.section import Section
from bench.trust.demand import Demand
from bench.trust.extent import Task

MEDIAN, NINETY_NINTH = 1e-13, 1e-11  # at most

HEADINGS = ("parameter", "entries, g ≠ 0", "median B/|g|", "99th percentile", "largest")


def measure(task: Task) -> Section:
    """Check the classic network in float64, once."""
    task.tell("tightness")
    sizes = task.extent.sizes
    model, x, t = classic(sizes)
    report = fastcheck.gradcheck(model, x, t)
    ratios = {
        name: relative_bounds(item.bound, item.numerical) for name, item in report.params.items()
    }
    every = np.concatenate(list(ratios.values()))
    median, high = (float(np.quantile(every, q)) for q in (0.5, 0.99))
    return Section(
        title=f"2. Tightness: classic network 784-{sizes.hidden}-10, {len(x)} digits, float64",
        headings=HEADINGS,
        rows=(*(_row(name, found) for name, found in ratios.items()), _row("all", every)),
        musts=(
            Demand(what="median of B/|g|", measured=median, limit=MEDIAN, unit="error"),
            Demand(
                what="99th percentile of B/|g|", measured=high, limit=NINETY_NINTH, unit="error"
            ),
        ),
        data={"median": median, "percentile_99": high, "largest": float(np.max(every))},
    )


def relative_bounds(
    bound: NDArray[np.float64], numerical: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return B/|g| over the entries with g != 0, flat."""
    some = numerical != 0
    ratios: NDArray[np.float64] = bound[some] / np.abs(numerical[some])
    return ratios


def _row(name: str, ratios: NDArray[np.float64]) -> tuple[str, ...]:
    if not ratios.size:
        return (name, "0", NONE, NONE, NONE)
    numbers = (np.median(ratios), np.quantile(ratios, 0.99), np.max(ratios))
    return (name, f"{ratios.size:,}", *(error(float(number)) for number in numbers))
