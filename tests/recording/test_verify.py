from dataclasses import replace

import numpy as np
import pytest

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
