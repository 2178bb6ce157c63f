"""A finding: something wrong in a sentence, what kind of mistake it is, and where it sits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

# What `Finding.kind` may be.
# Of the code under test: what it returned, or did besides.
HONESTY = (
    "missing",  # no gradient for a parameter
    "extra",  # a gradient for no parameter
    "shape",
    "dtype",
    "non-finite",
    "random loss",
    "random gradient",
    "modified",  # inputs, targets or parameters changed by loss or gradient
    "aliased",  # gradients that share memory with each other, a parameter or a reused buffer
)
# Of a gradient that fails: the likely mistake.
MISTAKES = (
    "factor",  # off by a constant factor
    "transposed",
    "weight decay",  # a missing, extra or wrong L2 term
    "bias sum",  # a bias averaged, or summed over the wrong axis
    "mask",  # an activation's mask missing or inverted
    "derivative",  # taken at the wrong place, such as after instead of before the activation
    "loss",  # the gradient of another loss
    "shifted",  # rows or columns shifted or swapped
    "zero",
    "stale",  # the gradient of another batch, or of older parameters
    "samples",  # some samples of the batch left out
    "unused",  # the loss does not use the parameter
    "entries",  # single entries
    "unexplained",
)


@dataclass(frozen=True, slots=True)
class Finding:
    """Something wrong, or worth a note.

    Attributes
    ----------
    parameter
        The parameter it is about, None for the whole model or several.
    message
        What is wrong and what to look at, in plain sentences.
    kind
        One of HONESTY or MISTAKES.
    severe
        Whether it fails the check by itself; a finding that explains failing elements, or a note,
        does not.
    parameters
        All that the mistake spoils; empty where it is not one.
    where
        The layers or lines, in forward order, one of which must hold the mistake; empty where that
        is not known.
    evidence
        The numbers behind the message.
    """

    parameter: str | None
    message: str
    kind: str = "unexplained"
    severe: bool = True
    where: tuple[str, ...] = ()
    parameters: tuple[str, ...] = ()
    evidence: Mapping[str, float | int | str] = field(default_factory=dict)
