"""The second process of the very first build: when it is started, and that nothing hangs on it."""

import subprocess
import sys
from types import SimpleNamespace

import numba
import numpy as np
import pytest

from fastcheck import nn
from fastcheck.engine import first_build
from fastcheck.engine.incremental.prepared import prepared
from fastcheck.engine.incremental.scratch import Scratch
from fastcheck.engine.kernels import shared
from fastcheck.primitives import cache, jit
from fastcheck.recording import record


class Builder:
    """Stands for the process."""

    def __init__(self, *, late=False):
        self.late = late
        self.killed = False

    def wait(self, timeout=None):
        if self.late and timeout is not None:
            raise subprocess.TimeoutExpired("python", timeout)

    def kill(self):
        self.killed = True


class Unbuilt:
    """Stands for a kernel that this process has not compiled yet."""

    signatures = ()


@pytest.fixture
def started(monkeypatch, tmp_path):
    """Return what would be started on a machine where it pays."""
    calls = []

    def popen(command, **options):
        calls.append((command, options))
        return Builder()

    monkeypatch.setattr(first_build, "propagate", Unbuilt)
    monkeypatch.setattr(first_build, "usable_threads", lambda _: 2)
    monkeypatch.setattr(cache, "cache_folder", lambda: tmp_path)
    monkeypatch.setattr(subprocess, "Popen", popen)
    monkeypatch.setattr(jit, "before_sharing", [])
    return calls


def test_a_python_is_started_that_builds_the_shared_kernels(started):
    first_build.share_first_build()
    (command, options) = started[0]
    assert command[0] == sys.executable
    assert command[1] == "-c"
    assert "shared import build" in command[2]
    assert options["env"]["FASTCHECK_CACHE_DIR"] == str(cache.cache_root())
    assert options["stdout"] == options["stderr"] == subprocess.DEVNULL
    assert len(jit.before_sharing) == 1


def test_not_where_the_kernels_are_built_or_it_does_not_pay(started, monkeypatch, tmp_path):
    monkeypatch.setattr(first_build, "usable_threads", lambda _: 1)
    first_build.share_first_build()
    monkeypatch.setattr(first_build, "usable_threads", lambda _: 2)
    monkeypatch.setattr(sys, "executable", "/opt/editor/editor")
    first_build.share_first_build()
    monkeypatch.setattr(sys, "executable", None)
    first_build.share_first_build()
    monkeypatch.setattr(sys, "executable", "/usr/bin/python3")
    monkeypatch.setattr(cache, "cache_folder", lambda: None)
    first_build.share_first_build()
    monkeypatch.setattr(cache, "cache_folder", lambda: tmp_path)
    (tmp_path / "kernels").mkdir()
    (tmp_path / "kernels" / "propagate.propagate-1.py311.nbi").touch()
    first_build.share_first_build()
    assert started == []


def test_a_process_that_cannot_be_started_is_done_without(started, monkeypatch):
    def refuse(*_, **__):
        raise OSError("no processes left")

    monkeypatch.setattr(subprocess, "Popen", refuse)
    first_build.share_first_build()
    assert jit.before_sharing == []


def test_a_process_that_is_late_is_ended(started, monkeypatch):
    builder = Builder(late=True)
    monkeypatch.setattr(subprocess, "Popen", lambda *_, **__: builder)
    first_build.share_first_build()
    jit.before_sharing.pop()()
    assert builder.killed


def test_it_does_not_outlive_this_process(started, monkeypatch):
    registered = []
    monkeypatch.setattr("atexit.register", lambda *call: registered.append(call))
    builder = Builder()
    monkeypatch.setattr(subprocess, "Popen", lambda *command, **options: builder)
    first_build.share_first_build()
    ((end, *arguments),) = registered
    end(*arguments)
    assert builder.killed


def test_it_is_waited_for_before_a_shared_kernel_is_looked_for(monkeypatch):
    # Not with a kernel of ours: what cannot be loaded is cleared from the cache folder.
    seen = []
    stand_in = SimpleNamespace(
        _cache=SimpleNamespace(load_overload=lambda *asked: seen.append(asked))
    )
    monkeypatch.setattr(jit, "entry_kernel", lambda function: stand_in)
    monkeypatch.setattr(jit, "before_sharing", [lambda: seen.append("waited")])
    jit.shared_kernel(len)._cache.load_overload("signature", "target")
    assert seen == ["waited", ("signature", "target")]
    assert jit.before_sharing == []


def test_the_shared_kernels_wait():
    for function in shared.SHARED:
        assert "shared_kernel" in function._cache.load_overload.__qualname__


def test_the_types_are_those_that_the_interpreter_calls_with():
    script = (
        "from fastcheck.engine.kernels.shared import SHARED, TYPES, build; "
        "from fastcheck.engine.kernels.execute import execute; import numba; "
        "build(); "
        "names = 'route', 'first', 'last', 'buffers', 'units', 'panels', 'sample', 'general'; "
        "execute.compile(tuple(TYPES.get(name, numba.int64) for name in names)); "
        "print([len(function.signatures) for function in SHARED])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    assert done.stdout.strip() == "[1, 1, 1]", done.stderr


def test_the_types_are_those_of_the_arrays_that_python_makes():
    net = nn.TwoLayerNet(6, 5, 3)
    program = record(net, np.random.default_rng(0).random((4, 6)), np.array([0, 1, 2, 0]))
    (template,) = prepared(program).kept("W1")
    buffers = Scratch().fit(template, points=2, panels=6)
    assert numba.typeof(template.route) == shared.TYPES["route"]
    assert numba.typeof(buffers) == shared.TYPES["buffers"]
