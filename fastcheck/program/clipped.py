"""Logarithms of a softmax with an epsilon inside, log(p + c), whose errors are of one piece.

Taken one by one, the slope 1 / (p + c) and the softmax both have the error of p, and a bound has to
add the two. Together they make s = p / (p + c), where p dominates as good as 1 whatever the error
of p. With v = s times the adjoint, the adjoint of the scores is v - p sum v, row by row.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fastcheck.primitives.losses_slope import softmax_error
from fastcheck.primitives.running_error import Bound, underflow
from fastcheck.primitives.softmax import softmax
from fastcheck.program.graph import Graph
from fastcheck.program.log_softmax import softmax_of
from fastcheck.program.program import Operation, Program
from fastcheck.program.pull import Pull

Array = NDArray[np.float64]

# Roundings of s and of v beside those of p: the sum p + c, a quotient, two products.
_ROUNDINGS = 4.0


@dataclass(frozen=True, slots=True)
class Clipped:
    """What stands for the operations from the scores to log(p + c).

    Attributes
    ----------
    scores
        The number of z.
    index
        Which elements of p go into the logarithm, int64 of the logarithm's shape.
    constant
        c.
    """

    scores: int
    index: NDArray[np.int64]
    constant: Array


def clipped_logarithms(program: Program) -> dict[int, Clipped]:
    """Return, by the number of each such logarithm, what it is made of.

    What lies in between is read by nothing else.
    """
    graph = Graph(program)
    found = {}
    for log in program.operations:
        total = graph.made(log.inputs[0], "add") if log.primitive.name == "log" else None
        if total is None:
            continue
        for number, other in (total.inputs, total.inputs[::-1]):
            constant = program.constants.get(other)
            if constant is not None and np.all(constant >= 0.0):
                clipped = _clipped(graph, log, total, number, constant)
                if clipped is not None:
                    found[log.output] = clipped
    return found


def _clipped(
    graph: Graph, log: Operation, total: Operation, number: int, constant: Array
) -> Clipped | None:
    ratio = picked = graph.made(number, "divide", "gather")
    inside = [total]
    if ratio is not None and ratio.primitive.name == "gather":
        inside.append(ratio)
        ratio = graph.made(ratio.inputs[0], "divide")
    if ratio is None or picked is None or graph.shape(number) != graph.shape(log.output):
        return None
    scores = softmax_of(graph, ratio, inside)
    if scores is None or not graph.is_closed(inside, log):
        return None
    shape = graph.shape(scores)
    every = np.arange(shape[0] * shape[1]).reshape(shape)
    return Clipped(scores, every if picked is ratio else picked.attributes["index"], constant)


def pull_to_scores(clipped: Clipped, z: Array, dz: Bound, u: float) -> Pull:
    """Return the way back from the logarithm to the scores.

    Parameters
    ----------
    clipped
        What it is made of.
    z, dz
        The scores and the bound on their errors.
    u
        The unit roundoff of the backward.
    """
    p = softmax(z)
    dp = softmax_error(z, dz, p, u) + underflow(u)
    taken, lost = p.reshape(-1)[clipped.index], dp.reshape(-1)[clipped.index]
    total = taken + clipped.constant
    s = taken / total
    # ds / dp = c / (p + c)^2
    ds = clipped.constant / total * (lost / total) + _ROUNDINGS * u * s
    terms = u * z.shape[1]

    def scattered(array: Array) -> Array:
        index = np.ravel(clipped.index)
        sums = np.bincount(index, np.ravel(array), minlength=z.size)
        return np.reshape(sums, z.shape)

    def value(adjoint: Array) -> Array:
        v = scattered(adjoint * s)
        back: Array = v - p * np.sum(v, axis=1, keepdims=True)
        return back

    def size(adjoint: Array) -> Array:
        v = scattered(adjoint * s)
        back: Array = v + p * np.sum(v, axis=1, keepdims=True)
        return back

    def error(adjoint: Array) -> Array:
        v, dv = scattered(adjoint * s), scattered(adjoint * ds)
        row, row_error = (np.sum(item, axis=1, keepdims=True) for item in (v, dv))
        back: Array = dv + p * row_error + dp * row + terms * (v + p * row)
        return back

    return Pull(value, size, size, error, None, 1, rounded=True)
