"""Where compiled kernels are kept on disk.

Numba notices an edit in the file of the cached function, but not in the files of the kernels that
it calls. The folder's name therefore carries a hash of every kernel source and of the versions that
generate code, so that an edit or an upgrade starts an empty folder.
"""

from __future__ import annotations

import hashlib
import os
import platform
import sys
import tempfile
from pathlib import Path

import llvmlite.binding
import numba
import numpy as np

_PACKAGE = Path(__file__).resolve().parent.parent
KERNEL_FOLDERS = (_PACKAGE / "primitives", _PACKAGE / "engine" / "kernels")


# Why kernels of this process are not kept on disk; empty where they are.
problems: list[str] = []


def kernel_hash(folders: tuple[Path, ...] = KERNEL_FOLDERS) -> str:
    """Return 16 hexadecimal digits that change with any kernel source and any compiler version."""
    digest = hashlib.sha256()
    for version in (
        platform.python_version(),
        numba.__version__,
        np.__version__,
        llvmlite.__version__,
    ):
        digest.update(version.encode() + b"\0")
    for folder in folders:
        for path in sorted(folder.glob("*.py")):
            digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def cache_root() -> Path:
    """Return the folder under which all versions' caches lie.

    The environment variable FASTCHECK_CACHE_DIR decides, then NUMBA_CACHE_DIR, then the platform's
    custom for caches.
    """
    chosen = os.environ.get("FASTCHECK_CACHE_DIR")
    if chosen:
        return Path(chosen)
    chosen = os.environ.get("NUMBA_CACHE_DIR")
    if chosen:
        return Path(chosen) / "fastcheck"
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Caches"
    else:
        base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return base / "fastcheck"


def cache_folder() -> Path | None:
    """Return the folder for these kernel sources, created and writable; None where there is none.

    Numba would fall back on ``__pycache__``, where a stale kernel could be found; without a folder
    of our own the kernels are compiled in memory.
    """
    folder, problem = folder_or_problem()
    return folder if problem is None else None


def folder_or_problem() -> tuple[Path, str | None]:
    """Return the folder for these kernel sources, and why it cannot be used, None where it can."""
    folder = cache_root() / kernel_hash()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        return folder, f"the cache folder {folder} cannot be written ({error.strerror})"
    return folder, None


def cpu_name() -> str:
    """Return what LLVM calls the processor that it generates code for."""
    return str(llvmlite.binding.get_host_cpu_name())


def cache_note() -> str | None:
    """Return what to tell the user where compiled kernels are not kept for the next process."""
    if not problems:
        return None
    return f"kernels are compiled in memory, again in every process: {problems[0]}"
