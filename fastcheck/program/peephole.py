"""Recognise softmax followed by cross entropy, and make it one operation.

Log-probabilities that are picked or weighted by constants, and then summed by row or altogether,
are minus `softmax_cross_entropy`. In exact arithmetic the program stays the same; in floating point
it rounds differently, and does not overflow where the scores do not.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from fastcheck.primitives.registry import PRIMITIVES
from fastcheck.program.graph import Graph
from fastcheck.program.log_softmax import Elements, log_softmax
from fastcheck.program.program import Operation, Program
from fastcheck.program.rewriting import Rewriting

_LOG = PRIMITIVES["log"]


def fused(program: Program) -> Program:
    """Return the program with every softmax and cross entropy of constant targets made one.

    What is no longer needed stays where it is.
    """
    logs = [operation for operation in program.operations if operation.primitive is _LOG]
    if not logs:
        return program
    graph, rewriting = Graph(program), Rewriting(program)
    for log in logs:
        inside: list[Operation] = []
        found = log_softmax(graph, log, inside)
        if found is None:
            continue
        scores, elements = found
        whole = _reduced(graph, elements, graph.shape(scores), inside)
        if whole is not None and graph.is_closed(inside, whole.made_by):
            rewriting.fuse(graph, scores, whole, log.source)
    return rewriting.program()


def _reduced(
    graph: Graph, elements: Elements, scores: tuple[int, ...], inside: list[Operation]
) -> Elements | None:
    """Follow log-probabilities until there is one number for each row, or one for all."""
    while True:
        rows = elements.index // scores[1]
        if _are_distinct(rows, scores[0]):
            return replace(elements, rows=rows)
        operation = elements.made_by
        reader = graph.reader(operation)
        if reader is None or elements.index.size == 0:
            return None
        inside.append(operation)
        if reader.primitive.name == "sum":
            return _summed(replace(elements, made_by=reader), rows, scores[0])
        following = _rearranged_or_weighted(graph, elements, reader)
        if following is None:
            return None
        elements = following


def _are_distinct(rows: NDArray[np.int64], count: int) -> bool:
    return 0 < rows.size <= count and len(set(rows.reshape(-1).tolist())) == rows.size


def _summed(elements: Elements, rows: NDArray[np.int64], count: int) -> Elements | None:
    attributes = elements.made_by.attributes
    axes, keepdims = attributes["axis"], attributes["keepdims"]
    first = rows.min(axis=axes, keepdims=keepdims)
    last = rows.max(axis=axes, keepdims=keepdims)
    if np.array_equal(first, last) and _are_distinct(first, count):
        return replace(elements, rows=first)
    return elements if first.size == 1 else None


def _rearranged_or_weighted(graph: Graph, elements: Elements, reader: Operation) -> Elements | None:
    name, index, weights = reader.primitive.name, elements.index, elements.weights
    if name == "negative":
        return Elements(reader, index, -weights)
    if name == "gather":
        picked = reader.attributes["index"]
        return Elements(reader, index.reshape(-1)[picked], weights.reshape(-1)[picked])
    if name == "reshape":
        shape = reader.attributes["shape"]
        return Elements(reader, index.reshape(shape), weights.reshape(shape))
    factor = graph.factor(reader, elements.made_by.output)
    if factor is None or graph.shape(reader.output) != index.shape:
        return None
    with np.errstate(all="ignore"):
        weighted = weights * factor if name == "multiply" else weights / factor
    return Elements(reader, index, weighted)
