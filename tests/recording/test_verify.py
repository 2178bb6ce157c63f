from dataclasses import replace

import numpy as np
import pytest

from fastcheck.errors import CannotRecord
from fastcheck.recording import record
from fastcheck.recording.verify import first_disagreement


def make(function_model, dtype="float64", factor=lambda: 1.0):
    params = {"w": np.array([1.0, 2.0, -3.0], dtype), "zero": np.zeros(2, dtype)}

    def loss(p, x, t):
        return np.sum(p["w"] ** 2) * factor() + np.sum(p["zero"])

    return function_model(params, loss)


def check(model, program):
    return first_disagreement(program, model.params, lambda: float(model.loss(None, None)))


def test_a_right_recording_agrees_and_leaves_the_parameters_alone(function_model):
    model = make(function_model)
    before = {name: array.tobytes() for name, array in model.params.items()}
    assert check(model, record(model, None, None)) is None
    assert {name: array.tobytes() for name, array in model.params.items()} == before


@pytest.mark.parametrize(("dtype", "error"), [("float64", 1e-11), ("float32", 1e-2)])
def test_a_wrong_loss_is_found_at_the_base_point(function_model, dtype, error):
    model = make(function_model, dtype)
    program = record(model, None, None)
    other = make(function_model, dtype, factor=lambda: 1.0 + error)
    assert "at parameters perturbed by 0 of their size" in check(other, program)
    assert check(make(function_model, dtype, factor=lambda: 1.0), program) is None


def test_the_code_is_asked_at_six_points_from_small_to_large(function_model):
    seen = []
    model = make(function_model)
    program = record(model, None, None)

    def loss():
        seen.append({name: array.copy() for name, array in model.params.items()})
        return float(model.loss(None, None))

    assert first_disagreement(program, model.params, loss) is None
    base, *points = seen
    assert not base["zero"].any()
    # What was zero moves by the step itself, times a direction of variance 1.
    moved = [float(np.abs(point["zero"]).max()) for point in points]
    steps = np.array([1e-6, 1e-3, 1e-3, 3e-2, 1e-1, 1e-1])
    np.testing.assert_array_less(steps / 30, moved)
    np.testing.assert_array_less(moved, steps * 2)
    for one, other in (points[1:3], points[4:6]):
        np.testing.assert_allclose((one["w"] + other["w"]) / 2, model.params["w"], rtol=1e-12)
        assert (one["w"] != other["w"]).all()


@pytest.mark.parametrize("size", [3, 1000])
@pytest.mark.parametrize("side", [1, -1])
@pytest.mark.parametrize("seed", range(5))
def test_a_decision_close_to_its_threshold_is_found_on_either_side(
    function_model, size, side, seed
):
    """Which way a total moves along a random direction is chance: both ways leave none to it."""
    w = np.random.default_rng(seed).standard_normal(size)
    threshold = float(np.sum(w)) + side * 1e-4

    def loss(p, x, t):
        total = np.sum(p["w"])
        return total * (2.0 if float(total) > threshold else 3.0)

    with pytest.raises(CannotRecord, match="the recording gives the loss"):
        record(function_model({"w": w}, loss), None, None)


@pytest.mark.parametrize("lost", ["w", "zero"])
def test_a_lost_dependence_is_found(function_model, lost):
    model = make(function_model)
    program = record(model, None, None)
    number = program.parameters[lost]
    operations = tuple(
        replace(o, inputs=tuple(-1 if i == number else i for i in o.inputs))
        for o in program.operations
    )
    constants = {**program.constants, -1: model.params[lost].copy()}
    wrong = replace(program, operations=operations, constants=constants)
    assert "perturbed by 1e-06 of their size the recording gives" in check(model, wrong)


def test_points_without_a_finite_loss_decide_nothing(function_model):
    model = make(function_model)
    program = record(model, None, None)
    infinite = replace(program, operations=program.operations, constants=program.constants)
    far = make(function_model, factor=lambda: 1.0)
    assert check(far, infinite) is None


def test_a_loss_that_is_all_rounding_agrees(function_model):
    def loss(p, x, t):
        # In float32 the sum is 1 + 1.2e-7 or 1: the logarithm is off by as much as it is.
        return -np.sum(np.log(np.exp(p["w"] - p["w"]) + 1e-7))

    model = function_model({"w": np.linspace(1, 9, 5).astype(np.float32)}, loss)
    program = record(model, None, None)
    assert program.loss != pytest.approx(-5e-7, rel=1e-2)
    assert check(model, program) is None
