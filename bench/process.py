"""Whole processes: their time, their processor time and their peak memory."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import bench

# Started in between, since a child's peak memory is at least that of the process that started it,
# and this one may hold PyTorch. Standard output of the measured process goes to a pipe, its error
# output through.
_LAUNCHER = """
import json, resource, subprocess, sys, time
began = time.perf_counter()
done = subprocess.run(sys.argv[1:], stdout=subprocess.PIPE, text=True)
seconds = time.perf_counter() - began
used = resource.getrusage(resource.RUSAGE_CHILDREN)
unit = 1 if sys.platform == "darwin" else 1024
print(json.dumps({
    "code": done.returncode,
    "output": done.stdout,
    "seconds": seconds,
    "processor_seconds": used.ru_utime + used.ru_stime,
    "peak_memory": used.ru_maxrss * unit,
}))
"""

ROOT = Path(bench.__file__).parents[1]  # not resolved: as it was imported


@dataclass(frozen=True, slots=True)
class Process:
    """A process that ended well.

    Attributes
    ----------
    seconds
        From its start to its end.
    processor_seconds
        On all processors: what other people's processes do not lengthen.
    peak_memory
        Bytes of resident memory.
    output
        What it wrote to standard output.
    """

    seconds: float
    processor_seconds: float
    peak_memory: int
    output: str


def python(arguments: Sequence[str], *, cache: Path | None = None) -> Process:
    """Run this Python with one BLAS thread, in the folder that contains bench/.

    Parameters
    ----------
    arguments
        Of the interpreter.
    cache
        The folder for the kernel cache; by default the user's.

    Raises
    ------
    subprocess.CalledProcessError
        If it does not end with 0.
    """
    threads = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")
    environment = {**os.environ, **dict.fromkeys(threads, "1")}
    environment.pop("OPENBLAS_CORETYPE", None)  # BLAS chooses its own kernels
    if cache is not None:
        environment["FASTCHECK_CACHE_DIR"] = str(cache)
    command = [sys.executable, *arguments]
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", _LAUNCHER, *command],
        env=environment,
        cwd=ROOT,
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    found = json.loads(done.stdout)
    if found["code"] != 0:
        raise subprocess.CalledProcessError(found["code"], command, found["output"])
    return Process(
        found["seconds"], found["processor_seconds"], found["peak_memory"], found["output"]
    )
