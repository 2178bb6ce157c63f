"""One lock around every call of the user's code.

Recording swaps the user's arrays and globals, and the reference engine perturbs the user's
parameters in place: two threads must not do so at once. Compiled kernels run outside it.
"""

from __future__ import annotations

import os
import threading
from contextlib import AbstractContextManager

_lock = threading.RLock()


def user_code() -> AbstractContextManager[object]:
    """Return the lock to hold while the user's code runs: ``with user_code(): ...``."""
    return _lock


def _renew_after_fork() -> None:
    # A child inherits a lock that another thread of the parent may have held; nobody would free it.
    global _lock  # noqa: PLW0603 - the one place that replaces it
    _lock = threading.RLock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew_after_fork)
