"""Planted mistakes: each fails, with exit code 1, and is found at its parameter and index."""

from __future__ import annotations

import re

import numpy as np
import pytest

import fastcheck
from fastcheck import data, nn
from fastcheck.cli import main
from fastcheck.cli.exits import FAILED, PASSED

ARGUMENTS = ["run", "--hidden", "8", "--batch", "20"]


def factor_of_the_batch(gradient):
    gradient["W2"] = gradient["W2"] * 20


def transposed(gradient):
    gradient["W2"] = np.ascontiguousarray(gradient["W2"].T).reshape(gradient["W2"].shape)


def one_sign(gradient):
    w1 = gradient["W1"]
    w1[PLACE] = -w1[PLACE]


def largest_place():
    net = nn.TwoLayerNet(784, 8, 10, seed=0)
    w1 = net.gradient(*data.mnist(20))["W1"]
    return tuple(int(i) for i in np.unravel_index(np.argmax(np.abs(w1)), w1.shape))


PLACE = largest_place()


def run_with(plant, monkeypatch, capsys):
    correct = nn.Network.gradient

    def wrong(self, x, t):
        gradient = {name: array.copy() for name, array in correct(self, x, t).items()}
        plant(gradient)
        return gradient

    monkeypatch.setattr(nn.Network, "gradient", wrong)
    code = main(ARGUMENTS)
    return code, capsys.readouterr().out


def test_the_correct_network_passes(capsys):
    assert main(ARGUMENTS) == PASSED
    assert "PASS" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("plant", "parameter"), [(factor_of_the_batch, "W2"), (transposed, "W2"), (one_sign, "W1")]
)
def test_mistakes_in_one_parameter(plant, parameter, monkeypatch, capsys):
    code, out = run_with(plant, monkeypatch, capsys)
    assert code == FAILED
    rows = {line.split()[0]: line for line in out.splitlines() if line.strip()}
    assert "fail" in rows[parameter]
    for other in {"W1", "b1", "W2", "b2"} - {parameter}:
        assert "fail" not in rows[other]
    named = re.search(rf"^{parameter}\[[0-9, ]+\].* fail", out, re.MULTILINE)
    assert named is not None


def test_the_one_wrong_weight_is_located(monkeypatch, capsys):
    code, out = run_with(one_sign, monkeypatch, capsys)
    assert code == FAILED
    assert f"W1[{PLACE[0]}, {PLACE[1]}]" in out
    assert "FAIL: 1 of 6,370 parameters have a wrong gradient" in out


def test_a_missing_relu_mask_is_seen_in_the_layers_below_it(monkeypatch, capsys):
    monkeypatch.setattr(nn.Relu, "backward", lambda self, x, y, dy: (dy, {}))
    assert main([*ARGUMENTS, "--no-output-relu"]) == FAILED
    out = capsys.readouterr().out
    rows = {line.split()[0]: line for line in out.splitlines() if line.strip()}
    assert "fail" in rows["W1"]
    assert "fail" in rows["b1"]
    assert "fail" not in rows["W2"]
    assert "fail" not in rows["b2"]
    assert re.search(r"^W1\[\d+, \d+\].* fail", out, re.MULTILINE)


def test_the_reference_engine_sees_them_too():
    x, t = data.mnist(20)
    net = nn.TwoLayerNet(784, 4, 10, seed=0)
    correct = net.gradient

    def wrong(x, t):
        gradient = correct(x, t)
        gradient["W2"] = gradient["W2"] * 20
        return gradient

    net.gradient = wrong
    report = fastcheck.gradcheck(net, x, t, engine="reference", params=["b1", "W2", "b2"])
    assert [item.verdict for item in report.params.values()] == ["pass", "fail", "pass"]
