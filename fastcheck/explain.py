"""What the diagnosis says of a comparison in which something failed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastcheck.diagnose import Case, Suspect, diagnose
from fastcheck.locking import user_code
from fastcheck.model import batch_size, parameters_of, plain_loss, restored
from fastcheck.primitives.running_error import unit_roundoff
from fastcheck.program import Program
from fastcheck.report import ParameterReport
from fastcheck.verdict import APPROXIMATE, FAIL, Finding


def explanations(
    params: Mapping[str, ParameterReport], model: Any, x: Any, t: Any, program: Program | None
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
            bound=item.bound,
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
    case = Case(
        suspects=suspects,
        batch=batch_size(x),
        classes=_classes(t, suspects),
        again=again,
        x=x,
        t=t,
        program=program,
        model=model,
        unit_roundoff=roundoff,
    )
    with user_code(), restored(values):
        return diagnose(case)


def are_approximate(params: Mapping[str, ParameterReport]) -> bool:
    """Tell whether any element is approximate."""
    return any(item.counts["approximate"] for item in params.values())


def _classes(t: Any, suspects: Mapping[str, Suspect]) -> int | None:
    """Return the number of columns of the targets, or of the last bias or weight for labels."""
    try:
        targets = np.asarray(t)
    except ValueError:
        return None
    if targets.ndim == 2:
        return int(targets.shape[1])
    if targets.ndim != 1 or targets.dtype.kind not in "iu" or not suspects:
        return None
    shape = list(suspects.values())[-1].value.shape
    return int(shape[-1]) if shape else None
