"""``fastcheck selftest``."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from rich.console import Console

from fastcheck import nn, planted
from fastcheck.cli import main, selftest
from fastcheck.cli.exits import BAD_USAGE, FAILED, PASSED

FEW = ("loss-sign", "tanh-of-input", "l2-missing")


@pytest.fixture
def few(monkeypatch):
    """Three mistakes instead of all."""
    mistakes = {name: planted.MISTAKES[name] for name in FEW}
    monkeypatch.setattr(selftest, "MISTAKES", mistakes)


def summary(out):
    return out.splitlines()[-1]


def test_all_mistakes_fail_and_all_correct_networks_pass(capsys):
    assert main(["selftest"]) == PASSED
    out = capsys.readouterr().out
    every = len(planted.MISTAKES)
    assert re.fullmatch(
        rf"selftest: {every} of {every} mistakes failed, 24 of 24 correct networks passed "
        r"in \d+\.\d s",
        summary(out),
    )
    assert "not counted" not in out
    rows = {line.split()[0]: line for line in out.splitlines()}
    for name in planted.MISTAKES:
        assert " fail " in rows[name]
    assert re.search(r" Tanh1 +\w+ float\d\d +fail +\d\.\de\+\d\d", rows["tanh-of-input"])


def test_list_says_what_they_are_without_checking(capsys, monkeypatch):
    monkeypatch.setattr(selftest, "gradcheck", None)
    assert main(["selftest", "--list"]) == PASSED
    out = " ".join(capsys.readouterr().out.split())
    for mistake in planted.MISTAKES.values():
        assert f"{mistake.name} {mistake.summary}" in out


@pytest.mark.usefixtures("few")
def test_another_seed(capsys):
    assert main(["selftest", "--seed", "7"]) == PASSED
    assert "selftest: 3 of 3 mistakes failed, 24 of 24" in summary(capsys.readouterr().out)


@pytest.mark.usefixtures("few")
def test_a_negative_seed(capsys):
    assert main(["selftest", "--seed", "-1"]) == BAD_USAGE
    assert "seed=-1 must be an integer >= 0" in capsys.readouterr().err


@pytest.mark.usefixtures("few")
def test_a_mistake_that_is_not_failed(capsys, monkeypatch):
    check = selftest.gradcheck

    def blind(model, x, t):
        # Looks at the correct network where a derivative is wrong.
        if isinstance(model, planted.Planted) and model.place.startswith("Tanh"):
            model = model.loss.__self__
        return check(model, x, t)

    monkeypatch.setattr(selftest, "gradcheck", blind)
    assert main(["selftest"]) == FAILED
    out = capsys.readouterr().out
    assert "selftest: 2 of 3 mistakes failed, 24 of 24" in summary(out)
    assert re.search(r"^tanh-of-input .* pass ", out, re.MULTILINE)


@pytest.mark.usefixtures("few")
def test_a_correct_network_that_does_not_pass(capsys, monkeypatch):
    monkeypatch.setattr(nn.Sigmoid, "backward", lambda self, x, y, dy: (2 * dy * y * (1 - y), {}))
    assert main(["selftest"]) == FAILED
    out = capsys.readouterr().out
    assert "20 of 24 correct networks passed" in summary(out)
    assert "smooth float64 is correct, and did not pass:" in out


def test_a_mistake_that_changes_nothing_is_not_counted(capsys, monkeypatch):
    def unchanged(self, x, y, dy):
        return self.layer.backward(x, y, dy)

    mistake = planted.MISTAKES["tanh-of-input"]
    harmless = replace(mistake, site=replace(mistake.site, backward=unchanged))
    mistakes = {"loss-sign": planted.MISTAKES["loss-sign"], "tanh-of-input": harmless}
    monkeypatch.setattr(selftest, "MISTAKES", mistakes)
    monkeypatch.setattr("fastcheck.planted.network.MISTAKES", mistakes)
    assert main(["selftest"]) == PASSED
    out = capsys.readouterr().out
    assert "tanh-of-input changes nothing in these networks: not counted" in out
    assert "selftest: 1 of 1 mistakes failed" in summary(out)


def test_the_weakest_trial_is_shown():
    class Report:
        def __init__(self, verdict, error):
            self.verdict, self.error = verdict, error

        def worst(self, count):
            return [self]

        bound = 2.0

    clear, faint, missed = (
        selftest._Trial("m", "p", "n", Report(*item))
        for item in (("fail", 1e6), ("fail", 10), ("pass", 20))
    )
    nothing = selftest._Trial("m", "p", "n", None)
    assert selftest._weakest([clear, faint]) is faint
    assert selftest._weakest([faint, missed, nothing]) is missed
    assert selftest._weakest([nothing, clear]) is clear
    assert faint.ratio == 5
    assert nothing.ratio == 0
    assert nothing.verdict == "unchanged"
    faint.report.bound = 0.0
    assert faint.ratio == np.inf


def test_it_does_not_need_torch():
    code = (
        "import sys; sys.modules['torch'] = None\n"
        "from fastcheck.cli import main\n"
        "sys.exit(main(['selftest', '--list']))"
    )
    done = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True)
    assert done.returncode == PASSED, done.stderr


@pytest.mark.usefixtures("few")
@pytest.mark.parametrize(("width", "places"), [(120, True), (60, False)])
def test_a_narrow_terminal_has_no_room_for_places(width, places, monkeypatch, capsys):
    monkeypatch.setattr(
        selftest, "Console", partial(Console, width=width, force_terminal=True, color_system=None)
    )
    assert main(["selftest"]) == PASSED
    rows = [line for line in capsys.readouterr().out.splitlines() if line.startswith(FEW)]
    assert len(rows) == len(FEW)
    assert all((" float" in row) is places for row in rows)
    assert [row.split()[-1] for row in rows] == ["factor", "derivative", "decay"]
