"""The first call of a kernel compiles it, for seconds; Ctrl-C must work meanwhile.

LLVM calls back into Python while it compiles, and an interrupt raised inside such a callback is
lost.
The compilation therefore runs in a thread of its own, and the interrupt reaches the waiting one.
"""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable
from typing import Any

# How often the waiting thread looks up, in seconds: the delay of Ctrl-C.
_LOOK_UP = 0.05

# Objects made before the garbage collector looks again. Numba makes millions that stay; at the
# usual 700 compilation takes 8 % longer, and without a collector 15 % more memory.
SELDOM = 20_000


def is_loaded(kernel: Any) -> bool:
    """Tell whether this process has compiled a kernel, or has loaded it from disk."""
    # With NUMBA_DISABLE_JIT it is a plain function, and there is nothing to load.
    return bool(getattr(kernel, "signatures", True))


def load(kernel: Any, call: Callable[[], object]) -> None:
    """Run `call`, which calls `kernel`: in another thread if that compiles it, or loads it."""
    if is_loaded(kernel):
        call()
    else:
        call_while_waiting(call)


def call_while_waiting(function: Callable[[], object]) -> None:
    """Run `function` in another thread, wait for it, and raise what it raised.

    A KeyboardInterrupt leaves it running; the thread does not keep the process alive. The garbage
    collector looks SELDOM until it ends.
    """
    errors: list[BaseException] = []

    def run() -> None:
        before = gc.get_threshold()
        gc.set_threshold(SELDOM, *before[1:])
        try:
            function()
        except BaseException as error:  # noqa: BLE001 - raised again in the thread that waits
            errors.append(error)
        finally:
            gc.set_threshold(*before)

    thread = threading.Thread(target=run, name="fastcheck-compile", daemon=True)
    thread.start()
    while thread.is_alive():
        thread.join(_LOOK_UP)
    if errors:
        raise errors[0]
