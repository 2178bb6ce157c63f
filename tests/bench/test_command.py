from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from bench import __main__ as command
from bench import table

ROOT = Path(__file__).resolve().parents[2]


def test_command_prints_and_writes_what_was_measured(measured, monkeypatch, tmp_path, capsys):
    monkeypatch.delenv(command.FOREIGN_KERNELS, raising=False)
    asked = {}

    def measure(**options):
        asked.update(options)
        return measured

    monkeypatch.setattr(command, "measure", measure)
    path = tmp_path / "bench.json"
    arguments = ["--rounds", "2", "--batch", "3", "--hidden", "2", "--markdown"]
    assert command.main([*arguments, "--json", str(path)]) == 0
    assert capsys.readouterr().out == table.markdown(measured) + "\n"
    assert path.read_text(encoding="utf-8") == table.as_json(measured)
    asked.pop("tell")
    assert asked == {"rounds": 2, "batch": 3, "hidden": 2}


def test_other_processors_kernels_are_unset_in_a_child(monkeypatch):
    monkeypatch.setenv(command.FOREIGN_KERNELS, "Haswell")
    started = []

    def run(line, *, env, check):
        started.append((line, env))
        return SimpleNamespace(returncode=7)

    monkeypatch.setattr(command.subprocess, "run", run)
    assert command.main(["--rounds", "1"]) == 7
    ((line, environment),) = started
    assert line == [sys.executable, "-m", "bench", "--rounds", "1"]
    assert command.FOREIGN_KERNELS not in environment
    assert environment["PATH"] == os.environ["PATH"]


def test_command_loads_numpy_only_to_measure():
    code = "import bench.__main__, sys; sys.exit('numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0


@pytest.mark.parametrize("option", ["--rounds", "--batch", "--hidden"])
def test_counts_are_positive(option, capsys):
    with pytest.raises(SystemExit, match="2"):
        command.main([option, "0"])
    assert "0 must be at least 1" in capsys.readouterr().err


def test_an_unwritable_path_is_found_before_measuring(tmp_path, capsys, monkeypatch):
    monkeypatch.delenv(command.FOREIGN_KERNELS, raising=False)
    with pytest.raises(SystemExit, match="2"):
        command.main(["--json", str(tmp_path)])
    assert "cannot be written" in capsys.readouterr().err


def test_more_digits_than_there_are(capsys, monkeypatch):
    monkeypatch.delenv(command.FOREIGN_KERNELS, raising=False)
    assert command.main(["--batch", "1001", "--hidden", "1"]) == 2
    assert "must not go beyond the 1000 digits there are" in capsys.readouterr().err
