"""The recorded forward: a list of array operations from parameters to the loss."""

from fastcheck.program.base import BaseValues, base_values
from fastcheck.program.evaluate import evaluate
from fastcheck.program.program import Operation, Program, Source, Value
from fastcheck.program.simplify import simplified
from fastcheck.program.values import values_at

__all__ = [
    "BaseValues",
    "Operation",
    "Program",
    "Source",
    "Value",
    "base_values",
    "evaluate",
    "simplified",
    "values_at",
]
