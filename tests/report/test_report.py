"""The report object: its figures, its order of entries, its JSON and its text."""

from __future__ import annotations

import json

import numpy as np
import pytest

from fastcheck.report import Finding, ParameterReport, Report
from fastcheck.report.json import SCHEMA
from fastcheck.verdict import CODES


def parameter(analytic, numerical, codes, *, name="W1", bound=0.1):
    numerical = np.asarray(numerical, float)
    return ParameterReport(
        name=name,
        analytic=np.asarray(analytic, float),
        numerical=numerical,
        bound=np.full(numerical.shape, bound),
        codes=np.array([CODES[code] for code in codes], np.uint8).reshape(numerical.shape),
        left=numerical,
        right=numerical,
        switched=np.zeros(numerical.shape, bool),
    )


def report(*parameters, findings=(), notes=(), **more):
    return Report(
        params={item.name: item for item in parameters},
        findings=tuple(findings),
        engine="full",
        step=0.5,
        threads=2,
        loss=2.25,
        accuracy=0.125,
        batch=8,
        seconds=3.0,
        engine_seconds=2.0,
        setup_seconds=0.5,
        record_seconds=0.25,
        notes=tuple(notes),
        **more,
    )


@pytest.fixture
def failing():
    return parameter(
        [[1.0, 2.0, 0.0], [4.0, 5.0, 0.0]],
        [[1.0, 2.5, 0.0], [4.0, 1.0, 0.05]],
        ["pass", "fail", "pass", "pass", "fail", "kink"],
    )


def test_figures(failing):
    assert failing.shape == (2, 3)
    assert failing.counts == {
        "pass": 3,
        "kink": 1,
        "approximate": 0,
        "fail": 2,
        "inconclusive": 0,
    }
    assert failing.verdict == "fail"
    assert failing.mean_abs_error == pytest.approx(4.55 / 6)
    assert failing.max_abs_error == 4.0
    assert failing.max_rel_error == 1.0  # 0 against 0.05
    assert failing.verdicts.tolist() == [["pass", "fail", "pass"], ["pass", "fail", "kink"]]


def test_relative_error_of_two_zeros_is_zero():
    assert parameter([0.0], [0.0], ["pass"]).max_rel_error == 0.0


def test_worst_entries_first(failing):
    worst = failing.worst(3)
    assert [entry.index for entry in worst] == [(1, 1), (0, 1), (1, 2)]
    first = worst[0]
    assert (first.name, first.analytic, first.numerical) == ("W1", 5.0, 1.0)
    assert (first.error, first.bound, first.verdict) == (4.0, 0.1, "fail")
    assert len(failing.worst()) == 5
    assert all(isinstance(i, int) for i in first.index)


def test_worst_puts_a_fail_before_a_larger_kink_and_nan_first():
    item = parameter([9.0, np.nan, 0.2, 0.0], [0.0] * 4, ["kink", "fail", "fail", "pass"])
    assert [entry.index for entry in item.worst(3)] == [(1,), (2,), (0,)]
    whole = report(item, parameter([50.0], [0.0], ["kink"], name="b1"))
    assert [(e.name, e.index) for e in whole.worst(3)] == [("W1", (1,)), ("W1", (2,)), ("b1", (0,))]


def test_zero_over_a_zero_bound_is_not_the_worst():
    item = parameter([0.0, 1.0], [0.0, 1.001], ["pass", "fail"], bound=0.0)
    assert item.worst(1)[0].index == (1,)


def test_scalar_and_empty_parameters():
    scalar = parameter(2.0, 2.0, ["pass"])
    assert scalar.worst(1)[0].index == ()
    empty = parameter(np.zeros((0, 3)), np.zeros((0, 3)), [])
    assert (empty.worst(), empty.mean_abs_error, empty.max_abs_error) == ([], 0.0, 0.0)
    assert "W1[]" in str(report(scalar))
    assert "0x3" in str(report(empty))


def test_whole_verdict(failing):
    good = parameter([1.0], [1.0], ["pass"], name="b1")
    assert report(good).verdict == "pass"
    assert report(good).passed
    assert report(failing, good).verdict == "fail"
    assert not report(failing, good).passed
    assert report(good, findings=[Finding("b1", "bad")]).verdict == "fail"
    unsure = parameter([1.0], [1.0], ["inconclusive"], name="b2")
    assert report(good, unsure).verdict == "inconclusive"
    assert not report(good, unsure).passed
    near = parameter([1.0], [1.0], ["approximate"], name="b2")
    assert report(good, near).passed


def test_json(failing, tmp_path):
    finding = Finding(
        "W1",
        "no good",
        "factor",
        severe=False,
        where=("Relu1",),
        parameters=("W1",),
        evidence={"factor": np.int64(2)},
    )
    whole = report(failing, findings=[finding], notes=["slow"])
    path = tmp_path / "report.json"
    text = whole.to_json(path)
    assert path.read_text(encoding="utf-8") == text
    content = json.loads(text)
    assert content == whole.to_dict()
    assert content["schema"] == SCHEMA == "fastcheck.report/1"
    assert (content["verdict"], content["passed"]) == ("fail", False)
    assert content["parameters"] == 6
    assert (content["engine"], content["scheme"]) == ("full", "central")
    assert content["parameters_per_second"] == 3.0
    assert content["findings"] == [
        {
            "parameter": "W1",
            "parameters": ["W1"],
            "message": "no good",
            "kind": "factor",
            "severe": False,
            "where": ["Relu1"],
            "evidence": {"factor": 2},
        }
    ]
    assert content["image"] is None
    assert content["resolution"] == {
        "median": pytest.approx(0.1),
        "worst": 2.0,
        "unresolved": 1,
        "entries": 5,
    }
    assert content["notes"] == ["slow"]
    item = content["params"]["W1"]
    assert (item["shape"], item["dtype"], item["verdict"]) == ([2, 3], "float64", "fail")
    assert item["counts"]["fail"] == 2
    assert item["worst"][0] == {
        "index": [1, 1],
        "pixel": None,
        "analytic": 5.0,
        "numerical": 1.0,
        "error": 4.0,
        "bound": 0.1,
        "verdict": "fail",
        "second_opinion": None,
    }


def test_json_has_no_nan():
    finding = Finding(None, "random", evidence={"difference": np.inf, "which": "loss"})
    item = parameter([np.nan], [np.inf], ["fail"])
    content = json.loads(report(item, findings=[finding]).to_json())
    assert content["findings"][0]["evidence"] == {"difference": None, "which": "loss"}
    assert content["params"]["W1"]["worst"][0]["analytic"] is None
    assert content["params"]["W1"]["max_abs_error"] is None


def test_text(failing):
    good = parameter([1.0], [1.0], ["pass"], name="b1")
    text = str(report(failing, good, findings=[Finding("W1", "no good")], notes=["slow"]))
    lines = text.splitlines()
    assert lines[0].split("  ")[0] == "parameter"
    assert all(word in lines[0] for word in ("shape", "mean diff", "max diff", "max rel"))
    assert lines[1].split()[:2] == ["W1", "2x3"]
    assert "fail (3 pass, 1 kink, 2 fail)" in lines[1]
    assert "loss 2.250000, accuracy 12.5%, batch 8" in lines
    assert "engine full, step 0.5, 2 threads" in lines
    assert "7 parameters in 2 s, 4 per second" in lines
    assert "3 s in all: 0.25 s recording, 0.5 s for kernels and proof" in lines
    assert "note: slow" in lines
    assert "finding: W1: no good" in lines
    assert "FAIL: 2 of 7 parameters have a wrong gradient" in lines
    assert sum(line.startswith("W1[1, 1]") for line in lines) == 1
    assert max(map(len, lines)) <= 80


def test_text_says_where_nothing_is_wrong():
    good = parameter([1.0, 0.5], [1.0, 1.0], ["pass", "kink"], name="b1")
    text = str(report(good))
    assert "PASS: backprop and numerical gradient agree for every one of 2 parameters" in text
    remark, verdict = text.splitlines()[-2:]
    assert remark == "1 at a kink of the loss, between the slopes of its two sides"
    assert verdict.startswith("PASS")
    unsure = parameter([1.0], [1.0], ["inconclusive"], name="b2")
    assert "INCONCLUSIVE: 1 of 1 parameters could not be judged, none failed" in str(report(unsure))


def test_text_and_json_name_the_scheme(failing):
    one_sided = report(failing, scheme="forward")
    assert "engine full, scheme forward, step 0.5, 2 threads" in str(one_sided).splitlines()
    assert json.loads(one_sided.to_json())["scheme"] == "forward"
    assert "scheme" not in str(report(failing, scheme="central"))


def test_report_is_frozen(failing):
    with pytest.raises(AttributeError):
        report(failing).loss = 1.0
