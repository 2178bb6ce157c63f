from contextlib import closing

import pytest

from fastcheck.recording.undo import Undo


def failing(error):
    raise error


def test_the_steps_are_taken_at_the_end_last_first():
    done = []
    with closing(Undo()) as undo:
        undo.callback(done.append, 1)
        undo.callback(done.append, 2)
        assert done == []
    assert done == [2, 1]


def block(error, *steps):
    with closing(Undo()) as undo:
        for step in steps:
            undo.callback(*step)
        raise error


@pytest.mark.parametrize("error", [ValueError("a"), KeyboardInterrupt()])
def test_every_step_is_taken_whatever_the_block_raises(error):
    done = []
    with pytest.raises(type(error)) as caught:
        block(error, (done.append, 1))
    assert caught.value is error
    assert done == [1]


def test_every_step_is_taken_whatever_a_step_raises():
    done = []
    steps = (
        (done.append, 1),
        (failing, ValueError("the second to fail")),
        (failing, KeyboardInterrupt("the first to fail")),
        (done.append, 2),
    )
    with pytest.raises(KeyboardInterrupt, match="the first to fail") as caught:
        block(OSError("the block"), *steps)
    assert done == [2, 1]
    assert isinstance(caught.value.__context__, OSError)
