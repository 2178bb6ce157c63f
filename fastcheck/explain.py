"""What the diagnosis says of a comparison in which something failed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import prod
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from fastcheck.diagnose import Case, Suspect, diagnose
from fastcheck.locking import user_code
from fastcheck.model import (
    batch_size,
    has_samples_in_columns,
    parameters_of,
    plain_loss,
    restored,
)
from fastcheck.primitives.running_error import unit_roundoff
from fastcheck.program import Program
from fastcheck.report import ParameterReport
from fastcheck.verdict import APPROXIMATE, FAIL, Finding

# What makes a gradient wrong in ways of its own.
_DISTURBING = ("modified", "random loss", "random gradient")

Compared = Mapping[str, ParameterReport]


class Compare(Protocol):
    """A comparison, but for whether *approximate* is allowed."""

    def __call__(self, *, strict: bool) -> Compared:
        """Return the report of every parameter."""


def explanations(
    params: Compared, *, model: Any, x: Any, t: Any, program: Program | None
) -> tuple[Finding, ...]:
    """Return the likely mistakes; empty where no element failed or is approximate.

    Parameters
    ----------
    params
        The comparison.
    model, x, t
        The code under test, which is called again.
    program
        The recorded loss, None where it could not be recorded.
    """
    failed = {name: np.isin(item.codes, (FAIL, APPROXIMATE)) for name, item in params.items()}
    if not any(np.any(codes) for codes in failed.values()):
        return ()
    values = parameters_of(model)
    suspects = {
        name: Suspect(
            name=name,
            value=np.asarray(values[name], np.float64),
            analytic=np.asarray(item.analytic, np.float64),
            numerical=item.numerical,
            # At a kink two right elements may lie as far apart as its branches, 2 kink.
            bound=item.bound if item.kink is None else item.bound + 2 * item.kink,
            failed=failed[name],
        )
        for name, item in params.items()
    }

    def again(x: Any, t: Any) -> Mapping[str, NDArray[Any]]:
        plain_loss(model, x, t)
        gradient: Mapping[str, NDArray[Any]] = model.gradient(x, t)
        return {name: np.array(gradient[name]) for name in params}

    dtypes = [item.analytic.dtype for item in params.values()]
    roundoff = max([2.0**-53, *map(unit_roundoff, dtypes)])
    if program is not None:
        roundoff = max(roundoff, program.unit_roundoff)
    turned = has_samples_in_columns(x, t)
    classes, positions = _rows(t.T if turned else t, suspects)
    case = Case(
        suspects=suspects,
        batch=batch_size(x, t),
        classes=classes,
        again=again,
        x=x,
        t=t,
        program=program,
        model=model,
        unit_roundoff=roundoff,
        positions=positions,
    )
    try:
        with user_code(), restored(values):
            return diagnose(case)
    except Exception as fault:  # noqa: BLE001 - the verdict stands, whatever befalls its explanation
        message = (
            f"The diagnosis itself failed, with {type(fault).__name__}: {fault}; the verdict does "
            "not hang on it. Please report it as a fault of fastcheck."
        )
        return (Finding(None, message, severe=False),)


def settled(
    compare: Compare,
    explain: Callable[[Compared], tuple[Finding, ...]],
    *,
    strict: bool,
    known: bool,
) -> tuple[Compared, tuple[Finding, ...]]:
    """Return the comparison with its explanations, *approximate* only where these bear it out.

    Of a recorded loss it is known what a backward that leaves out an epsilon would give; what is
    not that is wrong, however little, and so is every parameter with a mistake besides.

    Parameters
    ----------
    compare
        Makes the comparison, with ``strict`` or without.
    explain
        Makes the explanations of one.
    strict
        Whether nothing is to be approximate.
    known
        Whether the loss is recorded.
    """
    params = compare(strict=strict)
    findings = explain(params)
    if known and any(item.counts["approximate"] for item in params.values()):
        others = [finding for finding in findings if "epsilon" not in finding.evidence]
        if len(others) == len(findings):
            return compare(strict=True), findings
        wrong = {name for finding in others for name in finding.parameters}
        strictly = compare(strict=True) if wrong else params
        params = {name: (strictly if name in wrong else params)[name] for name in params}
    return params, findings


def together(seen: tuple[Finding, ...], explained: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """Return both; the diagnosis only as far as what was seen does not explain more.

    Parameters
    ----------
    seen
        What the code under test did besides.
    explained
        The diagnosis.
    """
    severe = {finding.kind for finding in seen if finding.severe}
    if severe.intersection(_DISTURBING):
        return seen
    if severe:
        explained = tuple(finding for finding in explained if finding.kind != "unexplained")
    return seen + explained


def _rows(t: Any, suspects: Mapping[str, Suspect]) -> tuple[int | None, int]:
    """Return the number of classes, None where there are none, and how many targets a sample has.

    Integers in more than one axis are labels, unless they come in rows as long as the last bias or
    row of weights, which the scores are too: one-hot rows, or counts.
    """
    try:
        targets = np.asarray(t)
    except ValueError:
        return None, 1
    shape: tuple[int, ...] = targets.shape[1:]
    last = list(suspects.values())[-1].value.shape[-1:] if suspects else ()
    if targets.ndim and targets.dtype.kind in "iu" and shape[-1:] != last:
        return (last[0] if last else None), prod(shape)
    return (shape[-1] if shape else None), prod(shape[:-1])
