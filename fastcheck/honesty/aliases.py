"""Gradients that share memory: with a parameter, with the data, or with one another."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastcheck.verdict import Finding

# Whether strided arrays share an element is hard to tell in freak cases; then they count as apart.
_WORK = 10_000


@dataclass(frozen=True, slots=True)
class _Stretch:
    """An array and the addresses of its first byte and of the one after the last."""

    group: str
    name: str
    array: NDArray[Any]
    low: int
    high: int


def aliased(
    gradient: Mapping[str, NDArray[Any]],
    parameters: Mapping[str, NDArray[Any]],
    data: Mapping[str, NDArray[Any]],
) -> tuple[Finding, ...]:
    """Return which gradients are not arrays of their own.

    Parameters
    ----------
    gradient
        The very arrays that were returned.
    parameters
        The model's.
    data
        The arrays of x and t.
    """
    stretches = [
        *_stretches("gradient", gradient),
        *_stretches("parameter", parameters),
        *_stretches("data", data),
    ]
    # In the order of the gradients, not of the addresses, which change from run to run.
    places = {id(stretch): place for place, stretch in enumerate(stretches)}
    pairs = [
        sorted(pair, key=lambda stretch: places[id(stretch)])
        for pair in _overlapping(stretches)
        if share_memory(pair[0].array, pair[1].array)
    ]
    pairs.sort(key=lambda pair: [places[id(stretch)] for stretch in pair])
    return tuple(_sharing(one, other) for one, other in pairs)


def reused(first: Mapping[str, NDArray[Any]], second: Mapping[str, NDArray[Any]]) -> list[str]:
    """Return the names of gradients that a second call wrote into the arrays of the first."""
    return [
        name
        for name, array in first.items()
        if name in second and array.flags.writeable and share_memory(array, second[name])
    ]


def reuse(names: list[str]) -> Finding:
    """Return the note on arrays that the next call uses again."""
    listed = ", ".join(map(repr, names))
    return Finding(
        None,
        f"gradient returns the same arrays at every call for {listed}, so that what is kept of one "
        "call changes with the next; copy them where they are kept, or return new arrays",
        kind="aliased",
        severe=False,
        evidence={"names": ", ".join(names)},
    )


def share_memory(one: NDArray[Any], other: NDArray[Any]) -> bool:
    """Tell whether an element of one array lies in the other, as far as that is told quickly."""
    try:
        # NumPy's stubs know only the two limits that have names.
        return bool(np.shares_memory(one, other, max_work=_WORK))  # type: ignore[arg-type]
    except RuntimeError:  # TooHardError, which NumPy 1.25 moved
        return False


def _stretches(group: str, arrays: Mapping[str, NDArray[Any]]) -> Iterator[_Stretch]:
    for name, array in arrays.items():
        if array.size == 0:
            continue
        low = high = array.__array_interface__["data"][0]
        for length, stride in zip(array.shape, array.strides, strict=True):
            low += min(0, (length - 1) * stride)
            high += max(0, (length - 1) * stride)
        yield _Stretch(group, name, array, low, high + array.itemsize)


def _overlapping(stretches: list[_Stretch]) -> Iterator[tuple[_Stretch, _Stretch]]:
    """Yield the pairs whose addresses overlap and one of which is a gradient."""
    active: list[_Stretch] = []
    # By address, so that a thousand parameters do not make a million pairs.
    for stretch in sorted(stretches, key=lambda item: item.low):
        active = [other for other in active if other.high > stretch.low]
        for other in active:
            if "gradient" in (other.group, stretch.group):
                yield other, stretch
        active.append(stretch)


def _sharing(gradient: _Stretch, other: _Stretch) -> Finding:
    if other.group == "parameter":
        with_, because = f"params[{other.name!r}]", "an update of the parameter changes it"
    elif other.group == "gradient":
        with_, because = f"the gradient of {other.name!r}", "who scales one in place scales both"
    else:
        with_, because = other.name, "who scales it in place changes the data"
    return Finding(
        gradient.name,
        f"its gradient shares memory with {with_}, must be an array of its own, since {because}; "
        "return a copy",
        kind="aliased",
        severe=other.group == "parameter",
        evidence={"with": with_},
    )
