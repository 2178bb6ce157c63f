"""From a backprop and a numerical gradient to a verdict for every element."""

from fastcheck.verdict.judge import (
    APPROXIMATE,
    CODES,
    FAIL,
    INCONCLUSIVE,
    KINK,
    PASS,
    VERDICTS,
    ParameterVerdict,
    judge,
    overall,
)

__all__ = [
    "APPROXIMATE",
    "CODES",
    "FAIL",
    "INCONCLUSIVE",
    "KINK",
    "PASS",
    "VERDICTS",
    "ParameterVerdict",
    "judge",
    "overall",
]
