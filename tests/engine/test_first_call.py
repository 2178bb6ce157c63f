"""A first call in a thread of its own."""

from __future__ import annotations

import _thread
import threading
import time

import pytest

from fastcheck.engine.first_call import call_while_waiting


def test_it_is_called_once_in_another_thread_and_waited_for():
    threads = []

    def slow():
        time.sleep(0.1)
        threads.append(threading.current_thread())

    call_while_waiting(slow)
    (thread,) = threads
    assert thread is not threading.current_thread()
    assert thread.daemon


def test_what_it_raises_is_raised():
    def failing():
        raise ZeroDivisionError("inside")

    with pytest.raises(ZeroDivisionError, match="inside"):
        call_while_waiting(failing)


def test_an_interrupt_reaches_the_waiting_thread_at_once():
    release = threading.Event()

    def endless():
        _thread.interrupt_main()
        release.wait(30)

    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        call_while_waiting(endless)
    assert time.monotonic() - began < 1.0
    release.set()
