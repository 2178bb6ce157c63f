"""A constant factor in words: what it equals, and what to look for."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from fastcheck.diagnose.case import Case
from fastcheck.diagnose.hypothesis import Explanation

_ADVICE = {
    -1.0: "look for a difference taken the wrong way round, such as t - p for p - t",
    2.0: "look for a gradient that is added up twice, or a half that the loss has",
    0.5: "look for a half that the loss does not have",
}
_ZERO = (
    "The gradient of {names} is zero where it should not be: look whether the backward fills it "
    "in, and whether it hands the gradient on to the layers below."
)
# How it begins where the factor is not on all of the gradient.
PART = "One part of the gradient of {names}"
_SIZES = ("the batch size", "the number of classes", "the number of positions")
# From here on 1/n is easier to read than its decimals.
_LEAST_INVERSE = 3
_EXACT = 1e-12
# The next inverse is 1/n away; so many times the uncertainty must have room in that.
_TOLD = 4


@dataclass(frozen=True, slots=True)
class Factor:
    """The wrong gradient is `value` times the right one.

    Attributes
    ----------
    value
        c.
    uncertainty
        How far it may be off.
    meanings
        What it equals, such as "the batch size"; empty where that is nothing in particular.
    """

    value: float
    uncertainty: float
    meanings: tuple[str, ...]


def named_factors(batch: int, classes: int | None, positions: int = 1) -> dict[str, float]:
    """Return the factors that mistakes are made of, by what they are."""
    n = float(batch)
    named = {
        "0": 0.0,
        "-1": -1.0,
        "2": 2.0,
        "1/2": 0.5,
        "the batch size": n,
        "1 over the batch size": 1 / n,
        "minus the batch size": -n,
        "-1 over the batch size": -1 / n,
        "the batch size squared": n * n,
        "1 over the batch size squared": 1 / (n * n),
        "twice the batch size": 2 * n,
        "2 over the batch size": 2 / n,
        "half of the batch size": n / 2,
        "1 over twice the batch size": 0.5 / n,
        "-2": -2.0,
        "-1/2": -0.5,
    }
    for what, size in (("the number of classes", classes), ("the number of positions", positions)):
        if size is not None and size > 1:
            named |= {
                what: float(size),
                f"1 over {what}": 1 / size,
                f"the batch size times {what}": n * size,
                f"1 over the batch size times {what}": 1 / (n * size),
            }
    if classes is not None and classes > 1:
        named |= {
            "2 over the number of classes": 2 / classes,
            "the batch size over the number of classes": n / classes,
            "the number of classes over the batch size": classes / n,
        }
    return named


def explained(
    case: Case,
    factor: Factor,
    names: Sequence[str],
    at: int | None,
    *,
    bias: bool = False,
    whole: bool = True,
) -> Explanation:
    """Return the factor in words; `whole` tells whether it is on all of the gradient."""
    evidence = {"factor": factor.value}
    if factor.value == 0.0:  # nothing is left but a penalty
        return Explanation("zero", _ZERO, tuple(names), at, evidence)
    number = _written(factor)
    if whole:
        text = f"The gradient of {{names}} is {number} times the numerical one"
    else:
        text = f"{PART} is {number} times what it should be"
    meanings = _meant(factor, plain=not whole)
    if meanings:
        text += f", and {number} is {' or '.join(meanings)}"
    text += f": {_advice(case, factor, meanings, bias=bias)}."
    return Explanation("factor", text, tuple(names), at, evidence)


def _written(factor: Factor) -> str:
    """Return the number: 1/n as such, and the closer to 1, the more digits."""
    size, sign = abs(factor.value), "-" if factor.value < 0 else ""
    inverse = round(1 / size)
    unsure = max(factor.uncertainty / size, _EXACT)
    # Of some n close by the inverse is within the uncertainty, if that is large.
    told = _TOLD * unsure * inverse < 1
    if told and inverse >= _LEAST_INVERSE and abs(size * inverse - 1) <= unsure:
        return f"{sign}1/{inverse}"
    digits = 6 if size == 1 else max(6, 3 - math.floor(math.log10(abs(size - 1))))
    return f"{sign}{size:.{digits}g}"


def _meant(factor: Factor, *, plain: bool) -> list[str]:
    """Return what the factor equals in words; if plain, nothing that is made of two sizes.

    Nor for 2, 1/2 and -1: these are what they are.
    """
    words = [item for item in factor.meanings if not item.lstrip("-").replace("/", "").isdigit()]
    if factor.value not in _ADVICE and not plain:
        return words
    return [item for item in words if item.removeprefix("1 over ") in _SIZES]


def _advice(case: Case, factor: Factor, meanings: Sequence[str], *, bias: bool) -> str:
    plain = _ADVICE.get(factor.value)
    words = " ".join(meanings)
    if "positions" in words:
        advice = "average over batch and positions once, as the loss does"
    elif "batch" in words and case.batch > 1 and abs(factor.value) > 1:
        advice = "divide by the batch size in the backward as often as the loss does"
    elif "batch" in words and case.batch > 1 and bias:
        advice = "sum over the batch instead of averaging over it"
    elif "batch" in words and case.batch > 1:
        advice = "divide by the batch size only as often as the loss does"
    elif "classes" in words:
        advice = "average over the batch alone or over the classes too, as the loss does"
    else:
        return plain or "look for a constant that only one of forward and backward has"
    return advice if plain is None else f"{advice}; or {plain}"
