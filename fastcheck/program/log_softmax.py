"""Find the logarithm of a softmax among the operations, however it is spelled.

That is ``log(exp(z) / sum(exp(z)))`` or ``z - log(sum(exp(z)))`` over the last of two axes, with z
as it is or less the largest of its row. (Any other shift would do as well, but rounds by so much
that it is left to be seen.)
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

import numpy as np
from numpy.typing import NDArray

from fastcheck.program.graph import Graph
from fastcheck.program.program import Operation


@dataclass(frozen=True, slots=True)
class Elements:
    """What an operation made: elements of the log-probabilities, weighted, and perhaps summed.

    Attributes
    ----------
    made_by
        The operation.
    index
        Which elements, int64: places in the raveled log p.
    weights
        Their weights, of the same shape.
    rows
        Which row each element of the output belongs to, int64 of the output's shape; None as long
        as a row has several, and where all rows are summed.
    """

    made_by: Operation
    index: NDArray[np.int64]
    weights: NDArray[np.float64]
    rows: NDArray[np.int64] | None = None


def log_softmax(
    graph: Graph, log: Operation, inside: list[Operation]
) -> tuple[int, Elements] | None:
    """Return the scores and the log-probabilities that a logarithm is part of.

    All other operations that make them are put into `inside`.
    """
    if graph.made(graph.unshaped(log.inputs[0]), "sum"):
        return _difference_of_scores(graph, log, inside)
    return _logarithm_of_ratio(graph, log, inside)


def _logarithm_of_ratio(
    graph: Graph, log: Operation, inside: list[Operation]
) -> tuple[int, Elements] | None:
    """Match ``log(exp(s) / sum(exp(s)))``, or the log of some elements of the ratio."""
    ratio = picked = graph.made(log.inputs[0], "divide", "gather")
    if ratio is not None and ratio.primitive.name == "gather":
        inside.append(ratio)
        ratio = graph.made(ratio.inputs[0], "divide")
    if ratio is None or picked is None:
        return None
    scores = softmax_of(graph, ratio, inside)
    if scores is None:
        return None
    shape = graph.shape(scores)
    if picked is ratio:
        return scores, _all_of(log, shape)
    index = picked.attributes["index"]
    return scores, Elements(log, index, np.ones(index.shape))


def softmax_of(graph: Graph, ratio: Operation, inside: list[Operation]) -> int | None:
    """Match ``exp(s) / sum(exp(s))``, and return the scores; else None."""
    top = graph.made(ratio.inputs[0], "exp")
    exponents = _exponents_of_norm(graph, ratio.inputs[1], inside)
    if top is None or exponents is None or not graph.same(top.inputs[0], exponents):
        return None
    shape = graph.shape(exponents)
    if graph.shape(top.output) != shape or not graph.is_per_row(ratio.inputs[1], shape[0]):
        return None
    inside += [ratio, top]
    return _unshifted(graph, exponents, inside)


def _difference_of_scores(
    graph: Graph, log: Operation, inside: list[Operation]
) -> tuple[int, Elements] | None:
    """Match ``s - log(sum(exp(s)))``, also ``z - (c + log(sum(exp(z - c))))``."""
    exponents = _exponents_of_norm(graph, log.inputs[0], inside)
    difference, shift = _reader_of_norm(graph, log, inside)
    if exponents is None or difference is None:
        return None
    scores, norm = difference.inputs
    shape = graph.shape(scores)
    unshifted = _unshifted(graph, exponents, inside)
    if shift is not None:
        operation = graph.made(exponents, "subtract")
        if unshifted == exponents or operation is None:
            return None
        if not graph.same(shift, operation.inputs[1]):
            return None
        exponents = unshifted
    if (
        shape != graph.shape(exponents)
        or not graph.is_per_row(norm, shape[0])
        or not graph.same(scores, exponents)
    ):
        return None
    if shift is None:
        _unshifted(graph, scores, inside)
    return unshifted, _all_of(difference, shape)


def _reader_of_norm(
    graph: Graph, log: Operation, inside: list[Operation]
) -> tuple[Operation | None, int | None]:
    """Return the subtraction of ``c + log(..)`` from something, and c, None where there is none."""
    norm, shift = log, None
    while True:
        inside.append(norm)
        reader = graph.reader(norm)
        name = "" if reader is None else reader.primitive.name
        if reader is None or name not in ("reshape", "add", "subtract"):
            return None, None
        if name == "subtract":
            return (reader if reader.inputs[1] == norm.output else None), shift
        if name == "add":
            if shift is not None:
                return None, None
            left, right = reader.inputs
            shift = right if left == norm.output else left
        norm = reader


def _exponents_of_norm(graph: Graph, number: int, inside: list[Operation]) -> int | None:
    """Return s where a value is ``sum(exp(s))`` over the last of two axes, else None."""
    reshape = graph.made(number, "reshape")
    if reshape is not None:
        inside.append(reshape)
    total = graph.made(graph.unshaped(number), "sum")
    if total is None or total.attributes["axis"] != (1,):
        return None
    power = graph.made(total.inputs[0], "exp")
    if power is None or len(graph.shape(power.output)) != 2 or not prod(graph.shape(power.output)):
        return None
    inside += [total, power]
    return power.inputs[0]


def _is_shift(graph: Graph, operation: Operation) -> bool:
    """Tell whether a subtraction takes from all scores of a row the largest of them."""
    scores, shift = operation.inputs
    shape = graph.shape(operation.output)
    largest = graph.made(graph.unshaped(shift), "max")
    return (
        largest is not None
        and largest.attributes["axis"] == (1,)
        and graph.shape(scores) == shape == graph.shape(largest.inputs[0])
        and graph.is_per_row(shift, shape[0])
        and graph.same(largest.inputs[0], scores)
    )


def _unshifted(graph: Graph, number: int, inside: list[Operation]) -> int:
    """Return the scores that these are but for the largest of the row."""
    operation = graph.made(number, "subtract")
    if operation is None or not _is_shift(graph, operation):
        return number
    inside.append(operation)
    return operation.inputs[0]


def _all_of(made_by: Operation, shape: tuple[int, ...]) -> Elements:
    return Elements(made_by, np.arange(prod(shape)).reshape(shape), np.ones(shape))
