from __future__ import annotations

from itertools import count

from bench.machine import machine
from bench.timing import Competitor, Timing, interleaved, ratios


def fake(name, log, *, calls=1, turns=None):
    def run():
        log.append(name)
        return f"{name} {len(log)}"

    return Competitor(
        name=name,
        run=run,
        warm_up=lambda: log.append(f"warm {name}"),
        calls=calls,
        turns=turns,
    )


def test_rounds_are_interleaved_after_all_warm_ups():
    log = []
    timings = interleaved([fake("a", log), fake("b", log, calls=2)], rounds=2)
    assert log == ["warm a", "warm b", "a", "b", "b", "a", "b", "b"]
    assert [len(timing.seconds) for timing in timings.values()] == [2, 2]
    assert timings["b"].result == "b 8"


def test_fewer_turns_are_those_of_the_first_rounds():
    log = []
    competitors = [fake("once", log, turns=1), fake("never", log, turns=0), fake("all", log)]
    timings = interleaved(competitors, rounds=3)
    assert log == ["warm once", "warm all", "once", "all", "all", "all"]
    assert [len(timing.seconds) for timing in timings.values()] == [1, 0, 3]
    assert timings["once"].result == "once 3"
    assert timings["never"] == Timing((), None)


def test_seconds_are_of_one_call():
    ticks = count(step=6.0)  # each look at the clock is six seconds after the last
    timings = interleaved(
        [fake("a", []), fake("b", [], calls=3)], rounds=2, clock=lambda: next(ticks)
    )
    assert timings["a"].seconds == (6.0, 6.0)
    assert timings["b"].seconds == (6.0, 6.0)


def test_a_turn_is_the_median_of_its_calls():
    # Three calls of 1, 9 and 2 seconds, then of 5, 4 and 3.
    looks = iter([0.0, 1.0, 10.0, 19.0, 20.0, 22.0, 30.0, 35.0, 40.0, 44.0, 50.0, 53.0])
    timing = interleaved([fake("a", [], calls=3)], rounds=2, clock=lambda: next(looks))["a"]
    assert timing.seconds == (2.0, 4.0)
    assert timing.minimum == 1.0


def test_minimum_without_calls_apart():
    assert Timing((3.0, 2.0), None).minimum == 2.0
    assert Timing((), None).minimum is None


def test_ratio_is_the_median_of_the_rounds_ratios():
    timings = {
        "slow": Timing((10.0, 40.0, 12.0), None),
        "fast": Timing((1.0, 2.0, 3.0), None),
    }
    # 10, 20 and 4; the ratio of the medians would be 6.
    assert ratios(timings, "slow") == {"slow": 1.0, "fast": 10.0}
    assert timings["slow"].median == 12.0


def test_ratio_of_one_turn_is_that_of_its_round():
    timings = {
        "slow": Timing((10.0, 40.0, 12.0), None),
        "once": Timing((20.0,), None),
        "never": Timing((), None),
    }
    assert ratios(timings, "slow") == {"slow": 1.0, "once": 0.5, "never": None}
    assert timings["never"].median is None


def test_blas_has_one_thread_while_timing():
    def threads():
        return [found["threads"] for found in machine()["blas"]]

    competitor = Competitor(name="blas", run=threads, warm_up=lambda: None)
    assert set(interleaved([competitor], rounds=1)["blas"].result) <= {1}


def test_tell_hears_of_every_turn():
    told = []
    interleaved([fake("a", [])], rounds=2, tell=told.append)
    assert told == ["warming up: a", "round 1 of 2: a", "round 2 of 2: a"]
