import numpy as np
import pytest

from fastcheck.engine.kernels.differences import central_differences
from fastcheck.engine.kernels.interpreter import COLUMNS, DIMS, DIMS_SIZE, OUT, OUT_SIZE
from fastcheck.engine.plan import make_plan, unfilled
from fastcheck.recording import record


def run(plan, rows, memory):
    """Run some instructions: the entry kernel, asked for no element."""
    sides = np.full((2, plan.switches), 77, np.int32)
    central_differences(
        plan.instructions,
        np.asarray(rows, np.int64),
        memory,
        plan.indices,
        sides,
        plan.output,
        *(0, 0, 0, 1.0, 0),
        *unfilled((0,)),
    )
    return sides[0]


def test_an_instruction_has_room_for_all_loop_bounds():
    # where: two bounds, and two strides for each of its three operands.
    assert DIMS_SIZE >= 2 + 2 * 3
    assert COLUMNS == DIMS + DIMS_SIZE


def test_all_rows_in_order_give_the_base_point(case):
    plan = make_plan(case.program)
    memory = plan.memory.copy()
    for instruction in plan.instructions:
        memory[instruction[OUT] : instruction[OUT] + instruction[OUT_SIZE]] = 12345.678
    sides = run(plan, range(len(plan.instructions)), memory)
    np.testing.assert_array_equal(memory, plan.memory)
    assert not (sides == 77).any()


def test_only_the_rows_named_are_run(case):
    plan = make_plan(case.program)
    memory = np.full(plan.memory.size, 0.5)
    run(plan, [], memory)
    assert (memory == 0.5).all()
    for number, instruction in enumerate(plan.instructions):
        memory = np.full(plan.memory.size, 0.5)
        run(plan, [number], memory)
        outside = np.ones(memory.size, bool)
        outside[instruction[OUT] : instruction[OUT] + instruction[OUT_SIZE]] = False
        assert (memory[outside] == 0.5).all()


def test_a_row_named_later_is_run_later(make_model):
    model = make_model({"w": [0.5]}, lambda p, x, t: np.sum(np.tanh(np.exp(p["w"]))))
    plan = make_plan(record(model, np.ones(1), None))
    exp, tanh, total = plan.instructions[:, OUT]
    memory = np.full(plan.memory.size, 0.25)
    memory[plan.places["w"]] = 0.5
    run(plan, [2, 1, 0], memory)
    assert memory[total] == 0.25
    assert memory[tanh] == pytest.approx(np.tanh(0.25))
    assert memory[exp] == pytest.approx(np.exp(0.5))
    run(plan, [1, 2, 1], memory)
    assert memory[total] == pytest.approx(np.tanh(np.exp(0.5)))
