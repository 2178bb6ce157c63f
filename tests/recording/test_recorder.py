import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest

import fastcheck
from fastcheck.errors import CannotRecord, InvalidArgument, InvalidType
from fastcheck.program import Program
from fastcheck.recording import record

PUBLIC = """
import numpy as np
import fastcheck

class Net:
    params = {"w": np.ones(3)}
    def loss(self, x, t):
        return np.sum(self.params["w"] ** 2)

BEFORE  # importing it, and no more
for _ in range(2):
    fastcheck.record(Net(), None, None)
print("recorded")
"""


@pytest.mark.parametrize("before", ["import fastcheck.recording", "fastcheck.gradcheck"])
def test_the_public_name_is_the_function_whatever_was_imported_before(before):
    command = [sys.executable, "-c", PUBLIC.replace("BEFORE", before)]
    result = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert result.stdout == "recorded\n", result.stderr
    assert callable(fastcheck.record)


def test_a_program_says_what_was_recorded(function_model):
    params = {"w": np.array([[1.0, 2.0]], np.float32), "v": np.ones(2)}
    x = np.ones((5, 1))

    def loss(p, x, t):
        return np.mean((x @ p["w"].astype(np.float64) + p["v"]) ** 2)

    model = function_model(params, loss)
    program = record(model, x, None)
    assert isinstance(program, Program)
    assert program.batch == 5
    assert program.loss == float(model.loss(x, None))
    assert program.values[program.output].shape == ()
    assert list(program.base) == ["w", "v"]
    assert program.base["w"].dtype == np.float64
    assert not np.shares_memory(program.base["v"], params["v"])
    line = loss.__code__.co_firstlineno + 1
    assert {operation.source.line for operation in program.operations} == {line}
    assert {operation.source.filename for operation in program.operations} == {__file__}


@pytest.mark.parametrize(("x", "batch"), [(None, 1), (3.0, 1), ([1, 2], 2), (np.ones((4, 2)), 4)])
def test_the_batch_is_the_length_of_x(function_model, x, batch):
    model = function_model({"w": np.ones(2)}, lambda p, x, t: np.sum(p["w"] ** 2))
    assert record(model, x, None).batch == batch


def test_a_program_holds_no_memory_of_the_users(function_model):
    params, x = {"w": np.ones(3)}, np.ones(3)
    model = function_model(params, lambda p, x, t: np.sum(p["w"] * x))
    program = record(model, x, None)
    arrays = [*program.base.values(), *program.constants.values()]
    assert not any(np.shares_memory(a, mine) for a in arrays for mine in (x, params["w"]))


def test_what_is_no_model_is_refused_as_such():
    with pytest.raises(InvalidType, match="no method loss"):
        record(object(), None, None)
    model = SimpleNamespace(params={"w": np.array([np.nan])}, loss=lambda x, t: 0.0)
    with pytest.raises(InvalidArgument, match="nan or infinity"):
        record(model, None, None)
    model = SimpleNamespace(params={"w": np.ones(2)}, loss=lambda x, t: np.ones(2))
    with pytest.raises(InvalidType, match="must be one real number"):
        record(model, None, None)


def test_an_error_of_the_loss_itself_is_the_users(function_model):
    def loss(p, x, t):
        raise ZeroDivisionError("mine")

    with pytest.raises(ZeroDivisionError, match="mine"):
        record(function_model({"w": np.ones(2)}, loss), None, None)


def test_read_only_memory_is_refused():
    w = np.frombuffer(np.ones(2).tobytes())
    model = SimpleNamespace(params={"w": w}, loss=lambda x, t: np.sum(w))
    with pytest.raises(InvalidArgument, match=r"params\['w'\] lies in read-only memory"):
        record(model, None, None)


def test_a_recording_after_a_refusal_is_unaffected(function_model, recorded):
    params = {"w": np.arange(1.0, 4.0)}
    bad = function_model(params, lambda p, x, t: np.sum(np.sin(p["w"])))
    good = function_model(params, lambda p, x, t: np.sum(p["w"] ** 2))
    with pytest.raises(CannotRecord):
        record(bad, None, None)
    recorded(good)


def test_a_subclass_of_ndarray_among_the_inputs_is_left_alone(function_model):
    masked = np.ma.masked_array([1.0, 2.0], [False, True])
    model = function_model({"w": np.ones(2)}, lambda p, x, t: np.sum(p["w"] * x))
    with pytest.raises(CannotRecord):
        record(model, masked, None)
