"""The first call of a kernel compiles it, for seconds; Ctrl-C must work meanwhile.

LLVM calls back into Python while it compiles, and an interrupt raised inside such a callback is
lost.
The compilation therefore runs in a thread of its own, and the interrupt reaches the waiting one.
"""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable

# How often the waiting thread looks up, in seconds: the delay of Ctrl-C.
_LOOK_UP = 0.05


def call_while_waiting(function: Callable[[], object]) -> None:
    """Run `function` in another thread, wait for it, and raise what it raised.

    A KeyboardInterrupt leaves it running; the thread does not keep the process alive. The garbage
    collector is off until it ends.
    """
    errors: list[BaseException] = []

    def run() -> None:
        # Numba makes millions of objects that stay, and the collector would go through all of them
        # again and again: without it compilation takes 8 % less.
        collecting = gc.isenabled()
        gc.disable()
        try:
            function()
        except BaseException as error:  # noqa: BLE001 - raised again in the thread that waits
            errors.append(error)
        finally:
            if collecting:
                gc.enable()

    thread = threading.Thread(target=run, name="fastcheck-compile", daemon=True)
    thread.start()
    while thread.is_alive():
        thread.join(_LOOK_UP)
    if errors:
        raise errors[0]
