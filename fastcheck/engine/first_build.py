"""The very first build: a second process compiles a part of the kernels at the same time.

Numba compiles under one lock, so a thread would not do. What the other process has built lies in
the cache folder by the time the first process asks for it; if it does not, for whatever reason, the
first process builds it too.
"""

from __future__ import annotations

import atexit
import os
import subprocess
import sys
from pathlib import Path

from fastcheck.engine.first_call import is_loaded
from fastcheck.engine.kernels.propagate import propagate
from fastcheck.engine.workers import usable_threads
from fastcheck.primitives import cache, jit

# What the other process runs: a good third of the work.
_PART = (
    "import gc; from fastcheck.engine.first_call import SELDOM; gc.set_threshold(SELDOM); "
    "from fastcheck.engine.kernels.shared import build; build()"
)

# Long enough for a slow machine; then the first process goes on alone.
_PATIENCE = 120.0


def share_first_build() -> None:
    """Let another process help, where kernels are to be built and it pays.

    Only a Python is started, and only if there is a second processor, and a folder in which to hand
    over the result.
    """
    folder = cache.cache_folder()
    if (
        is_loaded(propagate)
        or folder is None
        or any(folder.glob("*/propagate.propagate*.nbi"))
        or usable_threads(None) < 2
        or not Path(sys.executable or "").name.startswith("python")
    ):
        return
    environment = dict(os.environ, FASTCHECK_CACHE_DIR=str(cache.cache_root()))
    # The same package, wherever this process found it.
    package = str(Path(__file__).resolve().parents[2])
    environment["PYTHONPATH"] = os.pathsep.join(
        filter(None, [package, environment.get("PYTHONPATH")])
    )
    nowhere = subprocess.DEVNULL
    try:
        builder = subprocess.Popen(  # noqa: S603 - this very Python, with our own words
            [sys.executable, "-c", _PART],
            env=environment,
            stdin=nowhere,
            stdout=nowhere,
            stderr=nowhere,
        )
    except OSError:
        return
    # Where an interrupt comes first, the other process does not outlive this one.
    atexit.register(_end, builder)

    def wait() -> None:
        try:
            builder.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            _end(builder)

    jit.before_sharing.append(wait)


def _end(builder: subprocess.Popen[bytes]) -> None:
    builder.kill()
    builder.wait()
