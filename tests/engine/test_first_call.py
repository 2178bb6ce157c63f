"""A first call in a thread of its own."""

from __future__ import annotations

import _thread
import gc
import threading
import time

import pytest

from fastcheck.engine.first_call import SELDOM, call_while_waiting


@pytest.fixture(params=[(700, 10, 10), (0, 5, 5)], ids=["collecting", "not collecting"])
def collecting(request):
    """When the garbage collector looks; afterwards as it was."""
    before = gc.get_threshold()
    gc.set_threshold(*request.param)
    yield request.param
    gc.set_threshold(*before)


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


def test_the_collector_rests_meanwhile_and_is_then_as_it_was(collecting):
    seen = []
    call_while_waiting(lambda: seen.append(gc.get_threshold()[0]))
    assert seen == [SELDOM]
    assert gc.get_threshold() == collecting


def test_the_collector_is_as_it_was_after_an_error(collecting):
    with pytest.raises(ZeroDivisionError):
        call_while_waiting(lambda: 1 / 0)
    assert gc.get_threshold() == collecting


def test_the_collector_is_as_it_was_once_an_interrupted_call_has_ended():
    release, called = threading.Event(), []

    def endless():
        called.append(threading.current_thread())
        _thread.interrupt_main()
        release.wait(30)

    before = gc.get_threshold()
    with pytest.raises(KeyboardInterrupt):
        call_while_waiting(endless)
    release.set()
    called[0].join(30)
    assert gc.get_threshold() == before
