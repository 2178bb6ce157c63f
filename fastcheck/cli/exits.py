"""The exit codes."""

from __future__ import annotations

PASSED, FAILED, BAD_USAGE, INCONCLUSIVE, INTERRUPTED = 0, 1, 2, 3, 130

OF_VERDICT = {
    "pass": PASSED,
    "approximate": PASSED,
    "fail": FAILED,
    "inconclusive": INCONCLUSIVE,
}
