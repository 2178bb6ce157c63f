"""The self-written network of examples/: recorded and checked like anyone's."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import fastcheck

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "classic_numpy.py"


@pytest.fixture(scope="module")
def example():
    specification = importlib.util.spec_from_file_location("classic_numpy", EXAMPLE)
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


@pytest.fixture
def built(example):
    _, x, t = example.build(batch=20)
    return example.TwoLayerNet(784, 8, 10, seed=0), x, t


def test_it_shares_no_code_with_nn():
    assert "nn" not in EXAMPLE.read_text(encoding="utf-8").split()
    assert "fastcheck.nn" not in EXAMPLE.read_text(encoding="utf-8")


def test_it_passes_recorded(built):
    report = fastcheck.gradcheck(*built)
    assert report.engine == "incremental"
    assert report.verdict == "pass"
    for item in report.params.values():
        off = item.error[~item.switched]
        assert off.max() <= 1e-12 * abs(item.numerical).max()


def test_its_program_names_its_lines(built):
    listing = repr(fastcheck.record(*built))
    lines = EXAMPLE.read_text(encoding="utf-8").splitlines()
    written = next(n for n, line in enumerate(lines, 1) if "out[self.mask] = 0" in line)
    assert f"classic_numpy.py:{written}" in listing
    assert "where(" in listing


def test_its_layers_are_as_they_were(built):
    model, x, t = built
    model.loss(x, t)
    before = {name: dict(vars(layer)) for name, layer in model.layers.items()}
    fastcheck.record(model, x, t)
    for name, layer in model.layers.items():
        assert vars(layer).keys() == before[name].keys()
        assert all(type(vars(layer)[key]) is type(value) for key, value in before[name].items())
        assert type(layer.x if hasattr(layer, "x") else x) is np.ndarray


@pytest.mark.parametrize("name", ["W1", "b2"])
def test_a_wrong_sign_in_it_is_found(built, name):
    model, x, t = built
    correct = model.gradient

    def wrong(x, t):
        gradient = correct(x, t)
        gradient[name] = -gradient[name]
        return gradient

    model.gradient = wrong
    report = fastcheck.gradcheck(model, x, t)
    assert [k for k, item in report.params.items() if item.verdict == "fail"] == [name]


def test_it_runs_as_a_script():
    done = subprocess.run(
        [sys.executable, str(EXAMPLE)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "PASS: backprop and numerical gradient agree" in done.stdout
