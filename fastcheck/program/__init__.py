"""The recorded forward: a list of array operations from parameters to the loss."""

from fastcheck.program.evaluate import evaluate
from fastcheck.program.program import Operation, Program, Source, Value
from fastcheck.program.simplify import simplified
from fastcheck.program.values import values_at

__all__ = ["Operation", "Program", "Source", "Value", "evaluate", "simplified", "values_at"]
