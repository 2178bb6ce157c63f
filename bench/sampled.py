"""The reference loop at some parameters, drawn at random: all of them would take too long."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.accurate import Gradient
from fastcheck.engine.reference import differences_at
from fastcheck.engine.steps import REFERENCE_STEP

Places = dict[str, NDArray[np.int64]]


def drawn(params: Gradient, count: int, *, seed: int = 0) -> Places:
    """Return `count` parameters out of all, each as likely: per name its flat positions, sorted."""
    sizes = [array.size for array in params.values()]
    chosen = np.sort(np.random.default_rng(seed).choice(sum(sizes), count, replace=False))
    bounds = np.cumsum([0, *sizes])
    return {
        name: chosen[(low <= chosen) & (chosen < high)] - low
        for name, low, high in zip(params, bounds[:-1], bounds[1:], strict=True)
    }


def drawn_of_each(params: Gradient, count: int, *, seed: int = 0) -> Places:
    """Return `count` flat positions of every parameter array, or all where it has fewer."""
    rng = np.random.default_rng(seed)
    return {
        name: np.sort(rng.choice(array.size, min(count, array.size), replace=False))
        for name, array in params.items()
    }


def reference_at(model: Any, x: Any, t: Any, places: Places) -> dict[str, NDArray[np.float64]]:
    """Return what the reference loop gives there; one flat array per name."""
    found = {}
    for name, flat in places.items():
        shape = model.params[name].shape
        indices = [tuple(map(int, np.unravel_index(int(place), shape))) for place in flat]
        differences = differences_at(model, x, t, name=name, indices=indices, step=REFERENCE_STEP)
        found[name] = differences.central.ravel()[flat]
    return found


def error_at(found: Gradient, accurate: Gradient, places: Places) -> float:
    """Return the largest error there, relative to the largest entry of the whole parameter."""
    return max(
        float(np.max(np.abs(found[name] - exact.ravel()[places[name]]), initial=0.0))
        / float(np.max(np.abs(exact)))
        for name, exact in accurate.items()
    )
