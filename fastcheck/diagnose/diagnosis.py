"""The diagnosis: hypotheses in the order of their simplicity; the first that fits is named."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from fastcheck.diagnose.batches import stale
from fastcheck.diagnose.case import Case, Suspect
from fastcheck.diagnose.decay import decays
from fastcheck.diagnose.derivatives import wrong_derivatives
from fastcheck.diagnose.entries import single_entries
from fastcheck.diagnose.factor import common_factors, own_factor
from fastcheck.diagnose.fit import agrees, fits
from fastcheck.diagnose.hypothesis import Change, Explanation
from fastcheck.diagnose.layers import Probed, probed
from fastcheck.diagnose.losses import other_losses, other_targets, without_epsilon
from fastcheck.diagnose.matrices import other_matrix
from fastcheck.diagnose.parts import penalties
from fastcheck.diagnose.patterns import misplaced
from fastcheck.diagnose.places import line_of, suspected_lines
from fastcheck.diagnose.products import handed_down, kept, kept_by
from fastcheck.diagnose.sweep import Part, Sweep
from fastcheck.verdict import Finding

_NOTHING_FITS = "The gradient of {names} is wrong in a way that fits none of the usual mistakes."


def diagnose(case: Case) -> tuple[Finding, ...]:
    """Return the likely mistakes, each only where it then fits within the bounds.

    Parameters
    ----------
    case
        The gradients; nothing of it is changed.

    Returns
    -------
    tuple of Finding
        One per independent mistake, the most likely first; none of them severe, since the elements
        that failed already are. Where nothing fits there is one of kind "unexplained"; empty where
        nothing failed.
    """
    if not case.wrong:
        return ()
    sweep = None if case.program is None else Sweep(case.program)
    layers = None if sweep is None else probed(case, sweep)
    with np.errstate(all="ignore"):
        found = _explained(case, sweep, layers)
    places = _Places(case, sweep, layers)
    return tuple(places.finding(item) for item in found)


def _explained(
    case: Case, sweep: Sweep | None, layers: Sequence[Probed] | None
) -> list[Explanation]:
    whole = next(_of_all(case, sweep, layers), None)
    if whole is not None:
        return [whole]
    single = [_of_one(case, case.suspects[name], sweep) for name in case.wrong]
    known = [item for item in single if item is not None]
    rest = tuple(name for name, item in zip(case.wrong, single, strict=True) if item is None)
    if rest:
        own = _own_mistakes(layers)
        known = [item for item in known if item.names[0] in own]
        explained = {item.names[0] for item in known}
        rest = tuple(name for name in case.wrong if name not in explained)
    found = _grouped(known)
    if rest:
        found.append(Explanation("unexplained", _NOTHING_FITS, rest))
    return found


def _own_mistakes(layers: Sequence[Probed] | None) -> set[str]:
    """Return the parameters that are wrong although what comes from above is right."""
    return {name for layer in layers or () for name in layer.wrong}


def _of_all(
    case: Case, sweep: Sweep | None, layers: Sequence[Probed] | None
) -> Iterator[Explanation]:
    """Yield what explains all that is wrong by one mistake."""
    yield from decays(case, penalties(case.suspects, sweep))
    yield from common_factors(case, sweep, named=True)
    yield from (item for item in stale(case) if set(item.names) == set(case.wrong))
    if sweep is not None:
        for change, epsilon in without_epsilon(sweep):
            yield from _fitting(case, sweep, change, {"epsilon": epsilon})
        for changes in (
            wrong_derivatives(sweep),
            handed_down(sweep),
            kept(sweep),
            other_losses(case, sweep),
            other_targets(case, sweep),
        ):
            for change in changes:
                yield from _fitting(case, sweep, change, {})
    if len(case.wrong) > 1:
        yield from common_factors(case, sweep, named=False)
    if layers is not None:
        yield from other_matrix(case, layers)


def _fitting(
    case: Case, sweep: Sweep, change: Change, evidence: dict[str, float | int | str]
) -> Iterator[Explanation]:
    wrong = case.wrong
    if not frozenset(wrong) <= _reached(sweep, change.at):
        return

    def judge(name: str, part: Part) -> bool:
        suspect = case.suspects.get(name)
        return suspect is None or agrees(suspect, part, case.unit_roundoff)

    moved = sweep.carried({change.at: change.part}, judge)
    if moved is not None and fits(case, wrong, moved):
        text = f"The gradient of {{names}}: {change.message}."
        yield Explanation(change.kind, text, wrong, change.at, evidence)


def _reached(sweep: Sweep, at: int) -> frozenset[str]:
    return sweep.reach.get(at, frozenset())


def _of_one(case: Case, suspect: Suspect, sweep: Sweep | None) -> Explanation | None:
    """Return what explains one parameter by itself."""
    return next(_of_itself(case, suspect, sweep), None)


def _of_itself(case: Case, suspect: Suspect, sweep: Sweep | None) -> Iterator[Explanation]:
    alone = _alone(case, suspect)
    named = own_factor(case, suspect, sweep, named=True)
    if named is not None:
        yield named
    yield from decays(alone, penalties({suspect.name: suspect}, sweep))
    if sweep is not None:
        for change in kept_by(sweep, sweep.program.parameters[suspect.name]):
            yield from _fitting(alone, sweep, change, {})
    yield from misplaced(alone, suspect, sweep)
    factor = own_factor(case, suspect, sweep, named=False)
    if factor is not None:
        yield factor
    yield from single_entries(suspect)


def _alone(case: Case, suspect: Suspect) -> Case:
    """Return the case as if this parameter only were wrong."""
    suspects = {
        name: item for name, item in case.suspects.items() if item is suspect or not item.wrong
    }
    return Case(
        suspects,
        case.batch,
        case.classes,
        None,
        case.x,
        case.t,
        case.program,
        case.model,
        case.unit_roundoff,
    )


def _grouped(found: Sequence[Explanation]) -> list[Explanation]:
    """Return the explanations, those alike as one."""
    groups: dict[tuple[str, str], Explanation] = {}
    for item in found:
        key = item.kind, item.message
        known = groups.get(key)
        if known is not None:
            item = Explanation(
                item.kind, item.message, known.names + item.names, None, item.evidence
            )
        groups[key] = item
    return list(groups.values())


class _Places:
    """Says where a mistake sits, and puts the finding together."""

    def __init__(self, case: Case, sweep: Sweep | None, layers: Sequence[Probed] | None) -> None:
        self._case, self._sweep, self._layers = case, sweep, layers

    def finding(self, item: Explanation) -> Finding:
        where = self._where(item)
        names = item.names
        if item.kind == "unexplained" and where:
            place = where[0] if len(where) == 1 else f"{where[0]} ... {where[-1]}"
            text = f"{item.message} It begins in {place}: look at the backward there."
        else:
            text = item.message
        return Finding(
            parameter=names[0] if len(names) == 1 else None,
            message=text.replace("{names}", _listed(names)),
            kind=item.kind,
            severe=False,
            where=where,
            evidence=item.evidence,
        )

    def _where(self, item: Explanation) -> tuple[str, ...]:
        if self._layers is not None:
            faulty = [layer for layer in self._layers if not layer.passes or layer.wrong]
            own = [layer.name for layer in faulty if set(layer.wrong) & set(item.names)]
            through = [layer.name for layer in faulty if not layer.passes]
            if faulty:
                return tuple(own if own and not through else through or own)
            if item.kind == "weight decay":
                return ("l2",)
        if self._sweep is None:
            return ()
        if item.at is not None:
            return line_of(self._sweep, item.at)
        return suspected_lines(self._case, self._sweep)


def _listed(names: Sequence[str]) -> str:
    if len(names) == 1:
        return names[0]
    return f"{', '.join(names[:-1])} and {names[-1]}"
