import functools
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

import fastcheck
from fastcheck import nn
from fastcheck.differentiate import differentiated as record_function
from fastcheck.recording.where import _is_users, calling_line, defining_line, raising_line


class Callable:
    def __call__(self, x, t):
        return 0.0


def plain(x, t):
    return 0.0


@functools.wraps(plain)
def wrapper(x, t):
    return plain(x, t)


def test_calling_line_is_the_users_and_not_numpys():
    lines = []
    np.apply_along_axis(lambda row: lines.append(calling_line()) or 0.0, 0, np.ones(2))
    assert lines[0].filename == __file__
    assert (
        lines[0].line == test_calling_line_is_the_users_and_not_numpys.__code__.co_firstlineno + 2
    )


def test_raising_line_is_the_innermost_of_the_users():
    with pytest.raises(np.exceptions.AxisError) as caught:
        np.moveaxis(np.ones(2), 5, 0)
    line = raising_line(caught.value)
    assert line.filename == __file__
    assert line.line == test_raising_line_is_the_innermost_of_the_users.__code__.co_firstlineno + 2


@pytest.mark.parametrize("function", [plain, functools.partial(plain, 1), wrapper])
def test_defining_line_looks_through_wrappers(function):
    assert defining_line(function).line == plain.__code__.co_firstlineno


def test_defining_line_of_what_can_be_called():
    assert defining_line(Callable()).line == Callable.__call__.__code__.co_firstlineno
    assert defining_line(Callable().__call__).line == Callable.__call__.__code__.co_firstlineno
    assert defining_line(print).filename == "<built-in function print>"


class Returning:
    """A loss of shape (1, 1)."""

    params = {"W": np.ones((3, 1))}  # noqa: RUF012

    def loss(self, x, t):
        return (x @ self.params["W"]).mean(axis=0, keepdims=True)  # here


class Squeezing(Returning):
    def loss(self, x, t):
        return np.squeeze((x @ self.params["W"]).mean(axis=0, keepdims=True))  # here


@pytest.mark.parametrize("model", [Returning(), Squeezing()])
def test_what_is_done_to_the_loss_afterwards_is_no_line_of_its_own(model):
    program = fastcheck.record(model, np.ones((4, 3)), None)
    lines = {operation.source.line for operation in program.operations}
    assert lines == {type(model).loss.__code__.co_firstlineno + 1}
    assert program.operations[-1].primitive.name == "reshape"


def test_the_networks_that_come_along_have_lines_and_fastcheck_itself_has_none():
    program = fastcheck.record(nn.TwoLayerNet(4, 3, 2), np.ones((3, 4)), np.zeros(3, int))
    files = {Path(operation.source.filename).name for operation in program.operations}
    assert files == {"affine.py", "activations.py", "losses.py"}
    assert not _is_users(SimpleNamespace(f_code=record_function.__code__))
    assert _is_users(sys._getframe())
