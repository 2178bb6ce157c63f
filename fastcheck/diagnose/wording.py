"""An explanation as a finding: with its parameters, and where the mistake sits."""

from __future__ import annotations

from collections.abc import Sequence

from fastcheck.diagnose.case import Case
from fastcheck.diagnose.hypothesis import Explanation
from fastcheck.diagnose.layers import Probed, faulty
from fastcheck.diagnose.places import line_of, suspected_lines
from fastcheck.diagnose.sweep import Sweep
from fastcheck.verdict import Finding

_SEVERAL = 2
# From here on names are left out: so many of the first stay.
_MANY, _FIRST = 10, 3


# What else a gradient may be, by kind.
_ALSO = {
    "factor": "A constant factor",
    "transposed": "A transposed array",
    "weight decay": "A wrong weight decay",
    "bias sum": "A bias summed over the wrong axis",
    "mask": "A wrong mask",
    "derivative": "A wrong derivative of an activation",
    "loss": "Another loss",
    "shifted": "Rows or columns in the wrong places",
    "zero": "A gradient that is not filled in",
    "stale": "A gradient of another batch, or of older weights,",
    "samples": "Samples that are left out",
    "entries": "A few wrong entries",
}


class Places:
    """Says where a mistake sits, and puts the finding together."""

    def __init__(self, case: Case, sweep: Sweep | None, layers: Sequence[Probed] | None) -> None:
        self._case, self._sweep, self._layers = case, sweep, layers

    def finding(self, item: Explanation) -> Finding:
        """Return the finding for an explanation."""
        where = self._where(item)
        text = item.message.replace("{names}", listed(item.names))
        if where:
            place = where[0] if len(where) < _SEVERAL else f"one of {', '.join(where)}"
            verb = "It begins" if item.kind == "unexplained" else "It is"
            text = f"{text} {verb} in the backward of {place}."
        other = item.evidence.get("also fits")
        if other is not None:
            text += f" {_ALSO[str(other)]} would give just this gradient too."
        return Finding(
            parameter=item.names[0] if len(item.names) == 1 else None,
            parameters=tuple(item.names),
            message=text,
            kind=item.kind,
            severe=False,
            where=where,
            evidence=item.evidence,
        )

    def _where(self, item: Explanation) -> tuple[str, ...]:
        """Return the layers, or else the lines, one of which holds the mistake."""
        if item.kind == "unused":  # a matter of the forward
            return ()
        if self._layers is not None:
            suspected = faulty(self._layers)
            at = [layer for layer in suspected if item.at is not None and layer.holds(item.at)]
            suspected = at or suspected
            own = [layer.name for layer in suspected if set(layer.wrong) & set(item.names)]
            through = [layer.name for layer in suspected if not layer.passes]
            if suspected:
                return tuple(through or own)
            if item.kind == "weight decay":
                return ("l2",)
        if self._sweep is None:
            return ()
        if item.at is not None:
            return line_of(self._sweep, item.at)
        return suspected_lines(self._case, self._sweep)


def listed(names: Sequence[str]) -> str:
    """Return names as in "W1, b1 and W2"; of many the first and the last."""
    if len(names) < _SEVERAL:
        return names[0]
    if len(names) > _MANY:
        return f"{', '.join(names[:_FIRST])}, ... and {names[-1]} ({len(names)} of them)"
    return f"{', '.join(names[:-1])} and {names[-1]}"
