"""``fastcheck check`` and the naming of the user's callable."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from fastcheck.cli import main
from fastcheck.cli.exits import BAD_USAGE, FAILED, PASSED
from fastcheck.errors import InvalidArgument, UnknownChoice
from fastcheck.target import built

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "classic_numpy.py"

MODULE = """
import numpy as np


class Line:
    def __init__(self, factor=1.0):
        self.params = {"w": np.array([0.5, -0.25])}
        self.factor = factor

    def loss(self, x, t):
        return np.sum((x @ self.params["w"] - t) ** 2)

    def gradient(self, x, t):
        return {"w": 2 * self.factor * x.T @ (x @ self.params["w"] - t)}


def build():
    return Line(), np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([1.0, 0.0])


def wrong():
    model, x, t = build()
    return Line(2.0), x, t


def nothing():
    return None


def raising():
    raise RuntimeError("no data today")


def leaving():
    raise SystemExit(0)


class Maker:
    build = staticmethod(build)


number = 3
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    (tmp_path / "a_users_module.py").write_text(MODULE, encoding="utf-8")
    (tmp_path / "broken_module.py").write_text("import nothing_of_that_name\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    yield tmp_path
    sys.modules.pop("a_users_module", None)
    sys.modules.pop("broken_module", None)


@pytest.mark.parametrize(
    "target", ["a_users_module:build", "a_users_module.py:build", "a_users_module:Maker.build"]
)
def test_a_module_and_a_file(folder, target, capsys):
    assert main(["check", target]) == PASSED
    out = capsys.readouterr().out
    assert "PASS" in out
    assert out.splitlines()[1].split()[:2] == ["w", "2"]


def test_the_scheme(folder, capsys):
    assert main(["check", "a_users_module:build", "--scheme", "backward"]) == PASSED
    assert "scheme backward" in capsys.readouterr().out
    assert main(["check", "a_users_module:build", "--scheme", "upward"]) == BAD_USAGE


def test_a_wrong_gradient(folder, capsys):
    assert main(["check", "a_users_module:wrong", "--params", "w"]) == FAILED
    assert "FAIL: 1 of 2 parameters have a wrong gradient" in capsys.readouterr().out


def test_strict_rtol_and_verbose(folder, capsys):
    options = ["--rtol", "1e-3", "--strict", "--verbose"]
    assert main(["check", "a_users_module:wrong", *options]) == FAILED
    out = capsys.readouterr().out
    assert "worst of each" in out
    assert "worst of all" in out
    assert main(["check", "a_users_module:build", "--rtol", "nan"]) == BAD_USAGE
    assert "rtol=nan must be a positive finite number" in capsys.readouterr().err


def test_the_example_as_a_file(capsys):
    assert main(["check", f"{EXAMPLE}:build", "--params", "b1,b2", "--quiet"]) == PASSED
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("build", "must be package.module:callable or path/to/file.py:callable"),
        ("a_users_module:", "must be package.module:callable"),
        ("no_such_module:build", "cannot be imported: ModuleNotFoundError"),
        ("broken_module:build", "cannot be imported: .*nothing_of_that_name"),
        ("missing.py:build", "cannot be imported: FileNotFoundError: no such file: missing.py"),
        ("a_users_module:number", "is int, must be callable"),
        ("a_users_module:leaving", "ended the program .SystemExit: 0."),
        ("a_users_module:nothing", r"returned NoneType, must return \(model, x, t\)"),
    ],
)
def test_bad_targets(folder, target, message):
    with pytest.raises(InvalidArgument, match=message):
        built(target)
    assert main(["check", target]) == BAD_USAGE


def test_a_misspelt_name_has_the_nearest(folder):
    with pytest.raises(UnknownChoice, match="did you mean 'build'"):
        built("a_users_module:biuld")


def test_what_the_callable_raises_is_passed_on(folder):
    with pytest.raises(RuntimeError, match="no data today"):
        built("a_users_module:raising")


def test_a_file_with_the_name_of_a_standard_module(folder):
    (folder / "random.py").write_text(MODULE, encoding="utf-8")
    assert main(["check", "random.py:build", "--quiet"]) == PASSED
    import random

    assert hasattr(random, "Random")
