"""Networks as people write them: right to rounding, whatever their shape."""

from __future__ import annotations

import numpy as np
import pytest

from fastcheck.adapt.torch_program import autograd_gradient
from fastcheck.engine.full import full_gradient
from fastcheck.engine.incremental.gradient import incremental_gradient
from fastcheck.engine.steps import INCREMENTAL_STEP
from fastcheck.program import evaluate
from fastcheck.recording import record

FIELDS = ("central", "left", "right", "step", "switched", "crossed")


def test_every_weight_of_any_network_is_right_to_rounding(network):
    result = network.differences()
    assert list(result.parameters) == list(network.program.parameters)
    most = max(np.abs(entries).max() for entries in network.expected.values())
    for name, expected in network.expected.items():
        found = result.parameters[name]
        assert found.central.shape == found.switched.shape == expected.shape
        # A bias before a batch norm has no gradient at all: what is left is rounding.
        largest = max(np.abs(expected).max(), 1e-3 * most)
        assert np.abs(found.central - expected).max() <= 1e-12 * largest, name
        assert np.abs(found.right - expected).max() <= 1e-12 * largest, name
        assert np.abs(found.left - expected).max() <= 1e-12 * largest, name
        assert not found.switched.any()
    assert result.loss == pytest.approx(network.program.loss, rel=1e-14)


def test_any_number_of_threads_gives_the_same_bits(network):
    alone = network.differences(threads=1)
    for threads in (2, 3, 7):
        together = network.differences(threads=threads)
        assert together.threads <= threads
        for name, expected in alone.parameters.items():
            for field in FIELDS:
                mine, theirs = getattr(together.parameters[name], field), getattr(expected, field)
                assert mine.tobytes() == theirs.tobytes(), (name, field)


def test_any_program_as_the_full_engine_has_it(case):
    names = list(case.program.parameters)
    found = incremental_gradient(case.program, names=names)
    expected = full_gradient(case.program, names=names)
    for name in names:
        mine, theirs = found.parameters[name], expected.parameters[name]
        # The full engine also sees the switches of a step of 2**-20.
        same = ~theirs.switched
        assert not mine.switched[same].any()
        bound = 16 * 2.0**-53 * abs(expected.loss) / theirs.step
        bound += 1e-8 * np.abs(theirs.central).max(initial=0)
        assert (np.abs(mine.central - theirs.central)[same] <= bound[same]).all(), name


def test_any_program_as_pytorch_has_it(case):
    names = list(case.program.parameters)
    found = incremental_gradient(case.program, names=names)
    for name, expected in autograd_gradient(case.program).items():
        largest = np.abs(expected).max(initial=0)
        assert (np.abs(found.parameters[name].central - expected) <= 1e-12 * largest).all(), name


def test_a_single_parameter_is_as_among_all(network_named):
    network = network_named("l2_penalty")
    among_all = network.differences()
    for name in network.program.parameters:
        alone = incremental_gradient(network.program, names=[name])
        assert list(alone.parameters) == [name]
        assert (alone.parameters[name].central == among_all.parameters[name].central).all()


def test_what_the_result_tells(network_named):
    network = network_named("l2_penalty")
    calls = []
    result = network.differences(
        threads=2, progress=lambda done, total: calls.append((done, total))
    )
    assert result.engine == "incremental"
    assert result.loss == evaluate(network.program, network.program.base)
    assert result.unit_roundoff == 0.0
    assert result.sees_switches
    assert (result.step, result.threads) == (INCREMENTAL_STEP, 2)
    assert result.seconds > 0
    assert result.setup_seconds > 0
    elements = sum(array.size for array in network.program.base.values())
    assert calls[-1] == (elements, elements)
    assert calls == sorted(calls)


def test_elements_that_do_not_reach_the_loss_have_zeros(network_named):
    found = network_named("a_unit_that_is_cut_away").differences().parameters
    assert (found["W"].central[:, 7:] == 0.0).all()
    assert (found["V"].central[7:] == 0.0).all()
    assert (found["W"].step == INCREMENTAL_STEP).all()


def test_one_column_that_is_looked_at(make_model):
    # Found by chance: element by element, most of them move nothing.
    model = make_model({"b": [0.5, -0.25, 0.125]}, lambda p, x, t: np.sum((x + p["b"])[:, :1] * x))
    program = record(model, np.arange(6.0).reshape(2, 3), None)
    found = incremental_gradient(program, names=["b"])
    assert found.parameters["b"].central.tolist() == [15.0, 0.0, 0.0]


def test_a_parameter_that_nothing_hangs_on(make_model):
    model = make_model(
        {"a": [1.0, 2.0], "idle": np.ones((2, 3))}, lambda p, x, t: np.sum(p["a"] ** 2)
    )
    found = incremental_gradient(record(model, np.ones(1), None), names=["a", "idle"])
    assert found.parameters["a"].central.tolist() == [2.0, 4.0]
    assert (found.parameters["idle"].central == 0.0).all()
    assert not found.parameters["idle"].switched.any()


def test_scores_that_are_masked_by_minus_infinity(make_model):
    labels = np.array([0, 1, 0, 1])

    def mean_loss(scores):
        powers = np.exp(scores - scores.max(axis=1, keepdims=True))
        p = powers / powers.sum(axis=1, keepdims=True)
        return -np.mean(np.log(p[np.arange(4), labels]))

    w, x = np.cos(np.arange(9.0)).reshape(3, 3), np.sin(np.arange(12.0)).reshape(4, 3)
    mask = np.array([0.0, 0.0, -np.inf])
    masked = make_model({"w": w}, lambda p, x, t: mean_loss(x @ p["w"] + mask))
    rest = make_model({"w": w[:, :2]}, lambda p, x, t: mean_loss(x @ p["w"]))
    found, expected = (
        incremental_gradient(record(model, x, None), names=["w"]).parameters["w"].central
        for model in (masked, rest)
    )
    np.testing.assert_allclose(found[:, :2], expected, rtol=1e-13, atol=0)
    assert (found[:, 2] == 0.0).all()
