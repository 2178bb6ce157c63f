"""What gradient returned, as arrays that can be compared, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastcheck.honesty.entries import converted
from fastcheck.verdict import Finding


@dataclass(frozen=True, slots=True)
class Given:
    """What a call of gradient gave.

    Attributes
    ----------
    arrays
        For every parameter that is checked a copy, nan where none could be made.
    unchecked
        The same for the other parameters, those only for which there is an array of real numbers.
    live
        The arrays themselves, of those that are checked.
    findings
        What is wrong.
    """

    arrays: dict[str, NDArray[Any]] = field(default_factory=dict)
    unchecked: dict[str, NDArray[Any]] = field(default_factory=dict)
    live: dict[str, NDArray[Any]] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()


def usable_gradients(
    gradient: Any, parameters: Mapping[str, NDArray[Any]], names: Iterable[str]
) -> Given:
    """Return one array of real numbers per parameter, and what was wrong.

    Parameters
    ----------
    gradient
        What the model returned: anything.
    parameters
        All of the model's.
    names
        Those that are checked.
    """
    names = list(names)
    entries, findings = _entries(gradient, parameters)
    arrays, unchecked, live = {}, {}, {}
    whole = bool(findings)  # one sentence then says it for all of them
    extra = [key for key in entries if key not in parameters]
    for name, parameter in parameters.items():
        if name not in entries:
            array, copy = None, None
            problems = [] if whole else [_missing(name, extra)]
        else:
            array, copy, problems = converted(name, entries[name], parameter)
        if name not in names:
            if copy is not None:
                unchecked[name] = copy
            continue
        findings += problems
        arrays[name] = np.full(parameter.shape, np.nan) if copy is None else copy
        if array is not None:
            live[name] = array
    if extra:
        findings.append(_extra(extra, parameters))
    return Given(arrays, unchecked, live, tuple(findings))


def _entries(
    gradient: Any, parameters: Mapping[str, NDArray[Any]]
) -> tuple[dict[Any, Any], list[Finding]]:
    """Return the entries by name, and the finding if it is no mapping."""
    rule = f"gradient returned {type(gradient).__name__}, must be a dict like params: name to array"
    if isinstance(gradient, Mapping):
        try:
            return dict(gradient), []
        except Exception as error:  # noqa: BLE001 - the user's class may raise anything
            problem = (
                f"{rule}; reading its entries raises {type(error).__name__}: {error}: "
                "return a plain dict"
            )
            return {}, [Finding(None, problem, kind="missing")]
    if gradient is None:
        return {}, [Finding(None, f"{rule}; does it end without return?", kind="missing")]
    if isinstance(gradient, (list, tuple)) and _fits(gradient, parameters):
        problem = (
            f"{rule}; its items fit params in their order and are taken so: "
            "return dict(zip(params, items))"
        )
        return dict(zip(parameters, gradient, strict=True)), [
            Finding(None, problem, kind="missing")
        ]
    return {}, [Finding(None, f"{rule}; return one entry for every name", kind="missing")]


def _fits(items: list[Any] | tuple[Any, ...], parameters: Mapping[str, NDArray[Any]]) -> bool:
    try:
        shapes = [np.shape(item) for item in items]
    except Exception:  # noqa: BLE001 - the user's class may raise anything
        return False
    return shapes == [array.shape for array in parameters.values()]


def _missing(name: str, extra: list[Any]) -> Finding:
    given = f"; it has {_listed(extra)}, which params has not" if extra else ""
    return Finding(
        name,
        "gradient has no entry for this parameter; return one for every name in params" + given,
        kind="missing",
    )


def _extra(extra: list[Any], parameters: Mapping[str, Any]) -> Finding:
    return Finding(
        None,
        f"gradient has entries {_listed(extra)}, must be names in params: "
        f"{_listed(list(parameters))}; leave them out, or name them as there",
        kind="extra",
        severe=False,
        evidence={"entries": len(extra)},
    )


def _listed(names: list[Any]) -> str:
    more = f" and {len(names) - 8} more" if len(names) > 8 else ""
    return ", ".join(map(repr, names[:8])) + more
