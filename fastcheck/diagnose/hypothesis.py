"""A mistake that may have been made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from fastcheck.diagnose.sweep import Part


@dataclass(frozen=True, slots=True)
class Change:
    """A mistake in the backward pass, where it is made.

    Attributes
    ----------
    kind
        One of `fastcheck.verdict.finding.MISTAKES`.
    message
        What is wrong and what to look at.
    at
        The number of the value whose adjoint comes out wrong.
    part
        By how much.
    """

    kind: str
    message: str
    at: int
    part: Part


@dataclass(frozen=True, slots=True)
class Explanation:
    """A mistake that fits.

    Attributes
    ----------
    kind
        One of `fastcheck.verdict.finding.MISTAKES`.
    message
        What is wrong and what to look at; "{names}" stands for the parameters.
    names
        The parameters that it explains.
    at
        The number of the value whose adjoint comes out wrong; None where that is not known.
    evidence
        The numbers behind it.
    """

    kind: str
    message: str
    names: tuple[str, ...]
    at: int | None = None
    evidence: Mapping[str, float | int | str] = field(default_factory=dict)
