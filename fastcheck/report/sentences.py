"""Findings as sentences."""

from __future__ import annotations

import re
from collections.abc import Iterable

from fastcheck.verdict import Finding


def sentence(finding: Finding) -> str:
    """Return the message, with the parameter and the place where it does not tell them itself."""
    text = finding.message
    if finding.parameter is not None and not _mentions(text, finding.parameter):
        text = f"{finding.parameter}: {text}"
    if finding.where and not any(_mentions(text, place) for place in finding.where):
        one = "" if len(finding.where) == 1 else "one of "
        text = f"{text.rstrip('.')}. It is in {one}{', '.join(finding.where)}."
    return text


def severe_first(findings: Iterable[Finding]) -> list[Finding]:
    """Return those that fail the check by themselves, then those that explain or note."""
    return sorted(findings, key=lambda finding: not finding.severe)


def _mentions(text: str, name: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text) is not None
