from dataclasses import replace
from math import prod

import numpy as np
import pytest

from fastcheck.engine.kernels.interpreter import CODE, DECISIONS, DECISIONS_SIZE, OUT, OUT_SIZE
from fastcheck.engine.plan import make_plan
from fastcheck.primitives.linear import MATMUL, MATMUL_SPARSE
from fastcheck.program import evaluate
from fastcheck.recording import record


def in_memory(program, number):
    """The value's elements after the kernels have run."""
    plan = make_plan(replace(program, output=number))
    shape = program.values[number].shape
    return plan.memory[plan.output : plan.output + prod(shape)].reshape(shape)


def in_numpy(program):
    """Every value, by the primitives' own NumPy."""
    arrays = dict(program.constants)
    arrays.update((number, program.base[name]) for name, number in program.parameters.items())
    with np.errstate(all="ignore"):
        for operation in program.operations:
            inputs = (arrays[number] for number in operation.inputs)
            result = operation.primitive.evaluate(*inputs, **operation.attributes)
            arrays[operation.output] = np.asarray(result, np.float64)
    return arrays


def test_every_value_is_what_numpy_gives(case):
    for number, expected in in_numpy(case.program).items():
        found = in_memory(case.program, number)
        np.testing.assert_allclose(found, expected, rtol=1e-13, atol=1e-14)


def test_the_loss_lies_where_the_plan_says(case):
    plan = make_plan(case.program)
    assert plan.memory[plan.output] == pytest.approx(case.program.loss, rel=1e-14)
    assert plan.memory[plan.output] == pytest.approx(
        evaluate(case.program, case.program.base), rel=1e-14
    )


def test_a_parameter_lies_where_the_plan_says(case):
    plan = make_plan(case.program)
    for name, array in case.program.base.items():
        place = plan.places[name]
        np.testing.assert_array_equal(plan.memory[place : place + array.size], array.ravel())


def test_switch_positions_do_not_overlap(case):
    plan = make_plan(case.program)
    taken = np.zeros(plan.switches, int)
    for instruction in plan.instructions:
        first = instruction[DECISIONS]
        taken[first : first + instruction[DECISIONS_SIZE]] += 1
    assert (taken == 1).all()


def test_values_do_not_overlap_and_begin_at_vector_boundaries(case):
    plan = make_plan(case.program)
    begins = [*plan.instructions[:, OUT], *set(plan.places.values())]
    assert len(set(begins)) == len(begins)
    assert all(begin % 8 == 0 for begin in begins)
    spans = {(row[OUT], row[OUT_SIZE]) for row in plan.instructions}
    spans |= {(plan.places[name], array.size) for name, array in case.program.base.items()}
    taken = np.zeros(plan.memory.size, int)
    for first, size in spans:
        taken[first : first + size] += 1
    assert taken.max() == 1


def test_only_what_a_parameter_reaches_is_run_for_it(make_model):
    def loss(p, x, t):
        first, second = np.exp(p["a"]), np.tanh(p["b"])
        return np.sum(first) * 2 + np.sum(second * second)

    program = record(make_model({"a": [1.0], "b": [2.0], "idle": [3.0]}, loss), np.ones(1), None)
    plan = make_plan(program)
    names = [operation.primitive.name for operation in program.operations]
    assert len(plan.instructions) == len(names)

    def run_for(name):
        return [names[row] for row in plan.rows[name]]

    assert run_for("a") == ["exp", "sum", "multiply", "add"]
    assert run_for("b") == ["tanh", "multiply", "sum", "add"]
    assert run_for("idle") == []


def test_the_gathers_before_a_broadcast_are_run_too(make_model):
    def loss(p, x, t):
        return np.sum(p["a"][:, None, :] * p["b"][None, :, None])

    program = record(make_model({"a": np.ones((2, 4)), "b": np.ones(3)}, loss), np.ones(1), None)
    plan = make_plan(program)
    for name in ("a", "b"):
        row = plan.instructions[plan.rows[name]]
        assert (row[:, OUT_SIZE] == 24).sum() == 2  # its own gather, and the product


def test_a_parameter_of_two_names_is_one_place_with_the_same_rows(make_model):
    shared = np.array([1.0, 2.0])
    model = make_model({"a": shared, "b": shared}, lambda p, x, t: np.sum(p["a"] * p["b"]))
    plan = make_plan(record(model, np.ones(1), None))
    assert plan.places["a"] == plan.places["b"]
    np.testing.assert_array_equal(plan.rows["a"], plan.rows["b"])
    assert len(plan.rows["a"]) == 2


def codes(plan):
    return set(plan.instructions[:, CODE].tolist())


def test_zeros_are_left_out_only_where_all_is_finite(make_model):
    x = np.array([[0.0, 0.0, 0.0, 1.0]])

    def loss(p, x, t):
        return np.sum(x @ np.exp(p["w"]))

    finite = record(make_model({"w": np.ones((4, 1))}, loss), x, None)
    assert codes(make_plan(finite)) >= {MATMUL_SPARSE}
    # Recorded where nothing overflows, laid out where exp does: 0 * inf.
    overflowing = replace(finite, base={"w": np.array([[1000.0], [1.0], [1.0], [1.0]])})
    plan = make_plan(overflowing)
    assert codes(plan) >= {MATMUL}
    assert np.isnan(plan.memory[plan.output])
    assert np.isnan(evaluate(overflowing, overflowing.base))


def test_a_program_without_operations(make_model):
    program = record(make_model({"w": 2.5}, lambda p, x, t: p["w"]), np.ones(1), None)
    plan = make_plan(program)
    assert plan.instructions.shape[0] == len(program.operations) == 0
    assert plan.memory[plan.output] == 2.5
    assert plan.places["w"] == plan.output


def test_the_program_is_not_modified(case):
    before = {name: array.copy() for name, array in case.program.base.items()}
    constants = {number: array.copy() for number, array in case.program.constants.items()}
    plan = make_plan(case.program)
    plan.memory[:] = -1
    for name, array in before.items():
        np.testing.assert_array_equal(case.program.base[name], array)
    for number, array in constants.items():
        np.testing.assert_array_equal(case.program.constants[number], array)
