"""A gradient whose elements are right, but in the wrong places."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from fastcheck.diagnose.case import Array, Case, Suspect
from fastcheck.diagnose.fit import fits, tolerance
from fastcheck.diagnose.hypothesis import Explanation
from fastcheck.diagnose.parts import Use, uses
from fastcheck.diagnose.sweep import Part, Sweep

_MATRIX = 2
# Of how many candidates a shift is found.
_CANDIDATES = 8
_AXES = ("rows", "columns", "planes", "layers")


def misplaced(case: Case, suspect: Suspect, sweep: Sweep | None) -> Iterator[Explanation]:
    """Yield how the elements of one parameter's gradient were moved about."""
    for use in uses(suspect, sweep):
        yield from _transposed(case, suspect, use)
        for axis in range(suspect.value.ndim):
            yield from _shifted(case, suspect, use, axis)
            yield from _permuted(case, suspect, use, axis)


def _transposed(case: Case, suspect: Suspect, use: Use) -> Iterator[Explanation]:
    shape = suspect.value.shape
    if len(shape) != _MATRIX or min(shape) == 1:
        return
    text = "The gradient of {names} is transposed"
    if shape[0] != shape[1]:
        text += " and then reshaped to fit"
    orders = np.arange(suspect.value.size).reshape(shape).T.reshape(shape)
    text += ": look at the order of the factors in its product, x^T dy."
    yield from _checked(
        case, suspect, use, orders, Explanation("transposed", text, (suspect.name,), None, {})
    )
    if shape[0] != shape[1]:
        orders = np.arange(suspect.value.size).reshape(shape[::-1]).T.reshape(shape)
        yield from _checked(
            case, suspect, use, orders, Explanation("transposed", text, (suspect.name,), None, {})
        )


def _shifted(case: Case, suspect: Suspect, use: Use, axis: int) -> Iterator[Explanation]:
    found, right = (np.moveaxis(array, axis, 0) for array in _sides(suspect, use))
    count = len(right)
    if count < _MATRIX:
        return
    bound = np.moveaxis(tolerance(suspect, use.part, case.unit_roundoff), axis, 0)
    size = np.max(np.abs(right.reshape(count, -1)), axis=1)
    first = int(np.argmax(size))
    if not size[first] > 0:
        return
    with np.errstate(invalid="ignore"):
        off = np.abs(found - right[first]) <= bound + bound[first]
    places = np.flatnonzero(np.all(off.reshape(count, -1), axis=1))[:_CANDIDATES]
    for place in places:
        shift = (int(place) - first) % count
        if shift == 0:
            continue
        shift = shift if shift <= count // 2 else shift - count
        order = np.roll(np.arange(suspect.value.size).reshape(suspect.value.shape), shift, axis)
        what = _AXES[axis] if suspect.value.ndim > 1 else "elements"
        text = (
            f"The {what} of the gradient of {{names}} are shifted by {abs(shift)}: "
            "look for an index that is off by that, or a roll."
        )
        evidence = {"axis": axis, "shift": shift}
        yield from _checked(
            case, suspect, use, order, Explanation("shifted", text, (suspect.name,), None, evidence)
        )


def _permuted(case: Case, suspect: Suspect, use: Use, axis: int) -> Iterator[Explanation]:
    found, right = (np.moveaxis(array, axis, 0) for array in _sides(suspect, use))
    count = len(right)
    if count < _MATRIX or not np.all(np.isfinite(found)):
        return
    flat = found.reshape(count, -1), right.reshape(count, -1)
    view = np.random.default_rng(0).standard_normal(flat[1].shape[1])
    # In the order of their shadows, the rows of both stand beside each other.
    order = np.empty(count, np.int64)
    order[np.argsort(flat[0] @ view, kind="stable")] = np.argsort(flat[1] @ view, kind="stable")
    taken = np.take(np.arange(suspect.value.size).reshape(suspect.value.shape), order, axis)
    with np.errstate(invalid="ignore"):
        wrong = np.moveaxis(suspect.failed, axis, 0).reshape(count, -1).any(axis=1)
    moved = np.flatnonzero(wrong)
    what = _AXES[axis] if suspect.value.ndim > 1 else "elements"
    if len(moved) == _MATRIX:
        text = f"The {what} {moved[0]} and {moved[1]} of the gradient of {{names}} are swapped."
    else:
        text = f"{len(moved)} {what} of the gradient of {{names}} stand in each other's places."
    evidence = {"axis": axis, "moved": len(moved)}
    yield from _checked(
        case, suspect, use, taken, Explanation("shifted", text, (suspect.name,), None, evidence)
    )


def exchanged(case: Case, suspect: Suspect) -> Iterator[Explanation]:
    """Yield another parameter whose gradient this one has got."""
    for name, other in case.suspects.items():
        if name == suspect.name or other.value.shape != suspect.value.shape:
            continue
        move = Part(other.numerical - suspect.numerical, other.bound)
        if np.any(other.numerical) and fits(case, (suspect.name,), {suspect.name: move}):
            text = (
                f"{{names}} has got the gradient of {name}: look which names they are kept under."
            )
            yield Explanation("shifted", text, (suspect.name,), None, {"of": name})


def _sides(suspect: Suspect, use: Use) -> tuple[Array, Array]:
    """Return what stands where a part of the gradient should, and that part."""
    if use.read is None:
        return suspect.analytic, suspect.numerical
    return use.part.value + suspect.residual, use.part.value


def _checked(
    case: Case,
    suspect: Suspect,
    use: Use,
    order: np.ndarray[tuple[int, ...], np.dtype[np.int64]],
    as_found: Explanation,
) -> Iterator[Explanation]:
    """Yield the explanation if taking the elements in this order gives what was found."""
    value = use.part.value.reshape(-1)[order] - use.part.value
    error = use.part.error.reshape(-1)[order] + use.part.error
    if use.read is None:
        error = error + suspect.bound.reshape(-1)[order]
    if np.any(value) and fits(case, (suspect.name,), {suspect.name: Part(value, error)}):
        at = None if use.read is None else use.read.number
        yield replace(as_found, at=at)
