"""Weight decay missing, doubled or wrong: what is left over is proportional to the weights."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from fastcheck.diagnose.case import Array, Case
from fastcheck.diagnose.factor import factor_between
from fastcheck.diagnose.fit import fits
from fastcheck.diagnose.hypothesis import Explanation
from fastcheck.diagnose.sweep import Part

# How well an estimated coefficient must agree with a known one.
_SAME = 1e-3
# Elements in proportion to the parameter that are no coincidence.
_ENOUGH = 3
_LOOK = "look at the penalty's term in the gradient"


def decays(case: Case, penalties: Mapping[str, float]) -> Iterator[Explanation]:
    """Yield what is wrong with the weight decay.

    Parameters
    ----------
    case
        What was found.
    penalties
        By parameter, the factor l2 with which the loss has it; see `parts.penalties`.
    """
    names = case.wrong
    values = {name: case.suspects[name].value for name in names}
    if all(name in penalties for name in names):
        parts = {name: _exact(penalties[name] * values[name]) for name in names}
        # With factors a decay comes in so many times: 0 where it is missing.
        found = factor_between(case, parts, names, named=False, vanishing=True)
        if found is not None:
            yield _wrong(case, names, found.value, penalties[names[0]])
            return
        lone = {name: penalties[name] * (np.sign(w) - w) for name, w in values.items()}
        if fits(case, names, {name: _exact(move) for name, move in lone.items()}):
            text = (
                "The weight decay in the gradient of {names} is l2 sign(w), as for an L1 penalty, "
                f"where the loss has (l2 / 2) w^2: add l2 w; {_LOOK}."
            )
            yield Explanation("weight decay", text, names, None, {"l2": penalties[names[0]]})
            return
    for known in sorted(set(penalties.values())):
        if fits(case, names, {name: _exact(known * w) for name, w in values.items()}):
            yield _extra(names, known, penalties)
            return
    if sum(int(np.count_nonzero(w)) for w in values.values()) < _ENOUGH:
        return
    parts = {name: _exact(w) for name, w in values.items()}
    found = factor_between(case, parts, names, named=False, vanishing=True)
    if found is not None:
        yield _extra(names, found.value - 1.0, penalties)


def _extra(names: Sequence[str], coefficient: float, penalties: Mapping[str, float]) -> Explanation:
    there = any(name in penalties for name in names)
    what = "more weight decay than" if there else "a weight decay that"
    text = (
        f"The gradient of {{names}} is too large by {coefficient:.6g} times the parameter itself, "
        f"{what} the loss {'has' if there else 'does not have'} there"
    )
    if not there and any(abs(coefficient - l2) <= _SAME * l2 for l2 in penalties.values()):
        text += ": it is the factor of the penalty on other parameters"
    evidence = {"coefficient": coefficient}
    return Explanation("weight decay", f"{text}; {_LOOK}.", tuple(names), None, evidence)


def _exact(move: Array) -> Part:
    return Part(move, 4 * 2.0**-53 * np.abs(move))


def _wrong(case: Case, names: Sequence[str], ratio: float, l2: float) -> Explanation:
    known = (
        (0.0, "is missing", "add l2 w"),
        (2.0, "comes in twice", "the half in the loss makes it l2 w, not 2 l2 w"),
        (0.5, "is half of what it should be", "the derivative of (l2 / 2) w^2 is l2 w"),
        (-1.0, "has the wrong sign", "add it, do not subtract it"),
        (1.0 / case.batch, "is divided by the batch size", "the loss does not average it"),
        (float(case.batch), "is multiplied by the batch size", "the loss adds it once"),
    )
    what, look = f"is {ratio:.6g} times what the loss makes it", _LOOK
    for value, words, remedy in known:
        if abs(ratio - value) <= _SAME * max(1e-3, abs(value)):
            what, look = words, remedy
            break
    text = f"The weight decay in the gradient of {{names}} {what}: {look}."
    evidence = {"l2": l2, "times": ratio}
    return Explanation("weight decay", text, tuple(names), None, evidence)
