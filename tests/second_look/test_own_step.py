"""A step of the user's own that crosses switches or truncates: the engine's own decides."""

from __future__ import annotations

import numpy as np
import pytest

from fastcheck import gradcheck, nn
from fastcheck.verdict import FAIL

STEP = 1e-4
SAMPLES, INPUTS, HIDDEN, CLASSES = 12, 15, 6, 3


class Returning:
    """A network with another gradient."""

    def __init__(self, net, gradient):
        self.params, self.loss = net.params, net.loss
        self._gradient = gradient

    def gradient(self, x, t):
        return {name: array.copy() for name, array in self._gradient.items()}


class OneKink:
    """A kink between the step and half of it."""

    def __init__(self):
        self.params = {"w": np.zeros(1)}

    def loss(self, x, t):
        w = self.params["w"]
        return np.mean((w - 1) ** 2 / 2 + 8 * np.maximum(w - STEP / 2, 0))

    def gradient(self, x, t):
        return {"w": self.params["w"] - 1}


@pytest.mark.parametrize("seed", range(3))
def test_what_the_users_step_takes_across_switches_is_looked_at_again(
    net, seed, near_kinks, away_from_kinks
):
    x, t = near_kinks(net, seed)
    report = gradcheck(net, x, t, step=STEP)
    assert report.verdict == "pass"
    assert report.step == STEP
    right = net.gradient(x, t)
    wrong = {name: array.copy() for name, array in right.items()}
    wrong["W1"][2, 1] *= 1.01
    wrong["W2"][1, 0] *= -1
    report = gradcheck(Returning(net, wrong), x, t, step=STEP)
    assert report.verdict == "fail"
    for name, array in right.items():
        planted = np.abs(wrong[name] - array) > 1e-4 * np.abs(array).max()
        failed = report.params[name].codes == FAIL
        certain = away_from_kinks(name, array.shape)
        assert not (failed & ~planted).any()
        assert (failed & certain == planted & certain).all()


def test_between_the_slopes_of_a_coarse_step_nothing_is_right_yet():
    wrong = OneKink()
    right = wrong.gradient(None, None)["w"]
    wrong.gradient = lambda x, t: {"w": right + 1}
    assert gradcheck(OneKink(), None, None, step=STEP).verdict == "pass"
    report = gradcheck(wrong, None, None, step=STEP)
    assert report.verdict == "fail"
    assert gradcheck(wrong, None, None).verdict == "fail"


def test_where_no_switch_is_crossed_nothing_is_propagated_again(monkeypatch):
    net = nn.TwoLayerNet(INPUTS, HIDDEN, CLASSES)
    x, t = np.ones((SAMPLES, INPUTS)), np.zeros(SAMPLES, int)
    looks = []
    monkeypatch.setattr("fastcheck.api.finely_differentiated", lambda *_: looks.append(_))
    report = gradcheck(net, x, t, step=STEP)
    assert looks == []
    assert report.notes == ()


def test_a_note_says_what_was_looked_at_again(near_kinks):
    net = nn.TwoLayerNet(INPUTS, HIDDEN, CLASSES, weight_scale=0.3, output_relu=False)
    x, t = near_kinks(net)
    report = gradcheck(net, x, t, step=STEP)
    (note,) = report.notes
    assert note == (
        "W1, b1: looked at again with the engine's own step, since step 0.0001 crosses switches "
        "there, or disagrees"
    )
    # As a whole: what truncation allows goes with the largest gradient of a parameter.
    fine = gradcheck(net, x, t)
    assert fine.notes == ()
    for name, item in report.params.items():
        same = np.array_equal(item.numerical, fine.params[name].numerical)
        assert same is (name in ("W1", "b1"))


@pytest.mark.parametrize(
    "options",
    [
        {"step": 1e-4, "scheme": "forward"},
        {"step": 1e-2},
        {"step": 0.2, "scheme": "backward"},
        {"step": 1e-1, "scheme": "central4"},
    ],
)
@pytest.mark.parametrize("seed", range(5))
def test_truncation_fails_no_correct_gradient(options, seed):
    layers = [nn.Affine(4, 6), nn.Tanh(), nn.Affine(6, 5), nn.Softplus(), nn.Affine(5, 3)]
    net = nn.Network(layers, seed=seed)
    rng = np.random.default_rng(seed)
    for array in net.params.values():
        array[...] = rng.standard_normal(array.shape)
    x, t = rng.standard_normal((5, 4)), rng.integers(0, 3, 5)
    assert gradcheck(net, x, t, **options).verdict == "pass"
    wrong = net.gradient(x, t)
    # With such a step the bound is a share of the largest.
    largest = np.unravel_index(np.argmax(np.abs(wrong["W2"])), wrong["W2"].shape)
    wrong["W2"][largest] *= 2.0
    report = gradcheck(Returning(net, wrong), x, t, **options)
    assert [name for name, item in report.params.items() if item.counts["fail"]] == ["W2"]
    assert report.params["W2"].counts["fail"] == 1
