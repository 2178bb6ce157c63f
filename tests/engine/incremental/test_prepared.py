"""What is kept of a program, and for how long; many callers at once."""

from __future__ import annotations

import gc
import weakref
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import numpy as np
import pytest

from fastcheck import nn
from fastcheck.engine.incremental.gradient import incremental_gradient
from fastcheck.engine.incremental.prepared import prepared
from fastcheck.recording import record

FIELDS = ("central", "left", "right", "step", "switched")


def recorded():
    net = nn.TwoLayerNet(9, 7, 3, weight_scale=0.5)
    rng = np.random.default_rng(0)
    return record(net, rng.random((5, 9)), rng.integers(0, 3, 5))


def test_it_is_made_once_and_goes_with_its_program():
    program = recorded()
    ready = prepared(program)
    assert prepared(program) is ready
    assert prepared(recorded()) is not ready
    templates = ready.kept("W1")
    assert ready.kept("W1") is templates
    incremental_gradient(program, names=list(program.parameters))
    kept = weakref.ref(ready)
    del ready, templates
    gc.collect()
    assert kept() is not None
    del program
    gc.collect()
    assert kept() is None


def test_a_fork_has_a_memory_of_its_own():
    templates = prepared(recorded()).templates
    before = templates.memory.copy()
    own = templates.fork()
    own.of_chunk("b1", 0, 7)
    own.memory[:] = np.nan
    assert templates.memory.tobytes() == before.tobytes()


def test_of_a_parameter_in_many_chunks_nothing_is_kept(make_model):
    model = make_model(
        {"few": np.ones(100), "many": np.ones(1000)},
        lambda p, x, t: np.sum(p["few"] ** 2) + np.sum(p["many"] ** 3),
    )
    program = record(model, np.ones(1), None)
    ready = prepared(program)
    assert [len(item.route.entries[0]) for item in ready.kept("few")] == [50, 50]
    assert ready.kept("many") is None
    found = incremental_gradient(program, names=["few", "many"]).parameters
    assert (found["few"].central == 2.0).all()
    assert (found["many"].central == 3.0).all()


@pytest.mark.parametrize("name", ["tied_weights", "l2_penalty", "lstm"])
def test_many_threads_may_ask_for_the_same_program_at_once(network_named, name):
    expected = network_named(name).differences(threads=1)
    program = network_named(name).program
    names, callers = list(program.parameters), 6
    together = Barrier(callers)

    def ask(caller):
        order = names[caller % len(names) :] + names[: caller % len(names)]
        together.wait()
        return incremental_gradient(program, names=order, threads=1 + caller % 3)

    with ThreadPoolExecutor(callers) as executor:
        results = list(executor.map(ask, range(callers)))
    for result in results:
        for key in names:
            for field in FIELDS:
                mine = getattr(result.parameters[key], field)
                assert mine.tobytes() == getattr(expected.parameters[key], field).tobytes()
