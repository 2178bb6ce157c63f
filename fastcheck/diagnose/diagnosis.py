"""The diagnosis: hypotheses in the order of their simplicity; the first that fits is named."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import chain

import numpy as np

from fastcheck.diagnose.batches import stale
from fastcheck.diagnose.case import Case, Suspect
from fastcheck.diagnose.constants import wrong_masks
from fastcheck.diagnose.decay import decays
from fastcheck.diagnose.derivatives import wrong_derivatives
from fastcheck.diagnose.entries import single_entries
from fastcheck.diagnose.factor import common_factors, own_factor
from fastcheck.diagnose.factor_words import PART
from fastcheck.diagnose.fit import agrees, fits
from fastcheck.diagnose.hypothesis import Change, Explanation
from fastcheck.diagnose.layers import Probed, faulty, probed
from fastcheck.diagnose.losses import other_losses, other_targets
from fastcheck.diagnose.matrices import other_matrix
from fastcheck.diagnose.parts import penalties
from fastcheck.diagnose.patterns import exchanged, misplaced
from fastcheck.diagnose.products import handed_down, kept
from fastcheck.diagnose.sweep import Part, Sweep
from fastcheck.diagnose.textbook import left_out, without_epsilons
from fastcheck.diagnose.wording import Places
from fastcheck.verdict import Finding

# What may be another mistake, and an epsilon left out besides.
_DOUBTFUL = {"unexplained", "loss"}
_UNUSED = (
    "The loss does not use {names}, so that the numerical gradient is zero throughout: look "
    "whether it reads a copy that was made of it before, such as a layer's own array."
)
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
    places = Places(case, sweep, layers)
    with np.errstate(all="ignore"):
        plain = None if sweep is None else without_epsilons(case, sweep)
        if sweep is not None and plain is not None and not plain.wrong:
            return (places.finding(left_out(case, sweep, besides=False)),)
        found = _explained(case, sweep, layers)
        kinds = {item.kind for item in found}
        if sweep is not None and plain is not None and kinds & _DOUBTFUL:
            rest, others = _of_plain(plain)
            if _is_better(others, kinds, fewer=set(plain.wrong) < set(case.wrong)):
                return (*rest, places.finding(left_out(case, sweep, besides=True)))
        return tuple(map(places.finding, found))


def _of_plain(case: Case) -> tuple[tuple[Finding, ...], set[str]]:
    """Return what is wrong beside the epsilons, and of which kinds that is."""
    assert case.program is not None
    sweep = Sweep(case.program)
    layers = probed(case, sweep)
    found = _explained(case, sweep, layers)
    return tuple(map(Places(case, sweep, layers).finding, found)), {item.kind for item in found}


def _is_better(others: set[str], kinds: set[str], *, fewer: bool) -> bool:
    """Tell whether the epsilons and these mistakes explain more than mistakes of other kinds.

    Parameters
    ----------
    others, kinds
        What is found beside the epsilons, and without them.
    fewer
        Whether beside the epsilons fewer parameters are wrong.
    """
    if "unexplained" in kinds:
        return "unexplained" not in others or fewer
    # Of two other losses the one that the epsilon comes with is no simpler.
    return not others & _DOUBTFUL


def _explained(
    case: Case, sweep: Sweep | None, layers: Sequence[Probed] | None
) -> list[Explanation]:
    unused = () if sweep is None else tuple(name for name in case.wrong if sweep.is_unused(name))
    if unused:
        used = {name: item for name, item in case.suspects.items() if name not in unused}
        others = replace(case, suspects=used)
        found = _explained(others, sweep, layers) if others.wrong else []
        return [*_of_unused(case, unused), *found]
    whole = _first(_of_all(case, sweep, layers))
    if whole is not None and len(case.wrong) == 1 and "also fits" not in whole.evidence:
        alone = _of_one(case, case.suspects[case.wrong[0]], sweep)
        whole = _first(chain((whole,), alone))
    if whole is not None:
        return [whole]
    single = {name: list(_of_one(case, case.suspects[name], sweep)) for name in case.wrong}
    known = {name: items for name, items in single.items() if items}
    if len(known) < len(single):
        # What explains a part only is believed where that part is wrong by itself.
        own = {name for layer in layers or () for name in layer.wrong}
        known = {name: items for name, items in known.items() if name in own}
    found = _grouped(known)
    rest = tuple(name for name in case.wrong if name not in known)
    if rest:
        found.append(Explanation("unexplained", _NOTHING_FITS, rest))
    return found


def _of_unused(case: Case, names: Sequence[str]) -> Iterator[Explanation]:
    """Yield what gives a gradient to parameters that the loss does not hang on."""
    copied = []
    for name in names:
        decay = _first(decays(replace(case, suspects={name: case.suspects[name]}), {}))
        if decay is None:
            copied.append(name)
        else:
            yield decay
    if copied:
        yield Explanation("unused", _UNUSED, tuple(copied))


def _first(found: Iterable[Explanation]) -> Explanation | None:
    """Return the first explanation, with the first of another kind mentioned in it."""
    best: Explanation | None = None
    for item in found:
        if best is None:
            best = item
        elif item.kind != best.kind:
            evidence = {**best.evidence, "also fits": item.kind}
            return replace(best, evidence=evidence)
    return best


def _of_all(
    case: Case, sweep: Sweep | None, layers: Sequence[Probed] | None
) -> Iterator[Explanation]:
    """Yield what explains all that is wrong by one mistake, the simplest first."""
    suspected = faulty(layers)
    layer = suspected[0] if len(suspected) == 1 else None
    inside = layer is not None and layer.is_activation
    if sweep is not None and inside:
        # It is known to be there, so that a plain factor is no simpler.
        yield from _fitting(case, sweep, wrong_derivatives(sweep), layer)
    decay = penalties(case.suspects, sweep)
    yield from decays(case, decay)
    yield from common_factors(case, sweep, named=True)
    if len(case.wrong) == 1:
        factor = own_factor(case, case.suspects[case.wrong[0]], sweep, named=True)
        if factor is not None:
            yield factor
    if sweep is not None:
        changes = (
            () if inside else wrong_derivatives(sweep),
            wrong_masks(sweep),
            handed_down(sweep),
            kept(sweep, case.wrong[0]) if len(case.wrong) == 1 else (),
            other_losses(case, sweep),
            other_targets(case, sweep),
        )
        yield from _fitting(case, sweep, chain.from_iterable(changes), layer)
    # Other targets are a matter of the loss, if it is known which layer is wrong.
    turned = not suspected or any(layer.is_loss for layer in suspected)
    yield from (
        item for item in stale(case, decay, turned=turned) if set(item.names) == set(case.wrong)
    )
    yield from other_matrix(case, layer)
    if len(case.wrong) > 1:
        yield from common_factors(case, sweep, named=False)


def _fitting(
    case: Case, sweep: Sweep, changes: Iterable[Change], layer: Probed | None
) -> Iterator[Explanation]:
    """Yield those changes, in the layer if it is known, that give what was found."""
    wrong = frozenset(case.wrong)
    names = () if layer is None else layer.wrong
    own = {sweep.program.parameters[name] for name in names}

    def judge(name: str, part: Part) -> bool:
        suspect = case.suspects.get(name)
        return suspect is None or agrees(suspect, part, case.unit_roundoff)

    for change in changes:
        if not (layer is None or change.at in own or layer.holds(change.at)):
            continue
        if wrong <= sweep.reach.get(change.at, frozenset()):
            moved = sweep.carried({change.at: change.part}, judge)
            if moved is not None and fits(case, wrong, moved):
                text = f"The gradient of {{names}}: {change.message}."
                yield Explanation(change.kind, text, case.wrong, change.at)


def _of_one(case: Case, suspect: Suspect, sweep: Sweep | None) -> Iterator[Explanation]:
    """Yield what explains one parameter by itself, the simplest first."""
    suspects = {
        name: item for name, item in case.suspects.items() if item is suspect or not item.wrong
    }
    alone = replace(case, suspects=suspects)
    named = own_factor(case, suspect, sweep, named=True)
    if named is not None:
        yield named
    yield from decays(alone, penalties({suspect.name: suspect}, sweep))
    if sweep is not None:
        yield from _fitting(alone, sweep, kept(sweep, suspect.name), None)
    yield from misplaced(alone, suspect, sweep)
    yield from exchanged(case, suspect)
    factor = own_factor(case, suspect, sweep, named=False)
    if factor is not None:
        yield factor
    yield from single_entries(suspect)


def _grouped(known: dict[str, list[Explanation]]) -> list[Explanation]:
    """Return one explanation per parameter; one for those that share it."""
    votes: dict[str, int] = {}
    for items in known.values():
        for mistake in set(map(_mistake, items)):
            votes[mistake] = votes.get(mistake, 0) + 1
    groups: dict[str, Explanation] = {}
    for items in known.values():
        # Of equals the first, which is the simplest.
        best = max(items, key=lambda item: votes[_mistake(item)])
        before = groups.get(_mistake(best))
        if before is not None:
            # Of a factor on a part and one on all of it the former is said: it is true of both.
            text = max(before.message, best.message, key=lambda text: text.startswith(PART))
            best = replace(before, message=text, names=before.names + best.names)
        groups[_mistake(best)] = best
    return list(groups.values())


def _mistake(item: Explanation) -> str:
    """Return what tells mistakes apart: the words, but for a factor."""
    factor = item.evidence.get("factor")
    return item.message if factor is None else f"{item.kind} {factor}"
