"""What a parameter's gradient is made of: one part for each place where the loss uses it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from fastcheck.diagnose.case import Array, Suspect
from fastcheck.diagnose.fit import SLACK
from fastcheck.diagnose.sweep import Part, Read, Sweep

_SEVERAL = 2
# Elements in proportion to each other that are no coincidence.
_ENOUGH = 3


@dataclass(frozen=True, slots=True)
class Use:
    """What a parameter's gradient gets from one operation that reads it.

    Attributes
    ----------
    read
        The operation; None where it is the whole gradient.
    part
        Its share.
    """

    read: Read | None
    part: Part


def uses(suspect: Suspect, sweep: Sweep | None) -> list[Use]:
    """Return the whole gradient, and where it has several parts each of them but the penalty's."""
    whole = Use(None, Part(suspect.numerical, np.zeros(suspect.numerical.shape)))
    if sweep is None:
        return [whole]
    number = sweep.program.parameters[suspect.name]
    reads = sweep.reads.get(number, [])
    if len(reads) < _SEVERAL:
        return [whole]
    found = [whole]
    for read in reads:
        part = sweep.through(read)
        if part is not None and penalty_factor(suspect.value, sweep, read, part) is None:
            found.append(Use(read, part))
    return found


def penalties(suspects: Mapping[str, Suspect], sweep: Sweep | None) -> dict[str, float]:
    """Return, by parameter, the factor l2 with which the loss's penalty adds l2 w."""
    if sweep is None:
        return {}
    found: dict[str, float] = {}
    for name, suspect in suspects.items():
        number = sweep.program.parameters[name]
        for read in sweep.reads.get(number, []):
            part = sweep.through(read)
            if part is None:
                continue
            factor = penalty_factor(suspect.value, sweep, read, part)
            if factor is not None:
                found[name] = found.get(name, 0.0) + factor
    return found


def penalty_factor(value: Array, sweep: Sweep, read: Read, part: Part) -> float | None:
    """Return c where an operation is the beginning of a penalty, which adds c w to the gradient."""
    moving = {number for number in read.operation.inputs if sweep.moves(number)}
    same = sweep.arrays[read.operation.output].shape == value.shape
    if moving != {read.number} or (not same and value.size < _ENOUGH):
        return None
    return decay_factor(value, part)


def decay_factor(value: Array, part: Part) -> float | None:
    """Return c where a part of the gradient is c w, None where it is not."""
    if np.count_nonzero(value) < min(_SEVERAL, value.size) or not np.any(part.value):
        return None
    place = np.unravel_index(int(np.argmax(np.abs(value))), value.shape)
    factor = float(part.value[place] / value[place])
    off = np.abs(part.value - factor * value)
    limit = SLACK * (part.error + np.abs(value / value[place]) * part.error[place])
    return factor if factor and bool(np.all(off <= limit)) else None
