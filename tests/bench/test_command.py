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


@pytest.fixture
def asked(measured, monkeypatch):
    """What is asked to be measured; nothing is."""
    monkeypatch.delenv(command.FOREIGN_KERNELS, raising=False)
    parts = {}

    def measure(part, *, tell, **options):
        parts[part] = options
        return measured

    monkeypatch.setattr(command, "measure", measure)
    return parts


def test_command_prints_and_writes_what_was_measured(measured, asked, tmp_path, capsys):
    path = tmp_path / "bench.json"
    arguments = ["classic", "--rounds", "2", "--batch", "3", "--hidden", "2", "--markdown"]
    assert command.main([*arguments, "--json", str(path)]) == 0
    machine = command._machine()
    words = table.machine_words(machine)
    assert capsys.readouterr().out == f"{table.markdown(measured)}\n{words}\n"
    assert path.read_text(encoding="utf-8") == table.as_json({"classic": measured}, machine)
    assert asked == {"classic": {"rounds": 2, "batch": 3, "hidden": 2}}


def test_without_parts_all_are_measured(asked, capsys):
    assert command.main([]) == 0
    assert list(asked) == list(command.PARTS)
    assert capsys.readouterr().out.count("reference loop") >= len(command.PARTS)


def test_an_unknown_part_is_refused_with_the_choices(capsys):
    with pytest.raises(SystemExit, match="2"):
        command.main(["clasic"])
    message = "part='clasic' must be one of classic, accuracy, deep, growth, start"
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    ("part", "module"),
    [
        ("classic", "classic"),
        ("accuracy", "accuracy"),
        ("deep", "deep"),
        ("growth", "growth"),
        ("start", "cold_start"),
    ],
)
def test_each_part_has_its_module(part, module, monkeypatch):
    monkeypatch.setattr(f"bench.{module}.measure", lambda **_: module)
    assert command.measure(part, tell=lambda _: None) == module


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
    assert command.main(["classic", "--batch", "1001", "--hidden", "1"]) == 2
    assert "must not go beyond the 1000 digits there are" in capsys.readouterr().err
