"""Sigmoids that are spelled out, whose backward is likely to be y (1 - y).

That formula knows no more than u of 1 - y, so that where y is close to 1 a correct backprop has an
error which no single operation of 1 / (1 + exp(-x)), or of exp(-log(1 + exp(-x))), would explain:
the slopes of these are small there, and good to u of themselves.
"""

from __future__ import annotations

import numpy as np

from fastcheck.program.graph import Graph
from fastcheck.program.program import Operation, Program


def sigmoids(program: Program) -> dict[int, int]:
    """Return, by the number of each sigmoid's value, that of what its exponential is taken of."""
    graph = Graph(program)
    found = {}
    for operation in program.operations:
        argument = _by_quotient(graph, operation)
        if argument is None:
            argument = _by_logarithm(graph, operation)
        if argument is not None:
            found[operation.output] = argument
    return found


def _by_quotient(graph: Graph, operation: Operation) -> int | None:
    """Return z of 1 / (1 + exp(z))."""
    name = operation.primitive.name
    if name == "divide" and _is(graph, operation.inputs[0], 1.0):
        divisor = operation.inputs[1]
    elif name == "reciprocal":
        divisor = operation.inputs[0]
    else:
        return None
    power = _other(graph, divisor, "add", 1.0)
    exponential = None if power is None else graph.made(power, "exp")
    return None if exponential is None else exponential.inputs[0]


def _by_logarithm(graph: Graph, operation: Operation) -> int | None:
    """Return z of exp(-logaddexp(0, z))."""
    if operation.primitive.name != "exp":
        return None
    negative = graph.made(operation.inputs[0], "negative")
    return None if negative is None else _other(graph, negative.inputs[0], "logaddexp", 0.0)


def _other(graph: Graph, number: int, name: str, constant: float) -> int | None:
    """Return the operand beside a constant one of the operation that made a value."""
    made = graph.made(number, name)
    if made is None:
        return None
    one, two = made.inputs
    if _is(graph, one, constant):
        return two
    return one if _is(graph, two, constant) else None


def _is(graph: Graph, number: int, constant: float) -> bool:
    array = graph.program.constants.get(number)
    return array is not None and bool(np.all(array == constant))
