"""What templates read, and how much of it there is."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastcheck import nn
from fastcheck.engine.incremental.gradient import incremental_gradient
from fastcheck.engine.incremental.memory import Memory
from fastcheck.recording import record


@given(st.lists(st.integers(0, 700), max_size=12))
def test_what_is_stored_stays_where_it_is(sizes):
    memory = Memory()
    stored, views = [], []
    for number, size in enumerate(sizes):
        array = np.full((size, 2), number + 1.0)
        stored.append((memory.append(array), array))
        views.append(memory.buffer)
    # A view of an earlier buffer still holds what was stored by then.
    for (first, array), view in zip(stored, views, strict=True):
        for buffer in (view, memory.buffer):
            assert (buffer[first : first + array.size] == array.reshape(-1)).all()
    assert memory.used == 1 + sum(array.size for _, array in stored)
    assert memory.buffer.size <= 2 * max(memory.used, 1024)


def test_at_the_beginning_there_is_a_zero():
    # The base value of an operand that is not there: abs and sign switch at it.
    memory = Memory()
    assert memory.append(np.ones(3)) > 0
    assert memory.buffer[0] == 0.0
    assert memory.fork().buffer[0] == 0.0


def test_a_fork_goes_its_own_way():
    memory = Memory()
    first = memory.append(np.arange(5.0))
    fork = memory.fork()
    assert fork.used == memory.used
    assert (fork.buffer == memory.buffer[: memory.used]).all()
    mine, others = memory.append(np.ones(2)), fork.append(np.zeros(2))
    assert mine == others
    assert memory.buffer[mine] == 1.0
    fork.buffer[first] = 7.0
    assert memory.buffer[first] == 0.0


def test_any_layout_is_stored_in_order():
    memory = Memory()
    array = np.arange(6.0).reshape(2, 3).T
    first = memory.append(array)
    assert memory.buffer[first : first + 6].tolist() == [0.0, 3.0, 1.0, 4.0, 2.0, 5.0]
    mask = memory.append(np.array([True, False]))
    assert memory.buffer[mask : mask + 2].tolist() == [1.0, 0.0]


def peak_of(program, **options):
    tracemalloc.start()
    try:
        incremental_gradient(program, names=list(program.parameters), threads=1, **options)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def dense(samples, inputs):
    net = nn.TwoLayerNet(inputs, 32, 10, weight_scale=0.1)
    rng = np.random.default_rng(0)
    x = rng.random((samples, inputs)) * (rng.random((samples, inputs)) < 0.2)
    return record(net, x, rng.integers(0, 10, samples))


def elementwise(make_model, size):
    # No weight template: chunks of neighbouring elements.
    model = make_model(
        {"w": np.linspace(0.1, 1.0, size)},
        lambda p, x, t: np.sum(np.tanh(p["w"] * x) ** 2 + np.abs(p["w"])),
    )
    return record(model, np.linspace(1.0, 2.0, size), None)


def size_of(program):
    """Return the bytes of all values."""
    values = sum(int(np.prod(value.shape)) for value in program.values)
    return 8 * (values + sum(array.size for array in program.base.values()))


@pytest.fixture(scope="module", autouse=True)
def compiled():
    incremental_gradient(dense(2, 3), names=["W1"])


def test_memory_grows_with_parameters_and_values(make_model):
    for program in (dense(50, 400), dense(200, 400), elementwise(make_model, 4000)):
        elements = sum(array.size for array in program.base.values())
        product = 8 * elements * sum(int(np.prod(value.shape)) for value in program.values)
        peak = peak_of(program)
        assert peak <= 12 * size_of(program) + 4e6
        assert peak < product / 50


def test_four_times_the_samples_take_at_most_four_times_the_memory():
    small, large = dense(100, 300), dense(400, 300)
    assert peak_of(large) <= 4.5 * peak_of(small)
