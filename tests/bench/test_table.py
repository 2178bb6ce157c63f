from __future__ import annotations

import json
from dataclasses import replace
from io import StringIO

import numpy as np
import pytest
from rich.console import Console

from bench import table
from bench.cases import Sizes, nn_case
from bench.cold_start import EMPTY_CACHE, WARM_CACHE
from bench.competitors import BACKPROP, RECORDING, REFERENCE
from bench.entrant import Entrant, absent, no_gradient
from bench.machine import machine_line
from bench.peers import SCIPY, TORCH_FAST, TORCH_FAST_EXAMPLE, TORCH_SLOW
from bench.timing import interleaved


def test_rows_hold_times_ratios_and_errors(measured):
    assert [row.ratio for row in measured.rows] == [2.0**place for place in range(11)]
    assert measured.rows[0].what == REFERENCE
    assert measured.rows[0].median == 12.0
    by_name = {row.what: row for row in measured.rows}
    without = {RECORDING, TORCH_SLOW, TORCH_FAST, TORCH_FAST_EXAMPLE}
    assert {name for name, row in by_name.items() if row.error is None} == without
    assert by_name[BACKPROP].error < 1e-12
    assert all(row.error >= 0 for name, row in by_name.items() if name not in without)
    assert {row.threads for row in measured.rows} == {1, 2}


def test_a_row_timed_once_says_so(measured):
    for row in measured.rows:
        assert row.note.startswith("once; ") == (row.what in {SCIPY, TORCH_SLOW, TORCH_FAST})
        assert len(row.seconds) == (1 if row.note.startswith("once; ") else 2)


def test_a_row_not_run_says_why(measured):
    entrant = absent(SCIPY, nn_case(Sizes(batch=1, hidden=1)), ImportError("No module named 'x'"))
    everyone = {REFERENCE: fake(REFERENCE), SCIPY: entrant}
    (_, row) = table.rows_of(everyone, interleaved(tuple(everyone.values()), rounds=1))
    text = table.markdown(replace(measured, rows=(row,)))
    note = "not run (No module named 'x'); pip install '.[bench]'"
    assert f"| {SCIPY} | – | – | – | {note} |\n" in text  # noqa: RUF001 - a dash
    content = json.loads(table.as_json(replace(measured, rows=(row,))))
    assert content["rows"][0]["seconds"] == []
    assert content["rows"][0]["median"] is None


def fake(name):
    return Entrant(
        name=name,
        run=lambda: None,
        warm_up=lambda: None,
        case=None,
        threads=1,
        note=lambda _: "",
        gradient=no_gradient,
    )


def test_markdown_is_one_table_and_the_lines_below(measured):
    text = table.markdown(measured)
    lines = text.splitlines()
    assert lines[0] == "| what | time | times faster | largest error | note |"
    assert lines[1] == "|---|---:|---:|---:|---|"
    assert lines[2].startswith(f"| {REFERENCE} | 12 s | 1.0 × |")
    assert all(line.count("|") == 6 for line in lines[:13])
    assert lines[13] == ""
    assert lines[14] == (
        "784-2-10, 1,600 parameters, float64, batch 3; "
        "medians of 2 interleaved rounds, ratios within a round; "
        '"once": in the first round only.  '
    )
    assert f"{EMPTY_CACHE}: 12 s; {WARM_CACHE}: 1 s." in text
    assert lines[-1] == f"Machine: {machine_line(measured.machine)}."


def test_terminal_table_has_every_row(measured):
    out = StringIO()
    Console(file=out, width=400).print(table.renderable(measured))
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
