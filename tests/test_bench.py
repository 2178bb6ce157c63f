"""The benchmark's own arithmetic and its table; nothing here depends on how fast anything is."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from io import StringIO
from itertools import count
from pathlib import Path
from types import SimpleNamespace

import mpmath
import numpy as np
import pytest
from rich.console import Console

# bench/ is not installed: `python -m pytest` finds it in the current folder, `pytest` does not.
sys.path.append(str(Path(__file__).resolve().parents[1]))

from bench import __main__ as command
from bench import table
from bench.accurate import accurate_gradient, largest_error, precision
from bench.cases import Sizes, example_case, nn_case
from bench.cold_start import EMPTY_CACHE, WARM_CACHE, ColdStart
from bench.competitors import BACKPROP, RECORDING, REFERENCE, entrants
from bench.machine import machine, machine_line
from bench.timing import Competitor, Timing, interleaved, one_blas_thread, ratios

ROOT = Path(__file__).resolve().parents[1]
TINY = Sizes(batch=3, hidden=2)


# --- the accurate gradient ------------------------------------------------------------------------


@pytest.mark.parametrize("make", [nn_case, example_case])
def test_accurate_gradient_agrees_with_backprop(make):
    case = make(Sizes(batch=20, hidden=12))
    gradient = case.model.gradient(case.x, case.t)
    assert list(case.accurate) == list(gradient)
    assert case.error(gradient) < 1e-12


def mpmath_loss(params, x, t, *, output_relu):
    """The loss of the classic network, sample by sample and unit by unit."""
    W1, b1, W2, b2 = (params[name] for name in ("W1", "b1", "W2", "b2"))
    total = mpmath.mpf(0)
    for row, target in zip(x.tolist(), t.tolist(), strict=True):
        z = [sum((v * W1[i, j] for i, v in enumerate(row)), b1[j]) for j in range(W1.shape[1])]
        h = [max(value, mpmath.mpf(0)) for value in z]
        s = [sum((v * W2[i, k] for i, v in enumerate(h)), b2[k]) for k in range(W2.shape[1])]
        if output_relu:
            s = [max(value, mpmath.mpf(0)) for value in s]
        log_sum = mpmath.log(sum(mpmath.exp(value) for value in s))
        total += log_sum - s[target.index(1.0)]
    return total / len(x)


@pytest.mark.parametrize("output_relu", [True, False])
def test_accurate_gradient_is_that_of_the_loss(output_relu):
    rng = np.random.default_rng(3)
    params = {
        "W1": rng.standard_normal((4, 3)),
        "b1": rng.standard_normal(3),
        "W2": rng.standard_normal((3, 3)),
        "b2": rng.standard_normal(3),
    }
    x, t = rng.standard_normal((5, 4)), np.eye(3)[[0, 2, 1, 1, 0]]
    accurate = accurate_gradient(params, x, t, output_relu=output_relu)
    with mpmath.workdps(60):
        h = mpmath.mpf(10) ** -20  # truncation h**2, rounding 10**-60 / h: both 10**-40
        for name, array in params.items():
            exact = {key: np.vectorize(mpmath.mpf)(value) for key, value in params.items()}
            for index in np.ndindex(array.shape):
                middle = exact[name][index]
                losses = []
                for value in (middle + h, middle - h):
                    exact[name][index] = value
                    losses.append(mpmath_loss(exact, x, t, output_relu=output_relu))
                exact[name][index] = middle
                wanted = (losses[0] - losses[1]) / (2 * h)
                got = accurate[name][index]
                # A long double as the sum of two doubles, which mpmath takes exactly.
                high = float(got)
                error = abs(
                    mpmath.mpf(high) + mpmath.mpf(float(got - np.longdouble(high))) - wanted
                )
                assert error <= 50 * float(np.finfo(np.longdouble).eps)


def test_largest_error_is_that_of_the_worst_parameter():
    accurate = {"W": np.array([2.0, -4.0]), "b": np.array([10.0])}
    assert largest_error({"W": np.array([2.0, -3.0]), "b": np.array([10.1])}, accurate) == 0.25
    assert largest_error({"W": np.array([2.0, -4.0]), "b": np.array([5.0])}, accurate) == 0.5


def test_largest_error_of_zeros_and_nan():
    zeros = {"b": np.zeros(2)}
    assert largest_error(zeros, zeros) == 0.0
    assert largest_error({"b": np.array([0.0, 1e-300])}, zeros) == np.inf
    worst = {"a": np.array([np.nan]), "b": np.array([1.0])}
    assert np.isnan(largest_error(worst, {"a": np.array([1.0]), "b": np.array([1.0])}))


def test_precision_names_the_long_double(monkeypatch):
    assert precision().startswith("accurate gradient: backprop in ")
    monkeypatch.setattr(np, "longdouble", np.float64)
    assert "a long double is no wider on this platform" in precision()


# --- rounds and ratios ----------------------------------------------------------------------------


def fake(name, log, *, calls=1):
    def run():
        log.append(name)
        return f"{name} {len(log)}"

    return Competitor(name=name, run=run, warm_up=lambda: log.append(f"warm {name}"), calls=calls)


def test_rounds_are_interleaved_after_all_warm_ups():
    log = []
    timings = interleaved([fake("a", log), fake("b", log, calls=2)], rounds=2)
    assert log == ["warm a", "warm b", "a", "b", "b", "a", "b", "b"]
    assert [len(timing.seconds) for timing in timings.values()] == [2, 2]
    assert timings["b"].result == "b 8"


def test_seconds_are_of_one_call():
    ticks = count(step=6.0)  # each look at the clock is six seconds after the last
    timings = interleaved(
        [fake("a", []), fake("b", [], calls=3)], rounds=2, clock=lambda: next(ticks)
    )
    assert timings["a"].seconds == (6.0, 6.0)
    assert timings["b"].seconds == (2.0, 2.0)


def test_ratio_is_the_median_of_the_rounds_ratios():
    timings = {
        "slow": Timing((10.0, 40.0, 12.0), None),
        "fast": Timing((1.0, 2.0, 3.0), None),
    }
    # 10, 20 and 4; the ratio of the medians would be 6.
    assert ratios(timings, "slow") == {"slow": 1.0, "fast": 10.0}
    assert timings["slow"].median == 12.0


def test_blas_has_one_thread_while_timing():
    def threads():
        return [found["threads"] for found in machine()["blas"]]

    competitor = Competitor(name="blas", run=threads, warm_up=lambda: None)
    assert set(interleaved([competitor], rounds=1)["blas"].result) <= {1}


def test_tell_hears_of_every_turn():
    told = []
    interleaved([fake("a", [])], rounds=2, tell=told.append)
    assert told == ["warming up: a", "round 1 of 2: a", "round 2 of 2: a"]


# --- the table ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def measured():
    """Real results of a tiny network, with made-up times."""
    everyone = entrants(TINY)
    timings = {
        name: Timing((8.0 / 2**place, 16.0 / 2**place), entrant.run())
        for place, (name, entrant) in enumerate(everyone.items())
    }
    starts = ColdStart({EMPTY_CACHE: (12.0,), WARM_CACHE: (0.9, 1.1)})
    case = everyone[REFERENCE].case
    with one_blas_thread():
        surroundings = machine()
    return table.Measured(
        rows=table.rows_of(everyone, timings),
        cold_start=starts.seconds,
        cold_start_medians=starts.medians(),
        batch=TINY.batch,
        hidden=TINY.hidden,
        parameters=case.parameters,
        dtype=case.dtype,
        rounds=2,
        precision=precision(),
        machine=surroundings,
    )


def test_rows_hold_times_ratios_and_errors(measured):
    assert [row.ratio for row in measured.rows] == [2.0**place for place in range(7)]
    assert measured.rows[0].what == REFERENCE
    assert measured.rows[0].median == 12.0
    by_name = {row.what: row for row in measured.rows}
    assert by_name[RECORDING].error is None
    assert by_name[BACKPROP].error < 1e-12
    assert all(row.error >= 0 for row in measured.rows if row.what != RECORDING)
    assert {row.threads for row in measured.rows} == {1, 2}


def test_markdown_is_one_table_and_the_lines_below(measured):
    text = table.markdown(measured)
    lines = text.splitlines()
    assert lines[0] == "| what | time | times faster | largest error | note |"
    assert lines[1] == "|---|---:|---:|---:|---|"
    assert lines[2].startswith(f"| {REFERENCE} | 12 s | 1.0 × |")
    assert all(line.count("|") == 6 for line in lines[:9])
    assert lines[9] == ""
    assert lines[10] == (
        "784-2-10, 1,600 parameters, float64, batch 3; "
        "medians of 2 interleaved rounds, ratios within a round.  "
    )
    assert f"{EMPTY_CACHE}: 12 s; {WARM_CACHE}: 1 s." in text
    assert lines[-1] == f"Machine: {machine_line(measured.machine)}."


def test_terminal_table_has_every_row(measured):
    out = StringIO()
    Console(file=out, width=200).print(table.renderable(measured))
    text = out.getvalue()
    assert all(row.what in text and row.note in text for row in measured.rows)
    assert "Machine: " in text


def test_json_holds_every_round(measured):
    content = json.loads(table.as_json(measured))
    assert content["schema"] == "fastcheck.bench/1"
    assert content["rows"][0]["seconds"] == [8.0, 16.0]
    assert content["cold_start"][WARM_CACHE] == [0.9, 1.1]
    assert content["machine"]["numpy"] == np.__version__


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (19.04, "19 s"),
        (1.0, "1 s"),
        (123.4, "123 s"),
        (0.0153, "15.3 ms"),
        (0.9996, "1,000 ms"),
        (9.6e-4, "960 µs"),
        (0.0, "0 µs"),
    ],
)
def test_durations(seconds, words):
    assert table.duration(seconds) == words


@pytest.mark.parametrize(
    ("ratio", "words"), [(1.0, "1.0 ×"), (3.64, "3.6 ×"), (99.97, "100 ×"), (19234.5, "19,234 ×")]
)
def test_ratios_in_words(ratio, words):
    assert table.times(ratio) == words


def test_machine_line():
    blas = {"name": "openblas", "version": "0.3", "architecture": None, "threads": 1}
    info = {"usable_cpus": 1, "python": "3.11", "numpy": "2.0", "numba": "0.60", "blas": [blas]}
    assert (
        machine_line(info) == "1 CPU, Python 3.11, NumPy 2.0, Numba 0.60, OpenBLAS 0.3 (1 thread)"
    )


# --- the command ----------------------------------------------------------------------------------


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
