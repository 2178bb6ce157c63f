"""The result of a check, and how it is shown."""

from fastcheck.report.model import Entry, Finding, ParameterReport, Report

__all__ = ["Entry", "Finding", "ParameterReport", "Report"]
