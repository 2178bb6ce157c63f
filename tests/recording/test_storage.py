import numpy as np
import pytest

from fastcheck.program import Program, evaluate
from fastcheck.recording.storage import Storage
from fastcheck.recording.tape import Tape


def values(tape, number, parameter):
    """Return what value `number` holds, evaluated."""
    results = []
    for i in range(tape.values[number].shape[0]):
        shape = tape.values[number].shape
        index = np.array(i).reshape(()) if len(shape) == 1 else None
        output = tape.emit("gather", (number,), (), np.dtype(float), index=index)
        program = Program(
            values=tuple(tape.values),
            operations=tuple(tape.operations),
            parameters={"p": 0},
            base={},
            constants=tape.constants,
            output=output,
            loss=0.0,
            unit_roundoff=2.0**-53,
            batch=1,
        )
        results.append(evaluate(program, {"p": parameter}))
    return results


@pytest.fixture
def tape():
    made = Tape()
    made.new_value((3,), np.dtype(float))  # the parameter
    return made


P = np.array([10.0, 20.0, 30.0])


def test_a_write_replaces_its_positions_and_the_last_of_equal_ones_wins(tape):
    storage = Storage(tape, np.array([1.0, 2.0, 3.0, 4.0]))
    storage.write(np.array([3, 0, 3]), 0, (3,))
    assert values(tape, storage.value, P) == [20.0, 2.0, 3.0, 30.0]


def test_a_whole_write_needs_nothing_of_the_old(tape):
    storage = Storage(tape, np.zeros(3))
    storage.write(np.arange(3), 0, (3,))
    assert [operation.primitive.name for operation in tape.operations] == ["reshape"]
    storage.write(np.array([2, 1, 0]), 0, (3,))
    assert tape.operations[-1].primitive.name == "gather"
    assert tape.constants == {}
    assert values(tape, storage.value, P) == [30.0, 20.0, 10.0]


def test_a_write_broadcasts_and_drops_leading_ones(tape):
    storage = Storage(tape, np.zeros(6))
    storage.write(np.arange(6).reshape(2, 3), 0, (1, 1, 3))
    assert values(tape, storage.value, P) == [10.0, 20.0, 30.0] * 2


def test_a_read_of_a_view_is_a_gather(tape):
    storage = Storage(tape, np.zeros(3), 0)
    assert storage.read(storage.data) == 0
    assert values(tape, storage.read(storage.data[::-2]), P) == [30.0, 10.0]


def test_a_constant_is_kept_until_its_memory_changes(tape):
    storage = Storage(tape, np.array([1.0, np.nan, 3.0]))
    first = storage.read(storage.data)
    assert storage.read(storage.data) == first
    part = storage.read(storage.data[1:])
    assert storage.read(storage.data[1:]) == part != first
    storage.data[0] = 5.0
    second = storage.read(storage.data)
    assert second != first
    assert tape.constants[first][0] == 1.0
    assert tape.constants[second][0] == 5.0
    assert storage.read(storage.data[1:]) == part
