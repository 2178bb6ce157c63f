import functools

import numpy as np
import pytest

from fastcheck.recording.where import calling_line, defining_line, raising_line


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
