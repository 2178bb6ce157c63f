"""``fastcheck run --plant``."""

from __future__ import annotations

import pytest

from fastcheck import planted
from fastcheck.cli import main
from fastcheck.cli.exits import BAD_USAGE, FAILED

SMALL = ["run", "--hidden", "4", "--batch", "8"]


@pytest.mark.parametrize(
    ("options", "place"),
    [
        (["--plant", "loss-not-averaged"], "SoftmaxCrossEntropy"),
        (["--plant", "relu-mask-missing", "--no-output-relu"], "Relu1"),
        (["--plant", "tanh-of-input", "--activation", "tanh", "--sizes", "6,5"], "Tanh"),
        (["--plant", "l2-missing", "--l2", "0.1"], "l2"),
    ],
)
def test_a_planted_mistake_fails_and_is_announced(options, place, capsys):
    assert main([*SMALL, *options]) == FAILED
    out = capsys.readouterr().out
    assert out.startswith(f"planted in {place}")
    assert options[1] in out.splitlines()[0]
    assert "FAIL" in out


def test_quiet(capsys):
    assert main([*SMALL, "--plant", "loss-sign", "--quiet"]) == FAILED
    assert capsys.readouterr().out == ""


def test_an_unknown_mistake_is_told_where_they_are_listed(capsys):
    assert main([*SMALL, "--plant", "relu-mask"]) == BAD_USAGE
    error = capsys.readouterr().err
    count = len(planted.MISTAKES)
    told = f"plant='relu-mask' is unknown; 'fastcheck selftest --list' lists all {count}"
    assert told in error
    assert "did you mean 'relu-mask-" in error


@pytest.mark.parametrize(
    ("name", "needs"),
    [
        ("tanh-of-input", "a Tanh above an Affine"),
        ("l2-missing", "weight decay, l2 > 0"),
        ("squared-error-absolute", "a MeanSquaredError"),
        ("weights-transposed", "an Affine with as many inputs as outputs"),
    ],
)
def test_what_does_not_apply_says_what_it_needs(name, needs, capsys):
    assert main([*SMALL, "--plant", name]) == BAD_USAGE
    assert f"plant={name!r} needs {needs}, which this network lacks" in capsys.readouterr().err


def test_help_points_to_the_list(capsys):
    with pytest.raises(SystemExit):
        main(["run", "--help"])
    assert "fastcheck selftest --list" in " ".join(capsys.readouterr().out.split())


def test_a_refusal_names_the_options_that_change_the_network(capsys):
    assert main([*SMALL, "--plant", "l2-missing"]) == BAD_USAGE
    error = capsys.readouterr().err
    assert "; see --activation, --sizes, --loss and --l2" in error


@pytest.mark.parametrize("option", ["hidden", "batch"])
def test_a_size_of_nothing(option, capsys):
    assert main(["run", f"--{option}", "0"]) == BAD_USAGE
    error = capsys.readouterr().err
    assert f"{option}=0 must be an integer >= 1; leave it out for that of the classic" in error
