"""Off by a constant factor: which one, and what it equals."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from fastcheck.diagnose.case import Case, Suspect
from fastcheck.diagnose.factor_words import Factor, explained, named_factors
from fastcheck.diagnose.fit import fits, tolerance
from fastcheck.diagnose.hypothesis import Explanation
from fastcheck.diagnose.parts import decay_factor, uses
from fastcheck.diagnose.sweep import Part, Sweep

# Elements that must show a factor which equals nothing in particular.
_ENOUGH = 3
# Such a factor must differ from 1 by that many times its own uncertainty.
_CLEAR = 16.0


def factor_between(
    case: Case,
    parts: Mapping[str, Part],
    names: Sequence[str],
    *,
    named: bool,
    vanishing: bool = False,
) -> Factor | None:
    """Return c where the gradients have c times these parts in them, in place of once.

    The most accurate element says what c is; it must then fit everywhere.

    Parameters
    ----------
    case
        What was found.
    parts
        By parameter.
    names
        The parameters to be explained.
    named
        Only a factor that equals something.
    vanishing
        With a factor of 0 the rest of the gradient stays; else it must then be zero.
    """
    best: tuple[float, float] | None = None
    visible = 0
    for name in names:
        suspect, part = case.suspects[name], parts[name]
        limit = tolerance(suspect, part, case.unit_roundoff)
        size = np.abs(part.value)
        with np.errstate(all="ignore"):
            relative = np.where(size > 0, limit / size, np.inf)
        relative[~np.isfinite(relative) | ~np.isfinite(suspect.residual)] = np.inf
        visible += int(np.sum(relative < 1))
        place = np.unravel_index(int(np.argmin(relative)), relative.shape)
        sure = float(relative[place])
        if np.isfinite(sure) and (best is None or sure < best[1]):
            best = float(suspect.residual[place] / part.value[place]), sure
    if best is None:
        return None
    value, uncertainty = 1.0 + best[0], best[1] * (1.0 + abs(best[0]))
    choices = {
        meaning: c
        for meaning, c in named_factors(case.batch, case.classes, case.positions).items()
        if abs(c - value) <= uncertainty and abs(c - 1.0) > _CLEAR * uncertainty
    }
    if choices:
        nearest = min(choices.values(), key=lambda c: abs(c - value))
        # At a second reading the others that are the same number, not just close to it.
        same = tuple(name for name, c in choices.items() if np.isclose(c, nearest, rtol=1e-12))
        if (
            nearest == 0.0
            and not vanishing
            and not all(_is_zero(case.suspects[name]) for name in names)
        ):
            return None  # small, but not zero: it is the sum of something
        found = Factor(nearest, 0.0, same)
    elif named or visible < _ENOUGH or abs(value - 1.0) <= _CLEAR * uncertainty:
        return None
    else:
        found = Factor(value, uncertainty, ())
    return found if _fits(case, parts, names, found) else None


def _is_zero(suspect: Suspect) -> bool:
    """Tell whether a gradient is exactly zero, or that of a penalty alone."""
    a, w = suspect.analytic, suspect.value
    if not np.any(a):
        return True
    place = np.unravel_index(int(np.argmax(np.abs(w))), w.shape)
    penalty = a[place] / w[place] * w
    return bool(np.all(np.abs(a - penalty) <= 1e-6 * np.abs(penalty)))


def moved(part: Part, factor: Factor) -> Part:
    """Return by how much the gradient is moved where a part comes in so many times."""
    change = factor.value - 1.0
    error = abs(change) * part.error + factor.uncertainty * np.abs(part.value)
    return Part(change * part.value, error)


def _fits(case: Case, parts: Mapping[str, Part], names: Sequence[str], factor: Factor) -> bool:
    return fits(case, names, {name: moved(part, factor) for name, part in parts.items()})


def common_factors(case: Case, sweep: Sweep | None, *, named: bool) -> Iterator[Explanation]:
    """Yield factors on all failing parameters, by the value from which on they come in."""
    names = case.wrong
    named = named or (sweep is not None and _is_narrow(sweep, names))
    if sweep is None:
        parts = {
            name: Part(case.suspects[name].numerical, np.zeros(case.suspects[name].value.shape))
            for name in names
        }
        found = factor_between(case, parts, names, named=named)
        if found is not None:
            yield explained(case, found, names, None)
        return
    for number in _tops(sweep, sweep.reached_by_all(names)):
        if not _spares(case, sweep, number):
            continue
        parts = sweep.carried({number: sweep.adjoints[number]}) or {}
        if not all(name in parts for name in names):
            continue
        if all(decay_factor(case.suspects[name].value, parts[name]) is not None for name in names):
            continue  # a matter of the weight decay
        found = factor_between(case, parts, names, named=named)
        if found is not None:
            yield explained(case, found, names, number, whole=_is_whole(case, parts, names))


def own_factor(
    case: Case, suspect: Suspect, sweep: Sweep | None, *, named: bool
) -> Explanation | None:
    """Return the factor on one parameter's gradient, or on one part of it."""
    for use in uses(suspect, sweep):
        names = (suspect.name,)
        found = factor_between(case, {suspect.name: use.part}, names, named=named)
        if found is not None:
            at = None if use.read is None else use.read.number
            bias = suspect.value.size < _largest_size(case)
            whole = _is_whole(case, {suspect.name: use.part}, names)
            return explained(case, found, names, at, bias=bias, whole=whole)
    return None


def _is_whole(case: Case, parts: Mapping[str, Part], names: Sequence[str]) -> bool:
    """Tell whether a part is all that there is of the gradient."""
    for name in names:
        suspect, part = case.suspects[name], parts[name]
        rest = np.abs(part.value - suspect.numerical)
        if np.any(rest > tolerance(suspect, part, case.unit_roundoff)):
            return False
    return True


def _largest_size(case: Case) -> int:
    """Return the size of the largest parameter: a bias is not that."""
    return max(suspect.value.size for suspect in case.suspects.values())


def _spares(case: Case, sweep: Sweep, number: int) -> bool:
    """Tell whether no right parameter is reached, or only ones whose gradient cannot be seen."""
    return all(
        case.suspects[name].wrong or not case.suspects[name].visible.any()
        for name in sweep.reach[number]
        if name in case.suspects
    )


def _is_narrow(sweep: Sweep, names: Sequence[str]) -> bool:
    """Tell whether what these parameters get comes through so few numbers that any factor fits."""
    numbers = sweep.reached_by_all(names)
    return not numbers or int(np.count_nonzero(sweep.adjoints[numbers[0]].value)) < _ENOUGH


def _tops(sweep: Sweep, numbers: Sequence[int]) -> list[int]:
    """Return, of values in a row that give the gradient alike, the last; the first in line last."""
    kept = []
    for number in reversed(numbers):
        readers = sweep.reads.get(number, [])
        alone = len(readers) == 1 and (
            sum(sweep.moves(other) for other in readers[0].operation.inputs) == 1
        )
        if not alone:
            kept.append(number)
    return kept
