"""From a backprop and a numerical gradient to a verdict for every element."""

from fastcheck.verdict.bounds import Bounds, bounds_of
from fastcheck.verdict.codes import (
    APPROXIMATE,
    CODES,
    FAIL,
    INCONCLUSIVE,
    KINK,
    PASS,
    VERDICTS,
    ParameterVerdict,
    overall,
)
from fastcheck.verdict.finding import Finding
from fastcheck.verdict.judge import judge

__all__ = [
    "APPROXIMATE",
    "CODES",
    "FAIL",
    "INCONCLUSIVE",
    "KINK",
    "PASS",
    "VERDICTS",
    "Bounds",
    "Finding",
    "ParameterVerdict",
    "bounds_of",
    "judge",
    "overall",
]
