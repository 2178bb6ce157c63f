"""Where a weight is used, and how its elements are laid out in panels."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastcheck.engine.incremental.prepared import prepared
from fastcheck.engine.incremental.seeds import MOST_LANES, panels_of, reached, uses_of
from fastcheck.recording import record

X = np.random.default_rng(0).standard_normal((5, 4))
SQUARE = np.random.default_rng(1).standard_normal((4, 4))


@pytest.fixture
def uses(make_model):
    """``uses(loss, shape)``: of the one parameter W."""

    def found(loss, shape=(4, 3)):
        W = np.random.default_rng(2).standard_normal(shape)
        program = record(make_model({"W": W}, lambda p, x, t: loss(p["W"], x)), X, None)
        return uses_of(program, program.parameters["W"])

    return found


NUMBERS = np.arange(12).reshape(4, 3)


@pytest.mark.parametrize(
    ("loss", "shape", "entries", "right"),
    [
        (lambda W, x: np.sum(np.tanh(x @ W)), (4, 3), NUMBERS, True),
        (lambda W, x: np.sum(np.tanh(W @ x.T)), (3, 4), np.arange(12).reshape(3, 4).T, False),
        (lambda W, x: np.sum(np.tanh(x @ W.T)), (3, 4), np.arange(12).reshape(3, 4).T, True),
        (lambda W, x: np.sum(np.tanh(x @ W.reshape(4, 3))), (2, 2, 3), NUMBERS, True),
        (lambda W, x: np.sum(np.tanh(x @ W.reshape(3, 4).T)), (12,), NUMBERS.reshape(3, 4).T, True),
        (lambda W, x: np.sum(np.tanh(x @ W[::-1])), (4, 3), NUMBERS[::-1], True),
    ],
)
def test_a_product_sees_a_weight_as_inputs_by_units(uses, loss, shape, entries, right):
    found = uses(loss, shape)
    (site,) = found.sites.values()
    assert found.entries.tolist() == entries.tolist()
    assert site.right == right
    assert site.operation.primitive.name == "matmul"
    assert not found.direct


def test_a_penalty_is_a_direct_use(uses):
    found = uses(lambda W, x: np.sum(np.tanh(x @ W)) + np.sum(W.T**2) + np.sum(np.abs(W)))
    assert len(found.sites) == 1
    places = sorted(place.tolist() for place in found.direct.values())
    assert list(range(12)) in places


def test_two_products_that_see_it_alike(uses):
    found = uses(lambda W, x: np.sum(np.tanh(x @ W) * np.exp((x + 1) @ W)))
    assert len(found.sites) == 2


@pytest.mark.parametrize(
    "loss",
    [
        lambda W, x: np.sum(W * 2.0),
        lambda W, x: np.sum(np.tanh(x @ W) + np.tanh(x @ W.T)),
        lambda W, x: np.sum(W @ W),
        lambda W, x: np.sum(x @ W[:2].reshape(4, 2)),
    ],
    ids=["no product", "both ways", "with itself", "a part"],
)
def test_other_weights_go_in_chunks(uses, loss):
    assert uses(loss, (4, 4)) is None


def test_what_a_parameter_reaches(make_model):
    model = make_model(
        {"a": [1.0, 2.0], "b": [3.0, 4.0]},
        lambda p, x, t: np.sum(np.exp(p["a"]) * 2.0) + np.sum(np.tanh(p["b"])),
    )
    program = record(model, np.ones(1), None)
    total = program.operations[-1]
    from_a, from_b = (reached(program, program.parameters[name]) for name in "ab")
    assert from_a & from_b == {total.output}
    assert from_a | from_b == {*program.parameters.values()} | {
        operation.output for operation in program.operations
    }


@given(st.integers(0, 5), st.integers(1, 3 * MOST_LANES + 1))
def test_panels_hold_every_element_once(inputs, units):
    entries = np.arange(inputs * units).reshape(inputs, units)
    panels = panels_of(entries)
    assert np.array_equal(np.concatenate([item.entries for item in panels], axis=1), entries)
    assert np.array_equal(np.concatenate([item.units for item in panels]), np.arange(units))
    widths = [len(item.units) for item in panels]
    assert max(widths) <= MOST_LANES
    # No run is much shorter than another: each costs a whole vector loop.
    assert max(widths) - min(widths) <= 1


@given(st.integers(1, 1000))
def test_chunks_hold_every_element_once(size):
    class Model:
        def __init__(self):
            self.params = {"w": np.ones(size)}

        def loss(self, x, t):
            return np.sum(self.params["w"] ** 2)

    if size > 300:
        size = 300 + size % 3
    templates = prepared(record(Model(), np.ones(1), None)).templates
    chunks = templates.chunks("w")
    assert [start for start, _ in chunks] == [0, *(stop for _, stop in chunks[:-1])]
    assert chunks[-1][1] == size
    assert max(stop - start for start, stop in chunks) <= MOST_LANES
