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
            l2 = penalties[names[0]]
            text = (
                f"The weight decay in the gradient of {{names}} is {l2:.6g} sign(w), as for an L1 "
                f"penalty, where the loss has one of squares: it is {l2:.6g} w."
            )
            yield Explanation("weight decay", text, names, None, {"l2": l2})
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
    size = f"{abs(coefficient):.6g} times the parameter itself"
    if coefficient < 0:
        text = f"The gradient of {{names}} lacks {size}, as of a weight decay that is left out"
    elif any(name in penalties for name in names):
        text = f"The gradient of {{names}} has {size} too much, a part of the weight decay"
    else:
        text = f"The gradient of {{names}} has {size} too much, as of a weight decay"
        if any(abs(coefficient - l2) <= _SAME * l2 for l2 in penalties.values()):
            text += " like that of other parameters"
    evidence = {"coefficient": coefficient}
    return Explanation("weight decay", f"{text}; {_LOOK}.", tuple(names), None, evidence)


def _exact(move: Array) -> Part:
    return Part(move, 4 * 2.0**-53 * np.abs(move))


def _wrong(case: Case, names: Sequence[str], ratio: float, l2: float) -> Explanation:
    right = f"the penalty of the loss makes it {l2:.6g} times the parameter"
    known = (
        (0.0, f"is missing: {right}"),
        (2.0, f"comes in twice: {right}, whether it has a half in it or not"),
        (0.5, f"is half of what it should be: {right}, whether it has a half in it or not"),
        (-1.0, "has the wrong sign: add it, do not subtract it"),
        (1.0 / case.batch, f"is divided by the batch size: {right}, without that"),
        (float(case.batch), f"is multiplied by the batch size: {right}, without that"),
    )
    what = f"is {ratio:.6g} times what it should be: {right}"
    for value, words in known:
        if abs(ratio - value) <= _SAME * max(1e-3, abs(value)):
            what = words
            break
    text = f"The weight decay in the gradient of {{names}} {what}."
    evidence = {"l2": l2, "times": ratio}
    return Explanation("weight decay", text, tuple(names), None, evidence)
