"""The other parts: accuracy, the deep network, growth, cold start."""

from __future__ import annotations

import numpy as np
import pytest

from bench import accuracy, cold_start, deep, deep_network, growth
from bench.cases import Case, Sizes, Variant, classic, nn_case
from bench.process import Process
from bench.sampled import drawn, drawn_of_each, error_at, reference_at
from bench.stages import STAGES, stages
from bench.timing import Timing
from fastcheck import numerical_gradient

SMALL = Sizes(batch=10, hidden=8)

# --- random parameters ----------------------------------------------------------------------------


def test_drawn_are_different_parameters_in_their_shapes():
    params = {"W": np.zeros((3, 4)), "b": np.zeros(2)}
    assert {name: list(flat) for name, flat in drawn(params, 14).items()} == {
        "W": list(range(12)),
        "b": [0, 1],
    }
    few = drawn(params, 5, seed=3)
    assert sum(flat.size for flat in few.values()) == 5
    assert all(np.array_equal(flat, drawn(params, 5, seed=3)[name]) for name, flat in few.items())


def test_each_array_gives_its_share_or_all_it_has():
    params = {"W": np.zeros((3, 4)), "b": np.zeros(2)}
    places = drawn_of_each(params, 5)
    assert {name: flat.size for name, flat in places.items()} == {"W": 5, "b": 2}
    assert all(np.unique(flat).size == flat.size for flat in places.values())


def test_the_loop_at_some_places_is_the_loop():
    model, x, t = classic(Sizes(batch=2, hidden=2))
    places = drawn_of_each(model.params, 4)
    found = reference_at(model, x, t, places)
    whole = numerical_gradient(model, x, t, engine="reference")
    for name, flat in places.items():
        np.testing.assert_array_equal(found[name], whole[name].ravel()[flat])


def test_error_at_places_is_relative_to_the_whole_parameter():
    accurate = {"W": np.array([[1.0, -4.0], [2.0, 0.0]])}
    places = {"W": np.array([0, 2])}
    assert error_at({"W": np.array([1.0, 1.0])}, accurate, places) == 0.25


# --- accuracy -------------------------------------------------------------------------------------


def test_the_eight_kinds_differ():
    assert len(set(accuracy.kinds())) == 8


def test_variants_have_weights_digits_pixels_and_losses_of_their_own():
    plain = nn_case(SMALL)
    other = nn_case(SMALL, Variant(seed=1, scale="raw", output_relu=False, clipped=True))
    assert not np.array_equal(plain.model.params["W1"], other.model.params["W1"])
    assert (plain.x.max(), other.x.max()) == (1.0, 255.0)
    assert not np.array_equal(plain.t, other.t)
    assert other.error(other.model.gradient(other.x, other.t)) < 1e-12


def test_accuracy_of_small_networks():
    section = accuracy.measure(tell=lambda _: None, seeds=1, sizes=Sizes(batch=50, hidden=50))
    assert len(section.rows) == 9
    (must,) = section.musts
    assert must.met
    assert must.measured == max(
        one["engine"] for kind in section.data["errors"] for one in kind["networks"]
    )


# --- the deep network -----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def little_deep(monkeypatch_module):
    monkeypatch_module.setattr(deep_network, "UNITS", (784, 8, 6, 5, 10))
    from bench.cases import deep_case

    return deep_case(4)


@pytest.fixture(scope="module")
def monkeypatch_module():
    with pytest.MonkeyPatch.context() as patch:
        yield patch


def test_the_deep_network_is_the_one_that_was_asked_for():
    model, x, t = deep_network.build(2)
    assert sum(array.size for array in model.params.values()) == 242_762
    assert (x.shape, t.shape) == ((2, 784), (2, 10))


def test_the_deep_networks_accurate_gradient(little_deep: Case):
    gradient = little_deep.model.gradient(little_deep.x, little_deep.t)
    assert little_deep.error(gradient) < 1e-12


def test_the_deep_section_extrapolates_the_loop(little_deep: Case):
    places = drawn(little_deep.model.params, 10)
    runs = {one.name: one for one in deep.competitors(little_deep, places)}
    taken = {deep.LOOP: (1.0, 1.0), deep.TWO_THREADS: (0.5, 0.25), deep.ONE_THREAD: (0.75, 0.5)}
    timings = {name: Timing(seconds, runs[name].run()) for name, seconds in taken.items()}
    check = Process(3.0, 4.0, 600_000_000, "")
    section = deep.section(little_deep, places, timings, check, rounds=2)
    times = little_deep.parameters / 10
    assert section.data["extrapolated_seconds"] == [times, times]
    speed, error, threads, memory = section.musts
    assert speed.measured == pytest.approx((times / 0.5 + times / 0.25) / 2)
    assert error.met
    assert threads.measured == pytest.approx(1.75)
    assert section.data["threads"]["least"] == 2.0
    assert (memory.measured, memory.met) == (600_000_000, False)


# --- growth ---------------------------------------------------------------------------------------


def test_growth_beyond_linear():
    assert growth.beyond_linear([50, 100, 200], [1.0, 2.0, 4.0]) == 1.0
    assert growth.beyond_linear([50, 100, 200], [1.0, 3.0, 4.0]) == 1.5
    # 1.1 in each step, and so 1.21 in all.
    assert growth.beyond_linear([50, 100, 200], [1.0, 2.2, 4.84]) == pytest.approx(1.21)


def test_growth_takes_each_axis_by_itself():
    seconds = {(1, 1): 1.0, (1, 2): 2.0, (2, 1): 3.0, (2, 2): 4.0}
    timings = {Sizes(*sizes): Timing((taken,), None) for sizes, taken in seconds.items()}
    section = growth.section(timings, rounds=1)
    assert section.headings == ("batch", "1 hidden", "2 hidden")
    assert section.rows == (("1", "1 s", "2 s"), ("2", "3 s", "4 s"))
    assert [must.measured for must in section.musts] == [1.5, 1.0]
    assert [must.met for must in section.musts] == [False, True]


def test_growth_measures_every_pair():
    section = growth.measure(tell=lambda _: None, rounds=1, batches=(2, 4), hidden=(1, 2))
    assert len(section.data["times"]) == 4
    assert all(one["least"] > 0 for one in section.data["times"])


# --- cold start -----------------------------------------------------------------------------------


def test_stages_are_all_timed():
    found = stages()
    assert tuple(found) == STAGES
    assert all(seconds >= 0 for seconds in found.values())


def test_the_cold_start_section():
    quick, slow = Process(1.0, 1.1, 200_000_000, ""), Process(3.0, 1.2, 250_000_000, "")
    names = (*cold_start.IMPORTS, cold_start.WARM_CACHE)
    processes = {name: [quick, slow, quick] for name in names}
    processes[cold_start.EMPTY_CACHE] = [Process(16.0, 15.0, 301_000_000, "")]
    warm = dict.fromkeys(STAGES, 0.1)
    section = cold_start.section(processes, [warm], {**warm, STAGES[0]: 9.0})
    assert len(section.rows) == 5 + len(STAGES)
    assert section.rows[5][1] == "100 ms (9 s)"
    assert section.rows[6][1] == "100 ms"
    started, first, memory, first_memory = section.musts
    assert (started.measured, started.met) == (1.0, True)
    assert (first.measured, first.met) == (16.0, False)
    assert (memory.measured, memory.met) == (250_000_000, True)
    assert (first_memory.measured, first_memory.met) == (301_000_000, False)
