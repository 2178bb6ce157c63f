"""Findings as sentences."""

from __future__ import annotations

import pytest

from fastcheck.report import Finding
from fastcheck.report.sentences import sentence, severe_first


@pytest.mark.parametrize(
    ("finding", "text"),
    [
        (Finding(None, "Bad."), "Bad."),
        (Finding("W1", "Bad."), "W1: Bad."),
        (Finding("W1", "The gradient of W1 is bad."), "The gradient of W1 is bad."),
        (Finding("W1", "The gradient of W12 is bad."), "W1: The gradient of W12 is bad."),
        (
            Finding(None, "Bad. It is in the backward of Relu2.", where=("Relu2",)),
            "Bad. It is in the backward of Relu2.",
        ),
        (Finding(None, "Bad.", where=("Relu2",)), "Bad. It is in Relu2."),
        (Finding(None, "Bad", where=("Relu2", "l2")), "Bad. It is in one of Relu2, l2."),
    ],
)
def test_nothing_is_said_twice(finding, text):
    assert sentence(finding) == text


def test_severe_findings_come_first():
    findings = [Finding(None, text, severe=text in "ac") for text in "bacd"]
    assert [finding.message for finding in severe_first(findings)] == ["a", "c", "b", "d"]
