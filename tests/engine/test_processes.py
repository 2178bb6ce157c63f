"""Both compiled engines in processes and threads: interrupted, forked, several calls at once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace

import numpy as np
import pytest

from fastcheck import nn
from fastcheck.engine.full import full_gradient
from fastcheck.engine.incremental.gradient import incremental_gradient
from fastcheck.engine.kernels.propagate import propagate
from fastcheck.engine.reference import loss_with
from fastcheck.errors import InternalError
from fastcheck.recording import record

FIELDS = ("central", "left", "right", "step", "switched", "crossed")
ENGINES = {"full": full_gradient, "incremental": incremental_gradient}

with_signals = pytest.mark.skipif(
    sys.platform == "win32", reason="Ctrl-C is no signal to one process"
)


def small():
    net = nn.TwoLayerNet(9, 7, 4, weight_scale=0.5, seed=1)
    rng = np.random.default_rng(0)
    return net, rng.standard_normal((12, 9)), rng.integers(0, 4, 12)


# Defines run() with either engine.
SMALL = """
import numpy as np
from fastcheck import nn
from fastcheck.engine.full import full_gradient
from fastcheck.engine.incremental.gradient import incremental_gradient
from fastcheck.recording import record

net = nn.TwoLayerNet(4, 3, 2, weight_scale=0.5)
x, t = np.random.default_rng(0).standard_normal((5, 4)), np.array([0, 1, 0, 1, 1])

def run(gradient=incremental_gradient):
    done = gradient(record(net, x, t), names=list(net.params), threads=3)
    return b"".join(found.central.tobytes() for found in done.parameters.values())
"""

FORKED = (
    SMALL
    + """
import multiprocessing, sys

gradient = {"full": full_gradient, "incremental": incremental_gradient}[sys.argv[1]]

def child(connection):
    connection.send(run(gradient))

first = run(gradient)
here, there = multiprocessing.get_context("fork").Pipe()
process = multiprocessing.get_context("fork").Process(target=child, args=(there,))
process.start()
assert here.poll(60), "the child hangs"
assert here.recv() == first
process.join(60)
assert process.exitcode == 0
assert run(gradient) == first
print("same")
"""
)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@pytest.mark.parametrize("engine", ENGINES)
def test_a_forked_child_can_run_it_again(tmp_path, engine):
    done = subprocess.run(
        [sys.executable, "-c", FORKED, engine],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "same\n"), done.stderr


def seconds_to_stop(command, folder, *, after, **environment):
    """Send Ctrl-C `after` seconds behind the command's "go"; return how long it then went on."""
    with subprocess.Popen(
        [sys.executable, *command],
        cwd=folder,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout.readline() == "go\n"
        time.sleep(after)
        process.send_signal(signal.SIGINT)
        began = time.monotonic()
        _, errors = process.communicate(timeout=30)
        seconds = time.monotonic() - began
    assert process.returncode != 0
    assert errors.strip().endswith("KeyboardInterrupt")
    return seconds


LONG_IN_FULL = """
from fastcheck import data, nn
from fastcheck.engine.full import full_gradient
from fastcheck.recording import record

net = nn.TwoLayerNet(784, 400, 10)
x, t = data.mnist(100)
program = record(net, x, t)
full_gradient(program, names=["b2"], threads=2)
print("go", flush=True)
full_gradient(program, names=["W1"], threads=2)
"""


@with_signals
def test_ctrl_c_stops_the_full_engine_soon(tmp_path):
    # All of it takes minutes.
    assert seconds_to_stop(["-c", LONG_IN_FULL], tmp_path, after=0.3) < 10.0


# A sum over everything, for which each of the many elements has the whole batch to run.
LONG = """
import numpy as np
from fastcheck.engine.incremental.gradient import incremental_gradient
from fastcheck.recording import record

class Coupled:
    params = {"w": np.random.default_rng(0).standard_normal((300, 200)), "b": np.zeros(200)}

    def loss(self, x, t):
        z = np.tanh(x @ self.params["w"] + self.params["b"])
        z = z / np.sqrt(np.mean(z**2) + 1)
        return np.sum(np.log(1 + np.exp(np.tanh(z @ t) @ t)))

rng = np.random.default_rng(1)
x, t = rng.standard_normal((100, 300)), rng.standard_normal((200, 200))
program = record(Coupled(), x, t)
incremental_gradient(program, names=["b"], threads=2)
print("go", flush=True)
incremental_gradient(program, names=["w"], threads=2)
"""


@with_signals
def test_ctrl_c_stops_the_incremental_engine_soon(tmp_path):
    # All of it takes minutes, a panel a quarter of a second.
    assert seconds_to_stop(["-c", LONG], tmp_path, after=0.5) < 3.0


COMPILING = (
    SMALL
    + """
import threading
from fastcheck.engine import first_call

class Telling(threading.Thread):
    def start(self):
        super().start()
        print("go", flush=True)

first_call.threading.Thread = Telling
run()
"""
)


@with_signals
def test_ctrl_c_stops_the_compilation_at_once(tmp_path):
    command = ["-W", "error", "-c", COMPILING]
    cache = str(tmp_path / "cache")
    # The rest would take some 15 s.
    assert seconds_to_stop(command, tmp_path, after=1.0, FASTCHECK_CACHE_DIR=cache) < 5.0


def test_the_first_call_is_counted_as_setting_up(tmp_path):
    timed = SMALL + (
        "done = incremental_gradient(record(net, x, t), names=list(net.params))\n"
        "print(done.seconds, done.setup_seconds)"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", timed],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    seconds, setup_seconds = map(float, done.stdout.split())
    # Even from a warm cache, loading takes far longer than these 23 elements.
    assert seconds < 0.05 < setup_seconds


def test_one_compilation_serves_every_program_and_the_call_for_no_panel(case):
    incremental_gradient(case.program, names=list(case.program.parameters), threads=2)
    incremental_gradient(case.program, names=list(case.program.parameters), scheme="central4")
    incremental_gradient(case.program, names=list(case.program.parameters), step=1e-3)
    assert len(propagate.signatures) == 1
    stats = propagate.stats
    assert sum(stats.cache_hits.values()) + sum(stats.cache_misses.values()) == 1


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("shared", [True, False], ids=["one program", "a program each"])
def test_calls_at_once_do_not_disturb_each_other(engine, shared):
    net, x, t = small()
    names = list(net.params)
    alone = ENGINES[engine](record(net, x, t), names=names).parameters
    # None of these has been prepared or proven: the calls do that at once, too.
    programs = [record(net, x, t)] * 6 if shared else [record(net, x, t) for _ in range(6)]
    found, together = {}, threading.Barrier(6)

    def run(number):
        together.wait(30)
        found[number] = ENGINES[engine](programs[number], names=names, threads=2).parameters

    threads = [threading.Thread(target=run, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 6
    for parameters in found.values():
        for name in names:
            for field in FIELDS:
                np.testing.assert_array_equal(
                    getattr(parameters[name], field), getattr(alone[name], field)
                )


@pytest.mark.parametrize("given", ["the program's own loss", "the user's"])
def test_a_proof_that_fails_says_what_and_leaves_nothing_proven(given):
    net, x, t = small()
    program = record(net, x, t)
    wrong = replace(program, loss=program.loss + 1e-3)
    options = {"names": ["b1", "W2"]}
    if given == "the user's":
        options["loss_at"] = lambda *place: loss_with((net, x, t), *place)
    for _ in range(2):
        with pytest.raises(InternalError, match=r"the loss moves by .* where b1\[\d\] moves by"):
            incremental_gradient(wrong, **options)
    incremental_gradient(program, **options)
