import numpy as np
import pytest

from fastcheck.recording.memory import Memory, overlap
from fastcheck.recording.tape import Tape

LAYOUTS = {
    "plain": lambda a: a.copy(),
    "fortran": np.asfortranarray,
    "transposed": lambda a: a.T.copy().T,
    "every other": lambda a: np.repeat(a, 2, axis=1)[:, ::2],
    "reversed": lambda a: a.copy()[::-1, ::-1],
    "reversed real parts": lambda a: (a + 1j).real[::-1],
    "real parts": lambda a: (a + 1j).real,
    "a field": lambda a: np.array([(tuple(r), 1) for r in a], [("r", "f8", (3,)), ("f", "i1")])[
        "r"
    ],
    "overlapping": lambda a: np.lib.stride_tricks.sliding_window_view(a.ravel(), 3),
    "broadcast": lambda a: np.broadcast_to(a[0], (2, 3)),
    "empty": lambda a: a[:0],
}


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
def test_an_array_is_copied_as_it_lies(layout):
    array = layout(np.arange(6.0).reshape(2, 3))
    before = array.copy()
    memory = Memory(Tape(), {})
    recording = memory.recording(array)
    np.testing.assert_array_equal(recording.view, array)
    assert memory.recording(array) is recording
    data = recording.storage.data
    assert np.array_equal(data[recording.storage.element_numbers(recording.view)], array)
    data[...] = -1.0
    np.testing.assert_array_equal(array, before)


@pytest.mark.parametrize("name", ["plain", "fortran", "every other", "reversed"])
def test_views_of_an_array_are_views_of_its_storage(name):
    array = LAYOUTS[name](np.arange(6.0).reshape(2, 3))
    memory = Memory(Tape(), {"w": array})
    view = memory.recording(array.T[1:])
    assert view.storage is memory.recording(array).storage
    memory.recording(array).view[0, 1] = 42.0
    assert view.view[0, 0] == 42.0
    assert array[0, 1] != 42.0


def test_parameters_are_values_by_name_and_one_value_under_two_names():
    w, v = np.ones((2, 3)), np.ones(3)
    tape = Tape()
    memory = Memory(tape, {"w": w, "again": w, "also": w[:], "v": v})
    assert memory.numbers == {"w": 0, "again": 0, "also": 0, "v": 1}
    assert tape.operations == []
    assert memory.recording(v).storage.value == 1


def test_a_part_of_a_large_array_does_not_bring_the_whole(monkeypatch):
    monkeypatch.setattr("fastcheck.recording.memory._COPY_UP_TO", 4)
    images = np.arange(30.0).reshape(10, 3)
    memory = Memory(Tape(), {})
    part = memory.recording(images[2:3])
    assert part.storage.data.tolist() == [6.0, 7.0, 8.0]
    borrowed = memory.recording(images[:, ::-1])
    assert not borrowed.view.flags.writeable
    np.testing.assert_array_equal(borrowed.view, images[:, ::-1])


def test_overlap_names_two_parameters():
    flat = np.arange(6.0)
    assert overlap({"a": flat, "b": flat, "c": flat[:]}) is None
    assert overlap({"a": flat[:3], "b": flat[3:], "c": np.ones(6)}) is None
    assert overlap({"even": flat[::2], "odd": flat[1::2]}) is None
    assert overlap({"a": flat[:3], "b": flat[3:], "c": flat[2:4]}) == ("a", "c")
    assert overlap({"a": flat.reshape(2, 3), "b": flat.reshape(2, 3).T}) == ("a", "b")
