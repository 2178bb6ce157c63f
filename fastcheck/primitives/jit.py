"""The only place that sets Numba's options.

``kernel`` compiles what other kernels call; it is never cached on its own, since the compiled code
of whoever calls it contains it. ``linear_kernel`` is the same and lets LLVM fuse a product and a
sum into one rounding, which is safe only in plain linear products. ``entry_kernel`` is what Python
calls: compiled once for all programs and kept on disk; ``shared_kernel`` is kept there too, though
kernels call it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numba

from fastcheck.primitives.cache import folder_or_problem, problems

# No exception can leave a kernel: a division by zero is inf or nan, as in NumPy.
_OPTIONS = {"nogil": True, "error_model": "numpy", "boundscheck": False, "_nrt": False}

kernel: Callable[..., Any] = numba.njit(no_cpython_wrapper=True, no_cfunc_wrapper=True, **_OPTIONS)
inlined_kernel: Callable[..., Any] = numba.njit(
    inline="always", no_cpython_wrapper=True, no_cfunc_wrapper=True, **_OPTIONS
)
linear_kernel: Callable[..., Any] = numba.njit(
    fastmath={"contract"}, no_cpython_wrapper=True, no_cfunc_wrapper=True, **_OPTIONS
)


def entry_kernel(function: Callable[..., Any]) -> Any:
    """Compile `function` on its first call and keep the machine code in the cache folder.

    Numba reads the folder's name when a function is decorated, so the global setting is changed
    only for that moment: the caches of other Numba code in the process stay where they are.
    """
    folder, problem = folder_or_problem()
    if problem is not None:
        problems.append(problem)
        return numba.njit(**_OPTIONS)(function)
    before = numba.config.CACHE_DIR
    numba.config.CACHE_DIR = str(folder)
    try:
        dispatcher = numba.njit(cache=True, **_OPTIONS)(function)
    finally:
        numba.config.CACHE_DIR = before
    _keep_going_without_disk(dispatcher)
    return dispatcher


# Called before a shared kernel is looked for on disk: another process may be about to put it there.
before_sharing: list[Callable[[], None]] = []


def shared_kernel(function: Callable[..., Any]) -> Any:
    """Do the same for a kernel that other kernels call, so that another process can build it."""
    dispatcher = entry_kernel(function)
    if hasattr(dispatcher, "_cache"):
        load = dispatcher._cache.load_overload

        def load_overload(signature: Any, target: Any) -> Any:
            while before_sharing:
                before_sharing.pop()()
            return load(signature, target)

        dispatcher._cache.load_overload = load_overload
    return dispatcher


def _keep_going_without_disk(dispatcher: Any) -> None:
    """Let a kernel that cannot be read from disk or written to it serve this process all the same.

    The disk may be full, or the files another user's.
    """
    if not hasattr(dispatcher, "_cache"):  # NUMBA_DISABLE_JIT: a plain function
        return
    cache = dispatcher._cache  # Numba has no public way to say so
    load, save = cache.load_overload, cache.save_overload

    def load_overload(signature: Any, target: Any) -> Any:
        try:
            return load(signature, target)
        except OSError as error:
            problems.append(f"the cache folder could not be read ({error.strerror})")
        except Exception as error:  # noqa: BLE001 - a damaged file fails in as many ways as pickle has
            # Compiled again, and the file written anew.
            problems.append(f"a file of the cache was damaged ({type(error).__name__})")
            cache.flush()
        return None

    def save_overload(signature: Any, data: Any) -> None:
        try:
            save(signature, data)
        except OSError as error:
            problems.append(f"the cache folder could not be written ({error.strerror})")

    cache.load_overload, cache.save_overload = load_overload, save_overload
