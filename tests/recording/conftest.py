"""What the recorder's tests share: a model made of a function, and the comparison with its loss."""

import functools
import inspect

import numpy as np
import pytest

from fastcheck.errors import CannotRecord
from fastcheck.model import plain_loss, restored
from fastcheck.program import evaluate
from fastcheck.recording import record

# Of each parameter's own size; the recorder itself verifies with other draws and at most 0.1.
STEPS = (0.0, 1e-3, 0.03, 0.3, 0.5)


class FunctionModel:
    def __init__(self, params, function):
        self.params = params
        self.loss = functools.partial(function, params)


def assert_shapes(program):
    """Every operation yields the shape that is written down, which the kernels rely on."""
    arrays = dict(program.constants)
    arrays.update({number: program.base[name] for name, number in program.parameters.items()})
    for operation in program.operations:
        inputs = (arrays[number] for number in operation.inputs)
        result = operation.primitive.evaluate(*inputs, **operation.attributes)
        arrays[operation.output] = result
    for number, array in arrays.items():
        assert np.shape(array) == program.values[number].shape


def assert_recorded(model, x=None, t=None, *, rtol=1e-11):
    """Record, and compare with the real loss at the base and at perturbed parameters."""
    program = record(model, x, t)
    rng = np.random.default_rng(99)
    params = dict(model.params)
    assert list(program.parameters) == list(params)
    assert program.loss == plain_loss(model, x, t)
    assert_shapes(program)
    for step in STEPS:
        with restored(params):
            for array in params.values():
                array[...] += step * rng.standard_normal(array.shape).astype(array.dtype)
            wanted = plain_loss(model, x, t)
            got = evaluate(program, params)
        assert np.isfinite(wanted)
        assert got == pytest.approx(wanted, rel=rtol, abs=rtol)
    return program


@pytest.fixture
def recorded():
    return assert_recorded


@pytest.fixture
def function_model():
    return FunctionModel


def line_of(function, mark):
    """Return the number of the function's line that contains `mark`."""
    lines, first = inspect.getsourcelines(function)
    places = [i for i, line in enumerate(lines) if mark in line]
    assert len(places) == 1, f"{mark!r} must mark one line"
    return first + places[0]


@pytest.fixture
def refused():
    """Record a loss that must be refused, at its line marked `# here`; return the refusal."""

    def check(function, match, params=None, x=None, t=None):
        params = params or {"a": np.array([[1.0, -2.0, 3.0], [0.5, 4.0, -1.0]])}
        with pytest.raises(CannotRecord, match=match) as caught:
            record(FunctionModel(params, function), x, t)
        code = function.__code__
        assert caught.value.filename == code.co_filename
        assert caught.value.line == line_of(function, "# here")
        return caught.value

    return check
