"""The result of a check, and how it is shown."""

from fastcheck.report.model import Report
from fastcheck.report.parameter import Entry, ParameterReport
from fastcheck.verdict import Finding

__all__ = ["Entry", "Finding", "ParameterReport", "Report"]
