from __future__ import annotations

from dataclasses import replace

import pytest

from bench import classic, competitors
from bench.accuracy import LARGEST
from bench.cases import Sizes, nn_case
from bench.competitors import BACKPROP, LOSS, RECORDING, REFERENCE
from bench.entrant import Entrant, absent, no_gradient
from bench.peers import SCIPY, TORCH_FAST, TORCH_FAST_EXAMPLE, TORCH_SLOW
from bench.timing import interleaved

ONCE = {SCIPY, TORCH_SLOW, TORCH_FAST, competitors.FULL}


def test_rows_hold_times_ratios_and_errors(rows):
    assert [row.ratio for row in rows] == [2.0**place for place in range(len(rows))]
    assert rows[0].what == REFERENCE
    assert (rows[0].median, rows[0].least) == (12.0, 8.0)
    by_name = {row.what: row for row in rows}
    without = {RECORDING, LOSS, TORCH_SLOW, TORCH_FAST, TORCH_FAST_EXAMPLE}
    assert {name for name, row in by_name.items() if row.error is None} == without
    assert by_name[BACKPROP].error < 1e-12
    assert all(row.error >= 0 for name, row in by_name.items() if name not in without)
    assert {row.threads for row in rows} == {1, 2}


def test_propagated_differences_are_right(rows):
    by_name = {row.what: row for row in rows}
    assert by_name[competitors.EXAMPLE].error < LARGEST
    # With two units some sample's scores lie on the kink of the second ReLU, for all of them.
    for name in (competitors.ONE_THREAD, competitors.BARE, competitors.GRADCHECK):
        assert by_name[name].error == by_name[competitors.PROGRAM].error
    assert "engine incremental" in by_name[competitors.GRADCHECK].note


def test_a_row_timed_once_says_so(rows):
    for row in rows:
        assert row.note.startswith("once; ") == (row.what in ONCE)
        assert len(row.seconds) == (1 if row.note.startswith("once; ") else 2)


def test_a_row_not_run_says_why():
    case = nn_case(Sizes(batch=1, hidden=1))
    entrant = absent(SCIPY, case, ImportError("No module named 'x'"))
    everyone = {REFERENCE: fake(REFERENCE), SCIPY: entrant}
    (_, row) = classic.rows_of(everyone, interleaved(tuple(everyone.values()), rounds=1))
    note = "not run (No module named 'x'); pip install '.[bench]'"
    dash = "–"  # noqa: RUF001 - a dash
    assert classic._cells(row) == (SCIPY, dash, dash, dash, dash, note)
    assert row.seconds == ()
    assert row.median is None


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


def test_section_says_what_was_timed(measured, rows):
    assert measured.title == "Classic network 784-2-10, 1,600 parameters, float64, batch 3"
    assert measured.below[0].startswith("Medians of 2 interleaved rounds, ")
    assert [row[0] for row in measured.rows] == [row.what for row in rows]
    assert measured.rows[0][:4] == (REFERENCE, "12 s", "8 s", "1.0 ×")
    assert measured.data["rows"][0]["seconds"] == (8.0, 16.0)
    assert measured.data["batch"] == 3


def test_the_budget_of_a_check():
    assert classic.budget(0.010, 0.0003) == pytest.approx(0.040 + 0.018 + 0.010)


def test_musts_are_those_of_these_rows(everyone, rows):
    chosen = {competitors.PROGRAM: 0.010, competitors.LOSS: 0.001, competitors.GRADCHECK: 0.111}
    least = {competitors.PROGRAM: 0.005, competitors.LOSS: 0.001, competitors.GRADCHECK: 0.089}
    speeds = {competitors.PROGRAM: 2000.0, competitors.BARE: 700.0, competitors.EXAMPLE: 300.0}
    planted = tuple(
        replace(
            row,
            median=chosen.get(row.what, 1.0),
            least=least.get(row.what, 1.0),
            ratio=speeds.get(row.what, 1.0),
        )
        for row in rows
    )
    section = classic.section(planted, everyone[REFERENCE].case, rounds=1)
    assert [must.met for must in section.musts] == [True, False, True, False, True]
    assert "2,000 ×, by the least times 200 × (must" in str(section.musts[0])
    assert "111 ms (must be at most 110 ms)" in str(section.musts[-2])
    assert "89 ms (must be at most 90 ms)" in str(section.musts[-1])
