import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import numpy as np
import pytest

from fastcheck import locking
from fastcheck.program import evaluate
from fastcheck.recording import record

SHARED = np.full(3, 2.0)


def make(seed):
    w = np.random.default_rng(seed).standard_normal(3)

    def loss(x, t):
        out = np.zeros(3)
        for _ in range(20):
            out[...] = np.tanh(out + w * SHARED)
        return np.sum(out * x)

    return SimpleNamespace(params={"w": w}, loss=loss)


def test_threads_that_record_models_of_one_module_do_not_meet():
    models = [make(seed) for seed in range(16)]
    x = np.arange(1.0, 4.0)
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(4) as pool:
            programs = list(pool.map(lambda model: record(model, x, None), models))
    finally:
        sys.setswitchinterval(interval)
    for model, program in zip(models, programs, strict=True):
        assert evaluate(program, model.params) == pytest.approx(model.loss(x, None), rel=1e-13)
        assert len(program.operations) == len(programs[0].operations)
    assert globals()["np"] is sys.modules["numpy"]
    assert type(SHARED) is np.ndarray


def test_the_lock_is_held_by_one_thread_and_may_be_taken_again_by_it():
    with locking.user_code(), locking.user_code(), ThreadPoolExecutor(1) as pool:
        taken = pool.submit(lambda: locking.user_code().acquire(blocking=False))
        assert taken.result() is False


FORK = """
import os, threading
from fastcheck.locking import user_code

held, done = threading.Event(), threading.Event()

def hold():
    with user_code():
        held.set()
        done.wait()

thread = threading.Thread(target=hold)
thread.start()
held.wait()
child = os.fork()
if child == 0:
    os._exit(0 if user_code().acquire(timeout=5) else 1)
_, status = os.waitpid(child, 0)
done.set()
thread.join()
print("child", os.waitstatus_to_exitcode(status))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
def test_a_forked_child_gets_a_lock_of_its_own():
    command = [sys.executable, "-W", "ignore", "-c", FORK]
    result = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert result.stdout.strip() == "child 0"
