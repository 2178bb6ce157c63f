"""Single entries, or one row or column, wrong among right ones."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from fastcheck.diagnose.case import Suspect
from fastcheck.diagnose.fit import DECISIVE
from fastcheck.diagnose.hypothesis import Explanation

# At most so many single entries, and so many right ones beside each.
_FEW = 3
_RIGHT_BESIDE = 3
# So many right rows beside a wrong one.
_RIGHT_ROWS = 2
_MATRIX = 2
_AXES = ("row", "column")


def single_entries(suspect: Suspect) -> Iterator[Explanation]:
    """Yield which few entries of an otherwise right gradient are wrong."""
    failed = suspect.failed
    places = np.argwhere(failed)
    # Of those whose bound is wider than what is wrong here nobody knows whether they are right.
    off = np.abs(suspect.residual[failed])
    least = np.min(off, where=np.isfinite(off), initial=np.inf)
    sure = suspect.visible & ~failed & (DECISIVE * suspect.bound <= least)
    right = int(np.sum(sure))
    if len(places) <= _FEW and right >= _RIGHT_BESIDE * len(places):
        words = " and ".join(f"{suspect.name}{[int(i) for i in place]}" for place in places)
        verb = "is" if len(places) == 1 else "are"
        first = tuple(int(i) for i in places[0])
        got, want = suspect.analytic[first], suspect.numerical[first]
        text = (
            f"Only {words} {verb} wrong, {right:,} others of {{names}} are right "
            f"({got:.6g} where the numerical gradient is {want:.6g}): look for what treats "
            "that index apart."
        )
        evidence: dict[str, float | int | str] = {"index": str(list(first))}
        if want:
            evidence["ratio"] = float(got / want)
        yield Explanation("entries", text, (suspect.name,), None, evidence)
        return
    if failed.ndim != _MATRIX:
        return
    for axis, word in enumerate(_AXES):
        lines = np.flatnonzero(np.any(failed, axis=1 - axis))
        others = np.any(sure, axis=1 - axis)
        if len(lines) != 1 or int(np.sum(np.delete(others, lines))) < _RIGHT_ROWS:
            continue
        line = int(lines[0])
        text = (
            f"Only {word} {line} of the gradient of {{names}} is wrong: "
            "look for what treats that index apart."
        )
        yield Explanation("entries", text, (suspect.name,), None, {word: line})
        return
