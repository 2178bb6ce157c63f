"""The reference engine's second look: kinks that it cannot see, and mistakes that stay."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from fastcheck import gradcheck, nn
from fastcheck.compare import largest_gradient
from fastcheck.engine.reference import differences_at, reference_gradient
from fastcheck.second_look import DIVISORS
from fastcheck.second_look import second_look as second_look_with
from fastcheck.verdict import FAIL, INCONCLUSIVE, KINK, judge

STEP = 1e-4
SAMPLES, INPUTS, HIDDEN, CLASSES = 12, 15, 6, 3


def second_look(net, x, t, result, analytic):
    return second_look_with(net, x, t, result, analytic, scale=largest_gradient(result))


def codes(result, analytic):
    scale = largest_gradient(result)
    return {
        name: judge(analytic[name], numerical, result, scale=scale).codes
        for name, numerical in result.parameters.items()
    }


def fails(result, analytic):
    return {name: set(np.flatnonzero(c == FAIL)) for name, c in codes(result, analytic).items()}


NONE = {"W1": set(), "b1": set(), "W2": set(), "b2": set()}


@pytest.mark.parametrize("seed", range(3))
def test_correct_code_near_kinks_does_not_fail(net, seed, near_kinks):
    x, t = near_kinks(net, seed)
    result = reference_gradient(net, x, t, names=list(net.params))
    analytic = net.gradient(x, t)
    assert len(fails(result, analytic)["W1"]) >= 3  # or there is nothing to clear
    before = {name: array.tobytes() for name, array in net.params.items()}
    again = second_look(net, x, t, result, analytic)
    assert fails(again, analytic) == NONE
    assert not any((c == INCONCLUSIVE).any() for c in codes(again, analytic).values())
    assert {name: array.tobytes() for name, array in net.params.items()} == before


def test_what_was_cleared_says_with_which_step(net, near_kinks):
    x, t = near_kinks(net)
    result = reference_gradient(net, x, t, names=list(net.params))
    analytic = net.gradient(x, t)
    failed = fails(result, analytic)
    again = second_look(net, x, t, result, analytic)
    for name, found in again.parameters.items():
        smaller = set(np.flatnonzero(found.step != STEP))
        assert smaller == failed[name]
        assert set(np.unique(found.step)) <= {STEP, *(STEP / divisor for divisor in DIVISORS)}
        kept = found.step == STEP
        for field in ("central", "left", "right"):
            first = getattr(result.parameters[name], field)
            np.testing.assert_array_equal(getattr(found, field)[kept], first[kept])


def one_weight_by_a_hundredth(g):
    g["W1"][2, 1] *= 1.01


def the_sign_of_a_weight(g):
    g["W2"][1, 0] *= -1


def no_gradient_of_a_bias(g):
    g["b1"][2] = 0


def a_factor_on_a_layer(g):
    g["W1"][:, :3] *= 0.5


def a_sum_over_the_batch_for_its_mean(g):
    for array in g.values():
        array[...] *= SAMPLES


@pytest.mark.parametrize(
    "mistake",
    [
        one_weight_by_a_hundredth,
        the_sign_of_a_weight,
        no_gradient_of_a_bias,
        a_factor_on_a_layer,
        a_sum_over_the_batch_for_its_mean,
    ],
)
@pytest.mark.parametrize("seed", range(3))
def test_planted_mistakes_still_fail(net, mistake, seed, near_kinks, away_from_kinks):
    x, t = near_kinks(net, seed)
    result = reference_gradient(net, x, t, names=list(net.params))
    right = {name: array.copy() for name, array in net.gradient(x, t).items()}
    wrong = {name: array.copy() for name, array in right.items()}
    mistake(wrong)
    found = fails(second_look(net, x, t, result, wrong), wrong)
    for name, array in right.items():
        planted = set(np.flatnonzero(np.abs(wrong[name] - array) > 1e-4 * np.abs(array).max()))
        # On a kink a wrong entry may happen to lie between the two slopes.
        certain = set(np.flatnonzero(away_from_kinks(name, array.shape)))
        assert found[name] <= planted
        assert found[name] & certain == planted & certain


def test_a_gradient_that_is_wrong_throughout_is_not_differenced_again(net, near_kinks):
    x, t = near_kinks(net)
    result = reference_gradient(net, x, t, names=["W1"])
    wrong = {"W1": net.gradient(x, t)["W1"] + 1.0}
    calls, loss = [], net.loss
    net.loss = lambda *args: calls.append(None) or loss(*args)
    again = second_look(net, x, t, result, wrong)
    assert fails(again, wrong)["W1"] == set(range(INPUTS * HIDDEN))
    # 64 elements of 90, for each of the two smaller steps, and each time the loss itself.
    assert len(calls) == 2 * (1 + 2 * 64)


def test_where_nothing_fails_nothing_is_done(net, near_kinks):
    x, t = near_kinks(net)
    result = reference_gradient(net, x, t, names=["b2", "W2"])
    analytic = net.gradient(x, t)
    assert not any(fails(result, analytic).values())
    net.loss = None
    again = second_look(net, x, t, result, analytic)
    assert again.parameters == result.parameters


def test_a_gradient_of_nan_is_no_reason_to_look_again(net, near_kinks):
    x, t = near_kinks(net)
    result = reference_gradient(net, x, t, names=["W2"])
    analytic = {"W2": np.full((HIDDEN, CLASSES), np.nan)}
    net.loss = None
    again = second_look(net, x, t, result, analytic)
    assert fails(again, analytic)["W2"] == set(range(HIDDEN * CLASSES))


def in_float32(step):
    """A network in float32, and what the reference engine finds at a step."""
    net = nn.TwoLayerNet(6, 5, 3, weight_scale=0.8, output_relu=False, dtype="float32")
    rng = np.random.default_rng(0)
    x, t = rng.standard_normal((8, 6)).astype("float32"), rng.integers(0, 3, 8)
    return net, x, t, reference_gradient(net, x, t, names=list(net.params), step=step)


@pytest.mark.parametrize("step", [None, 0.01])
def test_in_float32_correct_code_does_not_fail(step):
    net, x, t, result = in_float32(step)
    analytic = net.gradient(x, t)
    assert fails(second_look(net, x, t, result, analytic), analytic) == NONE


@pytest.mark.parametrize("step", [None, 0.01])
def test_in_float32_a_smaller_step_does_not_hide_a_mistake_in_its_rounding(step):
    net, x, t, result = in_float32(step)
    wrong = net.gradient(x, t)
    wrong["W2"][1, 2] *= 1.5
    assert fails(result, wrong)["W2"] == {5}
    assert fails(second_look(net, x, t, result, wrong), wrong)["W2"] == {5}


def test_a_step_that_is_lost_beside_the_weight_clears_nothing():
    net = nn.TwoLayerNet(2, 2, 2, weight_scale=1.0, output_relu=False)
    net.params["W1"][0, 0] = 2.0**36  # a 256th of the step is less than its last bit
    net.params["W1"][1] = 1.0
    x, t = np.array([[0.0, 1.0], [2.0**-36, 1.0]]), np.array([0, 1])
    result = reference_gradient(net, x, t, names=["W1"])
    wrong = net.gradient(x, t)
    wrong["W1"][0, 0] += 1.0
    assert fails(result, wrong)["W1"] == {0}
    assert fails(second_look(net, x, t, result, wrong), wrong)["W1"] == {0}


def test_correct_code_whose_error_is_hardly_more_than_the_bound_does_not_fail():
    class Model:
        weight = 3e-5  # two kinks within the step halve a slope that is this part of the largest

        def __init__(self):
            self.params = {"w": np.array([0.5, 0.0])}

        def loss(self, x, t):
            w = self.params["w"]
            ramp = np.maximum(w[1] + STEP / 2, 0) - np.maximum(w[1] - STEP / 2, 0)
            return w[0] + self.weight * ramp

        def gradient(self, x, t):
            return {"w": np.array([1.0, self.weight])}

    model = Model()
    result = reference_gradient(model, None, None, names=["w"])
    analytic = model.gradient(None, None)
    assert fails(result, analytic)["w"] == {1}
    again = second_look(model, None, None, result, analytic)
    assert fails(again, analytic)["w"] == set()


class Cubes:
    """A loss in float32 with a gradient in float64; the step's truncation is within float32's."""

    def __init__(self):
        self.params = {"w": np.array([1.0, 0.5, -0.25], np.float32)}

    def loss(self, x, t):
        return np.sum(self.params["w"] ** 3)

    def gradient(self, x, t):
        return {"w": 3 * self.params["w"].astype(np.float64) ** 2}


def test_backprop_in_float64_of_a_loss_in_float32_is_not_looked_at_again():
    model, calls = Cubes(), []
    result = reference_gradient(model, None, None, names=["w"], step=0.03)
    analytic = model.gradient(None, None)
    # Held to float64 it would fail.
    assert fails(replace(result, forward_roundoff=2.0**-53), analytic)["w"]
    loss, model.loss = model.loss, lambda *args: calls.append(None) or loss(*args)
    again = second_look(model, None, None, result, analytic)
    assert calls == []
    assert again.parameters == result.parameters
    assert fails(again, analytic)["w"] == set()


def test_what_the_verdict_passes_is_not_looked_at_again(monkeypatch):
    looks = []

    def counted(*args, **options):
        looks.append(options["name"])
        return differences_at(*args, **options)

    monkeypatch.setattr("fastcheck.second_look.differences_at", counted)
    report = gradcheck(Cubes(), None, None, engine="reference", step=0.03)
    assert report.passed
    assert looks == []
    wrong = Cubes()
    wrong.gradient = lambda x, t: {"w": np.array([9.0, 0.75, 0.1875])}
    assert not gradcheck(wrong, None, None, engine="reference", step=0.03).passed
    assert looks == ["w"] * 2


class TwoKinks:
    """A large kink between the step and a 16th of it, a small one below a 256th."""

    def __init__(self, count=1):
        self.params = {"w": np.zeros(count)}

    def loss(self, x, t):
        w = self.params["w"]
        return np.mean(
            (w - 1) ** 2 / 2 + 8 * np.maximum(w - STEP / 2, 0) + np.maximum(w - STEP / 1000, 0)
        )

    def gradient(self, x, t):
        return {"w": (self.params["w"] - 1) / self.params["w"].size}


@pytest.mark.parametrize("count", [1, 64, 65, 150])
def test_a_kink_is_known_beside_the_step_before(count):
    model = TwoKinks(count)
    result = reference_gradient(model, None, None, names=["w"])
    analytic = model.gradient(None, None)
    assert fails(result, analytic)["w"] == set(range(count))
    again = second_look(model, None, None, result, analytic)
    assert codes(again, analytic)["w"].tolist() == [KINK] * count
    assert set(again.parameters["w"].step) == {STEP / 256}
    wrong = {"w": 2 * analytic["w"]}
    again = second_look(model, None, None, result, wrong)
    assert codes(again, wrong)["w"].tolist() == [INCONCLUSIVE] * count
