"""The lines of a report that are no table: summary, resolution, verdict."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np
from rich.text import Text

from fastcheck.report.model import Report
from fastcheck.report.parameter import ParameterReport
from fastcheck.report.tables import COLOURS

# Losses of such a size are printed without an exponent.
_PLAIN = 1e-3, 1e9
# So many parameters are named in a remark.
_NAMED = 4

_SENTENCES = {
    "pass": "PASS: backprop and numerical gradient agree for every one of {size:,} parameters",
    "approximate": (
        "APPROXIMATE: close, but systematically beyond the bound\n"
        "      ({approximate:,} of {size:,} parameters, within rtol: it passes, unless strict)"
    ),
    "fail": "FAIL: {failed:,} of {size:,} parameters have a wrong gradient",
    "inconclusive": (
        "INCONCLUSIVE: {undecided:,} of {size:,} parameters could not be judged, none failed"
    ),
}


def summary(report: Report) -> str:
    """Return loss, accuracy and batch."""
    accuracy = "" if report.accuracy is None else f", accuracy {report.accuracy:.1%}"
    return f"loss {_loss(report.loss)}{accuracy}, batch {report.batch}"


def engine(report: Report) -> str:
    """Return how the numerical gradient was computed."""
    threads = f"{report.threads} thread{'s' if report.threads != 1 else ''}"
    scheme = "" if report.scheme == "central" else f"scheme {report.scheme}, "
    return f"engine {report.engine}, {scheme}step {report.step:.3g}, {threads}"


def timing(report: Report) -> str:
    """Return how long it took, in two lines."""
    return (
        f"{report.size:,} parameters in {report.engine_seconds:.3g} s, "
        f"{report.parameters_per_second:,.0f} per second\n"
        f"{report.seconds:.3g} s in all: {report.record_seconds:.2g} s recording, "
        f"{report.setup_seconds:.2g} s for kernels and proof"
    )


def resolved(report: Report) -> str:
    """Return how small a relative error could have been seen."""
    figures = report.resolution
    if figures.median is None or figures.worst is None:
        return "no relative error could be seen: the numerical gradient is zero everywhere"
    return (
        f"visible relative error: median {_short(figures.median)}, "
        f"worst {_short(figures.worst)}; {figures.unresolved:,} of {figures.entries:,} unresolved"
    )


def zeros(report: Report, width: int | None) -> str:
    """Return which parameters have entries that are zero on both sides, and why.

    Parameters
    ----------
    width
        Where the line ends: what has no room is counted or left out. None: nothing is.
    """
    texts = [
        f"{name} {item.vacuity.entries:,} ({_reasons(item, all_of_them=width is None)})"
        for name, item in report.params.items()
        if item.vacuity.entries
    ]
    if not texts:
        return ""
    for shown in range(len(texts), 0, -1):
        more = [] if shown == len(texts) else [f"and in {len(texts) - shown} more"]
        line = f"zero on both sides: {', '.join(texts[:shown] + more)}"
        if width is None or len(line) <= width:
            break
    return line


def left_out(items: Sequence[ParameterReport]) -> str:
    """Return the line for the parameters that a table leaves out."""
    counts = Counter(item.verdict for item in items)
    noun = "parameter" if len(items) == 1 else "parameters"
    text = f"... and {len(items)} more {noun}"
    if set(counts) == {"pass"}:
        return f"{text}, {'it passes' if len(items) == 1 else 'all pass'}"
    return f"{text}: {', '.join(f'{count} {verdict}' for verdict, count in counts.items())}"


def remarks(report: Report) -> Iterator[str]:
    """Yield what is to be known beside the verdict, a line each."""
    kinks = sum(item.counts["kink"] for item in report.params.values())
    if kinks:
        yield f"{kinks:,} at a kink of the loss, between the slopes of its two sides"
    open_ = sum(item.counts["inconclusive"] for item in report.params.values())
    if open_ and report.engine != "incremental":
        yield (
            f"{open_:,} lost in the rounding of the loss, over a step of {report.step:.3g}: "
            "use float64, or a larger step"
        )
    hidden = [name for name, item in report.params.items() if item.resolution.is_poor]
    if hidden:
        names = ", ".join(hidden[:_NAMED]) + (", ..." if len(hidden) > _NAMED else "")
        text = f"{names}: most gradients are smaller than their bounds; a mistake there may pass"
        single = any(report.params[name].analytic.dtype == np.float32 for name in hidden)
        yield text + (" (in float64 fewer are)" if single else "")


def verdict(report: Report) -> Text:
    """Return the last line."""
    counts = [item.counts for item in report.params.values()]
    failed = sum(count["fail"] for count in counts)
    sentence = _SENTENCES[report.verdict].format(
        size=report.size,
        failed=failed,
        approximate=sum(count["approximate"] for count in counts),
        undecided=sum(count["inconclusive"] for count in counts),
    )
    if report.verdict == "fail" and not failed:
        severe = sum(finding.severe for finding in report.findings)
        what = "nothing was compared" if not report.size else "the gradient itself agrees"
        if any(count["inconclusive"] for count in counts):
            what = "no element is known to be wrong"
        sentence = f"FAIL: {severe} finding{'s' if severe > 1 else ''}; {what}"
    return Text(sentence, style=COLOURS[report.verdict])


def _reasons(item: ParameterReport, *, all_of_them: bool) -> str:
    found = item.vacuity
    if found.entries == item.numerical.size:
        return "all of it"
    reasons = [
        (found.unused_inputs, "unused input"),
        (found.dead_units, "dead unit"),
    ]
    texts = [f"{count:,} {noun}{'s' if count > 1 else ''}" for count, noun in reasons if count]
    if not texts:
        return "no effect"
    if found.no_effect and all_of_them:
        texts.append(f"{found.no_effect:,} without effect")
    return ", ".join(texts)


def _loss(value: float) -> str:
    """Return it with six decimals where these say anything and fit."""
    return f"{value:.6f}" if value == 0 or _PLAIN[0] <= abs(value) < _PLAIN[1] else f"{value:.6g}"


def _short(value: float) -> str:
    """Return one digit and the exponent, such as 2e-9."""
    digit, _, exponent = f"{value:.0e}".partition("e")
    return f"{digit}e{int(exponent)}" if exponent else digit
