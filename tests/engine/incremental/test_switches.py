"""Switches: where a kink lies within a step, or under it."""

from __future__ import annotations

import numpy as np
import pytest

from fastcheck import nn
from fastcheck.engine.incremental.gradient import incremental_gradient
from fastcheck.engine.kernels.propagate import REFINEMENT
from fastcheck.engine.steps import INCREMENTAL_STEP
from fastcheck.recording import record

H = INCREMENTAL_STEP


@pytest.fixture(scope="module")
def differences(make_model):
    """``differences(loss, params, x, t, **options)``."""

    def run(loss, params, x=None, t=None, **options):
        model = make_model(params, loss)
        program = record(model, np.ones(1) if x is None else x, t)
        return incremental_gradient(program, names=list(params), **options).parameters

    return run


def relu(z):
    return 3 * np.maximum(z, 0)


def leaky(z):
    return np.where(z > 0, z, 0.25 * z)


def masked(z):
    return 2 * z * (z > 0)


def largest(z):
    return np.max(np.stack([z, -2 * z]), axis=0)


def smallest(z):
    return np.min(np.stack([z, -2 * z]), axis=0)


def clipped(z):
    return np.clip(4 * z, 0, 1)


KINKS = {
    # function: slopes below and above 0
    relu: (0.0, 3.0),
    leaky: (0.25, 1.0),
    masked: (0.0, 2.0),
    np.abs: (-1.0, 1.0),
    largest: (-2.0, 1.0),
    smallest: (1.0, -2.0),
    clipped: (0.0, 4.0),
}
every_kink = pytest.mark.parametrize("kink", KINKS, ids=lambda kink: kink.__name__)


@every_kink
def test_on_a_kink_there_are_two_slopes(differences, kink):
    below, above = KINKS[kink]
    found = differences(lambda p, x, t: np.sum(kink(p["w"])), {"w": [0.0, 0.125, -0.125]})["w"]
    assert found.left.tolist() == [below, above, below]
    assert found.right.tolist() == [above, above, below]
    assert found.central.tolist() == [(below + above) / 2, above, below]
    assert found.switched.tolist() == [True, False, False]


@every_kink
@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize(
    ("distance", "refined"),
    [(1e-10, 0), (1e-20, 1), (1e-30, 1), (1e-40, 2), (1e-50, 2)],
)
def test_near_a_kink_the_step_shrinks_until_it_lies_on_one_side(
    differences, kink, sign, distance, refined
):
    weights = {"w": [sign * distance, 1.0]}
    found = differences(lambda p, x, t: np.sum(kink(p["w"])), weights)["w"]
    slope = KINKS[kink][int(sign > 0)]
    assert (found.left[0], found.central[0], found.right[0]) == (slope, slope, slope)
    # All lanes of a panel take the same step.
    assert (found.step == H / REFINEMENT**refined).all()
    assert not found.switched.any()


@every_kink
@pytest.mark.parametrize("distance", [1e-60, -1e-60, 5e-324])
def test_closer_than_the_smallest_step_there_are_two_slopes(differences, kink, distance):
    found = differences(lambda p, x, t: np.sum(kink(p["w"])), {"w": [distance]})["w"]
    below, above = KINKS[kink]
    assert found.switched.all()
    assert found.left[0] == pytest.approx(below, abs=1e-5)
    assert found.right[0] == pytest.approx(above, abs=1e-5)


def test_a_step_asked_for_is_not_refined(differences):
    weights = {"w": [2.0**-10, 2.0**-5]}
    found = differences(lambda p, x, t: np.sum(relu(p["w"])), weights, step=2.0**-8)["w"]
    assert found.step.tolist() == [2.0**-8, 2.0**-8]
    assert found.switched.tolist() == [True, False]
    assert found.left.tolist() == [0.75, 3.0]
    assert found.right.tolist() == [3.0, 3.0]


@pytest.mark.parametrize("scheme", ["forward", "backward", "central4"])
def test_schemes_see_what_their_points_reach(differences, scheme):
    # At three halves of the step: only the outer points of the fourth-order scheme cross it.
    weights = {"w": [1.5 * 2.0**-8, -1.5 * 2.0**-8]}
    found = differences(lambda p, x, t: np.sum(relu(p["w"])), weights, step=2.0**-8, scheme=scheme)[
        "w"
    ]
    assert found.switched.all() == found.switched.any() == (scheme == "central4")


def two_layers(p, x, t):
    return np.sum(np.maximum(x @ p["W"] + p["b"], 0) @ p["V"] * t)


def test_pre_activations_of_zero_are_switches_of_what_moves_them(differences):
    # Samples 1 and 3 are the same and all zero: with zero biases, so are their pre-activations.
    x = np.array([[0.5, -1.0], [0.0, 0.0], [2.0, 0.0], [0.0, 0.0]])
    t = np.array([[1.0, 2.0], [3.0, -1.0], [0.5, 0.25], [-1.0, 4.0]])
    params = {
        "W": [[1.0, -2.0, 0.5], [0.25, 1.0, -1.0]],
        "b": np.zeros(3),
        "V": [[1.0, 2.0], [-1.0, 0.5], [2.0, 1.0]],
    }
    found = differences(two_layers, params, x, t)
    # An input of 0 does not move a pre-activation: W and V have one slope.
    assert not found["W"].switched.any()
    assert not found["V"].switched.any()
    assert found["b"].switched.all()
    W, V = np.array(params["W"]), np.array(params["V"])
    upstream = t @ V.T
    z = x @ W
    assert found["b"].left.tolist() == ((z > 0) * upstream).sum(axis=0).tolist()
    assert found["b"].right.tolist() == ((z >= 0) * upstream).sum(axis=0).tolist()
    assert found["W"].central.tolist() == (x.T @ ((z > 0) * upstream)).tolist()


def test_one_pre_activation_of_zero_among_many(differences):
    # 2 * 0.5 - 1 is exactly 0, of sample 1 and unit 1 only.
    x = np.array([[1.0, 2.0], [2.0, 1.0], [3.0, 0.0]])
    t = np.array([[1.0], [2.0], [3.0]])
    params = {"W": [[1.0, 0.5], [1.0, -1.0]], "b": [0.25, 0.0], "V": [[1.0], [4.0]]}
    found = differences(two_layers, params, x, t)
    assert found["W"].switched.tolist() == [[False, True], [False, True]]
    assert found["b"].switched.tolist() == [False, True]
    assert not found["V"].switched.any()
    # Sample 2 is on, sample 0 is off, and sample 1 is on to the right only.
    assert (found["W"].left[0, 1], found["W"].right[0, 1]) == (36.0, 36.0 + 16.0)
    assert (found["W"].left[1, 1], found["W"].right[1, 1]) == (0.0, 8.0)
    assert (found["b"].left[1], found["b"].right[1]) == (12.0, 20.0)


def test_a_tie_in_a_max_pool(differences):
    # Windows (w0, w1) and (w2, w3); the first one is a tie.
    def pooled(p, x, t):
        return np.sum(p["w"].reshape(2, 2).max(axis=1) * np.array([3.0, 5.0]))

    found = differences(pooled, {"w": [1.0, 1.0, 2.0, 1.0]})["w"]
    assert found.switched.tolist() == [True, True, False, False]
    assert found.left.tolist() == [0.0, 0.0, 5.0, 0.0]
    assert found.right.tolist() == [3.0, 3.0, 5.0, 0.0]


def test_what_moves_all_members_of_a_tie_alike_is_no_switch(differences):
    def pooled(p, x, t):
        return np.sum((x * p["s"] + p["c"]).max(axis=1))

    x = np.array([[1.0, 1.0, 0.5], [2.0, 1.0, 0.0]])
    found = differences(pooled, {"s": [1.0], "c": [0.5]}, x)
    assert (found["s"].central[0], found["c"].central[0]) == (3.0, 2.0)
    assert not found["s"].switched.any()
    assert not found["c"].switched.any()


def test_the_winner_of_a_max_is_told_from_a_close_second(differences):
    second = 1.0 - 2.0**-40
    found = differences(lambda p, x, t: np.max(p["w"]), {"w": [second, 1.0, 0.5]})["w"]
    assert found.central.tolist() == [0.0, 1.0, 0.0]
    assert not found.switched.any()


@pytest.mark.parametrize("compare", [np.greater, np.greater_equal, np.less, np.less_equal])
def test_a_jump_is_noticed(differences, compare):
    found = differences(
        lambda p, x, t: np.sum(np.where(compare(p["w"], 1.0), 5.0, 2.0 * p["w"])), {"w": [1.0, 1.5]}
    )["w"]
    assert found.switched.tolist() == [True, False]


def test_dead_units_have_exact_zeros():
    rng = np.random.default_rng(0)
    net = nn.TwoLayerNet(8, 6, 3, weight_scale=0.5)
    x, t = rng.random((5, 8)), rng.integers(0, 3, 5)
    net.params["b1"][[1, 4]] = -100.0
    found = incremental_gradient(record(net, x, t), names=list(net.params)).parameters
    dead = [1, 4]
    assert (found["W1"].central[:, dead] == 0.0).all()
    assert (found["b1"].central[dead] == 0.0).all()
    assert (found["W2"].central[dead] == 0.0).all()
    assert not any(item.switched.any() for item in found.values())


def test_a_dead_unit_wakes_up_with_a_large_step():
    # Lanes that do not cross a switch are left behind: none that would cross it may be.
    net = nn.TwoLayerNet(2, 40, 3, weight_scale=0.5, output_relu=False)
    x, t = np.array([[1.0, 0.5], [0.25, 0.75]]), np.array([0, 2])
    net.params["b1"][...] = np.linspace(-3.0, 0.1, 40)
    program = record(net, x, t)
    found = incremental_gradient(program, names=["W1", "b1"], step=1.0).parameters
    for name in ("W1", "b1"):
        params = net.params[name]
        for index in np.ndindex(params.shape):
            saved = params[index]
            params[index] = saved + 1.0
            above = net.loss(x, t)
            params[index] = saved
            rise = above - net.loss(x, t)
            assert found[name].right[index] == pytest.approx(rise, rel=1e-12, abs=1e-14)
        assert 0 < found[name].switched.sum() < params.size
