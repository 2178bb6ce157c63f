"""The result of a check, and how it is shown."""

from fastcheck.report.model import Entry, ParameterReport, Report
from fastcheck.verdict import Finding

__all__ = ["Entry", "Finding", "ParameterReport", "Report"]
