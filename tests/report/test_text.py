"""The report for a terminal: on a screenful, and verbose."""

from __future__ import annotations

import re
from dataclasses import replace
from io import StringIO

import numpy as np
import pytest
from rich.console import Console

from fastcheck.report import Finding, ParameterReport, Report
from fastcheck.report.text import renderable
from fastcheck.verdict import CODES

NUMBER = r"-?\d\.\d+e[+-]\d+"


def parameter(name, shape, verdict="pass", *, bound=1e-16, errors=1, off=0.5, opinion=False):
    """Return a parameter of which the first entries have the verdict, the rest passes."""
    size = int(np.prod(shape))
    numerical = np.linspace(-1.0, -2.0, size).reshape(shape)
    analytic = numerical.copy()
    codes = np.zeros(size, np.uint8)
    if verdict != "pass":
        analytic.reshape(-1)[:errors] += off
        codes[:errors] = CODES[verdict]
    return ParameterReport(
        name=name,
        analytic=analytic,
        numerical=numerical,
        bound=np.full(shape, bound),
        codes=codes.reshape(shape),
        left=numerical,
        right=numerical,
        switched=np.zeros(shape, bool),
        second_opinion=numerical if opinion else None,
    )


def report(*parameters, **more):
    given = {
        "findings": (),
        "notes": (),
        "engine": "incremental",
        "step": 8.67e-19,
        "threads": 2,
        "loss": 2.302023,
        "accuracy": 0.13,
        "batch": 100,
        "seconds": 1.13,
        "engine_seconds": 0.107,
        "setup_seconds": 0.34,
        "record_seconds": 0.14,
    }
    return Report(params={item.name: item for item in parameters}, **{**given, **more})


def shown(whole, width=80, *, verbose=False, **options):
    out = StringIO()
    console = Console(file=out, width=width, legacy_windows=False, **options)
    console.print(renderable(whole, verbose=verbose))
    return [line.rstrip() for line in out.getvalue().rstrip("\n").split("\n")]


def network(layers, verdict="pass", **options):
    sizes = [784, *[100] * (layers - 1), 10]
    items = []
    for layer in range(1, layers + 1):
        shape = (sizes[layer - 1], sizes[layer])
        items.append(parameter(f"W{layer}", shape, verdict, **options))
        items.append(parameter(f"b{layer}", shape[1:], verdict, **options))
    return items


def test_approximate_tells_how_many_and_what_it_means():
    whole = report(parameter("W1", (2, 600), "approximate", errors=1100))
    assert shown(whole)[-2:] == [
        "APPROXIMATE: close, but systematically beyond the bound",
        "      (1,100 of 1,200 parameters, within rtol: it passes, unless strict)",
    ]


LONG = "The gradient of W1 and b1 is twice the numerical one. " * 4


@pytest.mark.parametrize("layers", [1, 2, 3, 10])
@pytest.mark.parametrize("verdict", ["pass", "kink", "approximate", "fail", "inconclusive"])
@pytest.mark.parametrize("much", [False, True])
def test_never_more_than_a_screenful(layers, verdict, much):
    more = {}
    if much:
        more = {
            "findings": [Finding(None, LONG, severe=False)] * 5,
            "notes": ["the reference engine was used, since the loss cannot be recorded"] * 5,
            "second_opinion": "torch",
            "image": (28, 28),
        }
    whole = report(*network(layers, verdict, errors=10, opinion=much), **more)
    lines = shown(whole)
    assert len(lines) <= 22
    assert max(map(len, lines)) <= 80
    assert "…" not in "".join(lines)
    assert lines == str(whole).split("\n")
    assert lines[-1].startswith((whole.verdict.upper(), "      ("))


@pytest.mark.parametrize("width", [100, 80, 60, 40])
@pytest.mark.parametrize("opinion", [None, "torch"])
@pytest.mark.parametrize("verdict", ["pass", "approximate", "inconclusive"])
def test_no_number_is_cropped_in_a_narrow_terminal(width, opinion, verdict):
    items = network(2, verdict, bound=1e-100, opinion=opinion is not None)
    whole = report(*items, second_opinion=opinion, image=(28, 28))
    for verbose in (False, True):
        lines = shown(whole, width, verbose=verbose)
        assert max(map(len, lines)) <= width
        assert "…" not in "".join(lines)
        if width >= 60:
            (row,) = {line for line in lines if line.startswith("W1[0, 0] ")}
            assert len(re.findall(NUMBER, row)) >= 3
            assert row.endswith(verdict)


def test_a_pass_shows_the_worst_of_each_and_no_failing_element():
    lines = shown(report(*network(2)))
    assert sum(line.startswith("worst of each ") for line in lines) == 1
    assert not any(line.startswith("worst of all") for line in lines)


@pytest.mark.parametrize("verdict", ["fail", "inconclusive"])
def test_a_failure_shows_the_worst_of_all(verdict):
    lines = shown(report(*network(2, verdict)))
    assert sum(line.startswith("worst of all ") for line in lines) == 1
    assert not any(line.startswith("worst of each") for line in lines)
    verbose = shown(report(*network(2, verdict)), verbose=True)
    assert any(line.startswith("worst of each ") for line in verbose)
    assert any(line.startswith("worst of all ") for line in verbose)


def test_the_worst_of_all_are_by_layer():
    first = parameter("W1", (3, 3), "fail", errors=9)
    second = parameter("W2", (3, 3), "fail", errors=9, off=5.0)
    bias = parameter("b1", (3,), "fail", errors=1, off=2.0)
    lines = shown(report(first, bias, second))
    names = [line.split("[")[0] for line in lines if re.match(r"\w+\[", line)]
    assert names == ["W2", "W2", "W2", "b1", "W1", "W1"]


def test_an_inconclusive_element_is_found_among_worse_ones_that_pass():
    item = parameter("W1", (4, 4), "inconclusive", bound=1.0, off=1e-9)
    item.analytic[2:] += 0.5
    (row,) = [line for line in shown(report(item)) if line.startswith("W1[")]
    assert row.startswith("W1[0, 0] ")


def test_of_many_parameters_only_the_worst_are_listed():
    items = network(10)
    items[9] = parameter("b5", (100,), "fail")
    lines = shown(report(*items))
    at = lines.index("... and 14 more parameters, all pass")
    assert at == 7
    assert any(line.startswith("b5 ") for line in lines[:at])
    verbose = shown(report(*items), verbose=True)
    assert not any("more parameter" in line for line in verbose)
    assert sum(re.match(r"[Wb]\d+ +\d", line) is not None for line in verbose) == 20


def test_what_is_left_out_need_not_pass():
    lines = shown(report(*network(4, "fail"), parameter("k", (2,))))
    assert "... and 3 more parameters: 2 fail, 1 pass" in lines
    lines = shown(report(*network(3, "fail"), parameter("k", (2,))))
    assert "... and 1 more parameter, it passes" in lines


def test_pixels():
    image = (28, 28)
    item = parameter("W1", (784, 10), "fail")
    item.analytic[0, 0], item.codes[0, 0] = item.numerical[0, 0], CODES["pass"]
    item.analytic[405, 7], item.codes[405, 7] = 0.0, CODES["fail"]
    other = parameter("W2", (784, 10), "fail")
    whole = report(item, other, image=image)
    lines = shown(whole)
    assert any(line.startswith("W1[405, 7] (pixel 14, 13)  ") for line in lines)
    assert any(line.startswith("W2[0, 0]  ") for line in lines)
    content = whole.to_dict()
    assert content["image"] == [28, 28]
    assert content["params"]["W1"]["worst"][0]["pixel"] == [14, 13]
    assert content["params"]["W2"]["worst"][0]["pixel"] is None
    assert whole.worst(1)[0].label == "W1[405, 7] (pixel 14, 13)"
    assert item.worst(1)[0].label == "W1[405, 7]"


def test_no_pixels_where_the_first_weight_checked_reads_none():
    whole = report(parameter("W2", (50, 10), "fail"), image=(28, 28))
    assert whole.worst(1)[0].pixel is None
    assert report(parameter("b1", (50,)), image=(28, 28)).worst(1)[0].pixel is None


def test_resolution_and_zeros():
    item = parameter("W1", (4, 3), bound=3e-9)
    item.numerical[1] = item.analytic[1] = 0.0
    item.numerical[0, 0] = item.analytic[0, 0] = 0.0
    bias = parameter("b1", (3,), bound=2.0)
    bias.numerical[2] = bias.analytic[2] = 0.0
    scale = parameter("scale", (2,))
    scale.numerical[1] = scale.analytic[1] = 0.0
    whole = report(item, bias, scale, parameter("b2", (2,)))
    lines = shown(whole)
    assert "visible relative error: median 2e-9, worst 2e0; 2 of 13 unresolved" in lines
    assert (
        "zero on both sides: W1 4 (1 unused input), b1 1 (1 dead unit), scale 1 (no effect)"
        not in lines
    )
    assert "zero on both sides: W1 4 (1 unused input), b1 1 (1 dead unit), and in 1 more" in lines
    assert (
        "zero on both sides: W1 4 (1 unused input, 1 without effect), b1 1 (1 dead unit),\n"
        "scale 1 (no effect)"
    ) in "\n".join(shown(whole, verbose=True))
    zeros = whole.to_dict()["params"]["W1"]["zero_on_both_sides"]
    assert zeros == {"entries": 4, "unused_inputs": 1, "dead_units": 0, "no_effect": 1}


def test_a_gradient_that_is_zero_everywhere():
    item = parameter("W1", (2, 2))
    item.numerical[:] = item.analytic[:] = 0.0
    lines = shown(report(item))
    assert "no relative error could be seen: the numerical gradient is zero everywhere" in lines
    assert "zero on both sides: W1 4 (all of it)" in lines
    assert report(item).to_dict()["resolution"]["median"] is None


def test_a_bound_that_stands_for_zero():
    item = parameter("W1", (1, 1), bound=1.3e-282)
    assert re.search(r" 0\.0e\+00 +0  pass", "\n".join(shown(report(item))))
    assert re.search(r" 0\.0e\+00 +1\.3e-282  pass", "\n".join(shown(report(item), verbose=True)))


def test_findings_come_right_before_the_verdict_the_severe_ones_first_in_red():
    findings = [
        Finding("W1", "It is twice as large.", "factor", severe=False),
        Finding("b1", "The gradient has the wrong shape.", "shape"),
    ]
    whole = report(parameter("W1", (2, 2), "fail"), findings=findings)
    assert shown(whole)[-3:] == [
        "finding: b1: The gradient has the wrong shape.",
        "finding: W1: It is twice as large.",
        "FAIL: 1 of 4 parameters have a wrong gradient",
    ]
    coloured = shown(whole, color_system="standard", force_terminal=True)
    assert coloured[-3].startswith("\x1b[31m")
    assert coloured[-2].startswith("\x1b[1m")


def test_what_is_left_out_is_counted_and_shown_when_verbose():
    items = network(3, "fail", errors=10)
    whole = report(*items, findings=[Finding(None, LONG)] * 6, notes=["slow"] * 6)
    text = "\n".join(shown(whole))
    assert re.search(r"^\.\.\. and \d more findings; verbose shows all$", text, re.MULTILINE)
    assert re.search(r"^\.\.\. and \d more notes; verbose shows all$", text, re.MULTILINE)
    verbose = whole.to_text(verbose=True)
    assert (verbose.count("finding: "), verbose.count("note: ")) == (6, 6)
    assert verbose.count("\nW1[") + verbose.count("\nb1[") > 4
    assert whole.to_text() == str(whole) == text


@pytest.mark.parametrize(
    ("parameters", "findings", "sentence"),
    [
        ([parameter("W1", (2,))], 1, "FAIL: 1 finding; the gradient itself agrees"),
        ([], 2, "FAIL: 2 findings; nothing was compared"),
        (
            [parameter("W1", (2,), "inconclusive")],
            1,
            "FAIL: 1 finding; no element is known to be wrong",
        ),
    ],
)
def test_a_finding_that_fails_by_itself(parameters, findings, sentence):
    whole = report(*parameters, findings=[Finding(None, "Bad.")] * findings)
    assert shown(whole)[-1] == sentence
    assert shown(whole, verbose=True)[-1] == sentence


def test_parameters_that_are_mostly_below_their_bounds_are_named():
    hidden = parameter("W1", (3, 4), bound=3.0)
    remark = "W1: most gradients are smaller than their bounds; a mistake there may pass"
    assert shown(report(hidden, parameter("b1", (4,))))[-2] == remark
    single = replace(hidden, analytic=hidden.analytic.astype(np.float32))
    assert shown(report(single), 120)[-2] == f"{remark} (in float64 fewer are)"
    many = [parameter(f"W{i}", (2,), bound=3.0) for i in range(6)]
    assert any(line.startswith("W0, W1, W2, W3, ...: most") for line in shown(report(*many)))
    fine = shown(report(parameter("W1", (3, 4), bound=1.1)))
    assert not any("most gradients" in line for line in fine)


def test_losses_of_an_odd_size():
    assert "loss 3e+300," in " ".join(shown(report(loss=3e300)))
    assert "loss 1.5e-30," in " ".join(shown(report(loss=1.5e-30)))
    assert "loss 0.000000," in " ".join(shown(report(loss=0.0)))


def test_what_a_step_leaves_open_is_said_to_be_lost_in_rounding():
    open_ = parameter("W1", (3, 4), "inconclusive", errors=5)
    remark = "5 lost in the rounding of the loss, over a step of 0.0001: use float64, or a larger"
    text = " ".join(shown(report(open_, engine="reference", step=1e-4)))
    assert remark in text
    assert "lost in the rounding" not in " ".join(shown(report(open_)))
