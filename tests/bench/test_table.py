from __future__ import annotations

import json
from io import StringIO

import numpy as np
import pytest
from rich.console import Console

from bench import table
from bench.competitors import REFERENCE
from bench.machine import machine, machine_line
from bench.musts import Must
from bench.quantities import duration, error, factor, megabytes, times
from bench.section import Section


@pytest.fixture
def small():
    return Section(
        title="Two things",
        headings=("what", "time", "note"),
        rows=(("a", "1 s", "first | last"), ("b", "2 s", "")),
        below=("One line.", "Another."),
        musts=(
            Must(what="a", measured=1.0, limit=2.0, unit="seconds"),
            Must(what="b", measured=1.5, limit=1.6, unit="factor", at_least=True),
        ),
        data={"seconds": [1.0, 2.0]},
    )


def test_markdown_is_a_title_a_table_and_the_lines_below(small):
    assert table.markdown(small) == (
        "**Two things**\n\n"
        "| what | time | note |\n"
        "|---|---:|---|\n"
        "| a | 1 s | first \\| last |\n"
        "| b | 2 s |  |\n"
        "\n"
        "One line.  \n"
        "Another.\n"
        "\n"
        "- met: a: 1 s (must be at most 2 s)\n"
        "- MISSED: b: 1.50 (must be at least 1.60)\n"
    )


def test_markdown_of_the_classic_part_is_one_table(measured):
    lines = table.markdown(measured).splitlines()
    assert lines[2] == "| what | time | least | times faster | largest error | note |"
    assert lines[3] == "|---|---:|---:|---:|---:|---|"
    assert lines[4].startswith(f"| {REFERENCE} | 12 s | 8 s | 1.0 × |")
    rows = [line for line in lines if line.startswith("|")]
    assert len(rows) == len(measured.rows) + 2
    assert all(line.count("|") == 7 for line in rows)


def test_terminal_table_has_every_row(measured):
    out = StringIO()
    Console(file=out, width=400).print(table.renderable(measured))
    text = out.getvalue()
    assert all(row[0] in text and row[-1] in text for row in measured.rows)
    assert all(str(must) in text for must in measured.musts)
    assert measured.title in text


def test_json_holds_every_part(small, measured):
    info = machine()
    content = json.loads(table.as_json({"small": small, "classic": measured}, info))
    assert content["schema"] == "fastcheck.bench/2"
    assert content["machine"]["numpy"] == np.__version__
    assert content["parts"]["small"]["seconds"] == [1.0, 2.0]
    assert [must["met"] for must in content["parts"]["small"]["musts"]] == [True, False]
    assert content["parts"]["classic"]["rows"][0]["seconds"] == [8.0, 16.0]


def test_machine_in_words():
    info = machine()
    assert table.machine_words(info) == f"Machine: {machine_line(info)}."


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
    assert duration(seconds) == words


@pytest.mark.parametrize(
    ("ratio", "words"), [(1.0, "1.0 ×"), (3.64, "3.6 ×"), (99.97, "100 ×"), (19234.5, "19,234 ×")]
)
def test_ratios_in_words(ratio, words):
    assert times(ratio) == words


def test_other_quantities():
    assert factor(1.614) == "1.61"
    assert error(6.06e-16) == "6.1e-16"
    assert megabytes(213_400_000) == "213 MB"


# --- musts ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("measured_", "at_least", "met"),
    [(2.0, True, True), (1.9, True, False), (2.0, False, True), (2.1, False, False)],
)
def test_a_limit_is_kept_up_to_itself(measured_, at_least, met):
    must = Must(what="x", measured=measured_, limit=2.0, unit="factor", at_least=at_least)
    assert must.met == met
    assert must.as_dict()["met"] == met


@pytest.mark.parametrize("at_least", [True, False])
def test_nan_keeps_no_limit(at_least):
    must = Must(what="x", measured=float("nan"), limit=2.0, unit="error", at_least=at_least)
    assert not must.met


def test_a_goal_is_printed():
    must = Must(what="x", measured=2000.0, limit=1500.0, goal=5000.0, unit="speed", at_least=True)
    assert str(must) == "met: x: 2,000 × (must be at least 1,500 ×, goal 5,000 ×)"
