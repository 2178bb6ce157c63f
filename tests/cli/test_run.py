"""The command line: options, exit codes, output, and Ctrl-C."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
import time

import pytest

from fastcheck.cli import main, run
from fastcheck.cli.exits import BAD_USAGE, FAILED, INCONCLUSIVE, INTERRUPTED, PASSED
from fastcheck.version import __version__

SMALL = ["run", "--hidden", "4", "--batch", "8"]


def test_small_run_prints_four_rows_and_the_verdict(capsys):
    assert main(SMALL) == PASSED
    out = capsys.readouterr().out
    for name, shape in [("W1", "784x4"), ("b1", "4"), ("W2", "4x10"), ("b2", "10")]:
        assert re.search(rf"^{name} +{shape} ", out, re.MULTILINE)
    assert "PASS: backprop and numerical gradient agree for every one of 3,190 parameters" in out


@pytest.mark.parametrize(
    "options",
    [
        ["--sizes", "6,5,4", "--activation", "tanh", "--loss", "mse"],
        ["--activation", "tanh", "--l2", "0.01"],
        ["--activation", "leaky-relu"],
        ["--activation", "sigmoid"],
        ["--activation", "softplus"],
        ["--loss", "clipped"],
        ["--loss", "clipped-classic", "--no-output-relu"],
        ["--dtype", "float32"],
        ["--scale", "raw", "--offset", "900", "--batch", "5", "--seed", "3"],
        ["--step", "1e-5", "--threads", "3", "--params", "W2,b2"],
        ["--engine", "full"],
        ["--engine", "incremental"],
        ["--scheme", "forward"],
        ["--scheme", "backward", "--dtype", "float32"],
        ["--scheme", "central4", "--activation", "tanh", "--step", "1e-3"],
        ["--sizes", "6,5", "--output-relu"],
        ["--rtol", "1e-4", "--no-strict", "--loss", "clipped-classic"],
        ["--strict"],
    ],
)
def test_options(options, capsys):
    assert main([*SMALL, *options]) == PASSED, capsys.readouterr().out


def test_engine_reference(capsys):
    assert main([*SMALL, "--engine", "reference", "--params", "b1"]) == PASSED
    assert "engine reference, step 0.0001, 1 thread" in capsys.readouterr().out


def test_options_reach_the_check(tmp_path, capsys):
    path = tmp_path / "report.json"
    options = ["--step", "0.0001", "--threads", "2", "--params", "b2", "--json", str(path)]
    assert main([*SMALL, *options, "--quiet"]) == PASSED
    assert capsys.readouterr().out == ""
    content = json.loads(path.read_text(encoding="utf-8"))
    assert (content["step"], content["batch"], content["scheme"]) == (1e-4, 8, "central")
    # Ten biases are one range of work.
    assert content["threads"] == 1
    assert list(content["params"]) == ["b2"]
    assert content["schema"] == "fastcheck.report/1"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            ["--engine", "fast"],
            "engine='fast' is unknown; choose from 'auto', 'incremental', 'full', 'reference'",
        ),
        (
            ["--scheme", "foreward"],
            "scheme='foreward' is unknown; choose from 'central', 'forward', 'backward', ",
        ),
        (
            ["--scheme", "forward", "--engine", "full"],
            "scheme='forward' is not for engine='full', which knows central differences only",
        ),
        (["--loss", "sofmax"], "did you mean 'softmax'?"),
        (["--activation", "elu"], "activation='elu' is unknown; choose from 'relu'"),
        (["--sizes", "5,x"], "sizes='5,x' must be whole numbers with commas between"),
        (["--batch", "1001"], "n=1001"),
        (["--params", "W9"], "params='W9' is unknown"),
        (["--json", "/nonexistent/r.json"], "json='/nonexistent/r.json' cannot be written"),
        (["--dtype", "float16"], "dtype="),
        (["--hidden", "0"], "0"),
        (["--hiden", "5"], "option='--hiden' is unknown; choose from"),
        (["--hiden=5"], "did you mean '--hidden'?"),
        (["--hidden", "x"], "argument --hidden: invalid int value: 'x'; see fastcheck run --help"),
        (["--l2", "-1"], "l2=-1.0"),
        (["--split", "test"], "split="),
        (["--data-root", "/nonexistent"], "/nonexistent"),
        (["--rtol", "0"], "rtol=0.0 must be a positive finite number"),
        (["--rtol=-1e-5"], "leave it out for 1e-5, in float32 1e-3"),
        (["--rtol", "x"], "argument --rtol: invalid float value: 'x'; see fastcheck run --help"),
        (
            ["--verbose", "--quiet"],
            "argument --quiet: not allowed with argument --verbose; see fastcheck run --help",
        ),
        (["--second-opinion", "jax"], "second_opinion='jax' is unknown; choose from 'torch'"),
    ],
)
def test_bad_usage(options, message, capsys):
    assert main([*SMALL, *options]) == BAD_USAGE
    captured = capsys.readouterr()
    assert captured.out == ""
    assert message in captured.err
    assert captured.err.startswith("fastcheck: error: ")


def test_an_unwritable_json_path_is_found_before_the_run(monkeypatch):
    monkeypatch.setattr(run, "gradcheck", lambda *args, **options: pytest.fail("it ran"))
    assert main([*SMALL, "--json", "/nonexistent/r.json"]) == BAD_USAGE


def test_inconclusive(capsys):
    # At a step of 1e-12 the rounding of the loss is larger than any gradient of these biases ...
    options = [*SMALL, "--step", "1e-12", "--params", "b1"]
    assert main([*options, "--engine", "full"]) == INCONCLUSIVE
    assert "INCONCLUSIVE" in capsys.readouterr().out
    # ... and there is none where the difference itself is propagated.
    assert main(options) == PASSED


def test_the_scheme_is_named_where_it_is_not_central(tmp_path, capsys):
    path = tmp_path / "report.json"
    assert main([*SMALL, "--scheme", "forward", "--json", str(path)]) == PASSED
    assert "\nengine incremental, scheme forward, step 8.67e-19, " in capsys.readouterr().out
    assert json.loads(path.read_text(encoding="utf-8"))["scheme"] == "forward"
    assert main([*SMALL, "--scheme", "central"]) == PASSED
    assert "scheme" not in capsys.readouterr().out


def test_an_epsilon_that_the_backward_leaves_out_is_approximate(capsys):
    assert main([*SMALL, "--loss", "clipped-classic"]) == PASSED
    assert "APPROXIMATE: close, but systematically beyond the bound" in capsys.readouterr().out


def test_strict_and_rtol(capsys):
    options = [*SMALL, "--loss", "clipped-classic"]
    assert main([*options, "--strict"]) == FAILED
    assert "have a wrong gradient" in capsys.readouterr().out
    assert main([*options, "--rtol", "1e-12"]) == FAILED


def test_a_screenful_unless_verbose(capsys):
    options = [*SMALL, "--sizes", "4,4,4,4", "--activation", "tanh", "--output-relu"]
    assert main(options) == PASSED
    short = capsys.readouterr().out.splitlines()
    assert len(short) <= 22
    assert max(len(line.rstrip()) for line in short) <= 80
    assert "... and 4 more parameters, all pass" in short
    assert any(line.startswith("visible relative error: median ") for line in short)
    assert any(line.startswith("zero on both sides: W1 ") for line in short)
    assert main([*options, "--verbose"]) == PASSED
    verbose = capsys.readouterr().out
    for layer in range(1, 6):
        assert re.search(rf"^W{layer}\[", verbose, re.MULTILINE)
        assert re.search(rf"^b{layer} ", verbose, re.MULTILINE)


def test_a_planted_mistake_ends_with_the_finding_and_the_verdict(capsys):
    assert main([*SMALL, "--plant", "loss-sign"]) == FAILED
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) <= 24
    (at,) = (at for at, line in enumerate(lines) if line.startswith("finding: "))
    assert "It is in the backward of SoftmaxCrossEntropy." in " ".join(
        line.strip() for line in lines[at:]
    )
    # What lies at kinks is said on a line of its own below.
    assert [line for line in lines[-2:] if line.startswith("FAIL: ")]


def test_help_tells_each_default_once(capsys):
    with pytest.raises(SystemExit):
        main(["run", "--help"])
    out = " ".join(capsys.readouterr().out.split())
    assert "--strict, --no-strict an approximate gradient fails --second-opinion" in out
    assert "(default: 1e-5, in float32 1e-3)" in out
    assert out.index("--params") < out.index("--rtol") < out.index("--strict")


def test_help_and_version(capsys):
    for arguments in (["--help"], ["run", "--help"], ["--version"]):
        with pytest.raises(SystemExit) as caught:
            main(arguments)
        assert caught.value.code == 0
    assert f"fastcheck {__version__}" in capsys.readouterr().out
    with pytest.raises(SystemExit):
        main(["batch", "--help"])
    assert main([]) == BAD_USAGE
    assert main(["ruin"]) == BAD_USAGE
    assert "fastcheck: error:" in capsys.readouterr().err


def test_second_opinion(tmp_path, capsys):
    path = tmp_path / "report.json"
    assert main([*SMALL, "--second-opinion", "torch", "--json", str(path)]) == PASSED
    out = capsys.readouterr().out
    assert re.search(r"^worst of each +backprop +numerical +torch +error", out, re.MULTILINE)
    assert "second opinion: torch" in out
    content = json.loads(path.read_text(encoding="utf-8"))
    assert content["second_opinion"] == "torch"
    entry = content["params"]["W2"]["worst"][0]
    assert entry["second_opinion"] == pytest.approx(entry["analytic"], rel=1e-9)


def test_keyboard_interrupt_inside(monkeypatch, capsys):
    def interrupted(*args, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr(run, "gradcheck", interrupted)
    assert main(SMALL) == INTERRUPTED
    assert "interrupted; every parameter is as it was" in capsys.readouterr().err


def _start_on_terminal(arguments, **environment):
    """Start the command with a terminal for its output; return the process and the master end."""
    master, slave = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "fastcheck", *arguments],
        stdin=slave,
        stdout=slave,
        stderr=slave,
        env={**os.environ, "TERM": "xterm", "COLUMNS": "100", **environment},
    )
    os.close(slave)
    return process, master


def _read_until(master, pattern, seconds):
    seen = b""
    deadline = time.monotonic() + seconds
    while not re.search(pattern, seen) and time.monotonic() < deadline:
        if select.select([master], [], [], 0.1)[0]:
            try:
                chunk = os.read(master, 65536)
            except OSError:  # the other end is closed
                break
            if not chunk:
                break
            seen += chunk
    return seen.decode(errors="replace")


@pytest.mark.parametrize("engine", ["full", "reference"])
def test_ctrl_c_stops_a_long_run_that_shows_its_progress(engine):
    # All 39,760 parameters of a batch of 1,000: minutes.
    process, master = _start_on_terminal(["run", "--batch", "1000", "--engine", engine])
    try:
        seen = _read_until(master, rb"checking.*/39,?760", 60)
        assert "checking" in seen
        began = time.monotonic()
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == INTERRUPTED
        # Half a second, and as much again for a loaded machine.
        assert time.monotonic() - began < 1.0
        assert "interrupted" in _read_until(master, rb"as it was", 5)
    finally:
        process.kill()
        os.close(master)


def test_a_short_run_shows_no_bar():
    process, master = _start_on_terminal(SMALL)
    try:
        seen = _read_until(master, rb"(PASS|FAIL|error)", 60)
        assert process.wait(10) == PASSED
        assert "checking" not in seen
    finally:
        process.kill()
        os.close(master)
