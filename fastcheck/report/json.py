"""The report as plain data. The layout carries a version: readers check ``schema`` first."""

from __future__ import annotations

import json
import math
from dataclasses import asdict
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from fastcheck.report.model import Report
from fastcheck.report.parameter import Entry, ParameterReport
from fastcheck.report.resolution import Resolution
from fastcheck.verdict import Finding

SCHEMA = "fastcheck.report/1"


def as_dict(report: Report) -> dict[str, Any]:
    """Return the report as dicts, lists, strings and numbers; None for nan and infinity."""
    return {
        "schema": SCHEMA,
        "verdict": report.verdict,
        "passed": report.passed,
        "loss": _number(report.loss),
        "accuracy": _number(report.accuracy),
        "batch": report.batch,
        "parameters": report.size,
        "engine": report.engine,
        "scheme": report.scheme,
        "step": report.step,
        "threads": report.threads,
        "seconds": report.seconds,
        "engine_seconds": report.engine_seconds,
        "setup_seconds": report.setup_seconds,
        "record_seconds": report.record_seconds,
        "parameters_per_second": _number(report.parameters_per_second),
        "image": None if report.image is None else list(report.image),
        "resolution": _resolution(report.resolution),
        "params": {name: _parameter(report, item) for name, item in report.params.items()},
        "findings": [_finding(finding) for finding in report.findings],
        "notes": list(report.notes),
        "second_opinion": report.second_opinion,
    }


def as_json(report: Report, path: str | PathLike[str] | None = None) -> str:
    """Return the report as JSON text; with `path`, also write it there."""
    text = json.dumps(as_dict(report), indent=2, allow_nan=False) + "\n"
    if path is not None:
        Path(path).write_text(text, encoding="utf-8")
    return text


def _parameter(report: Report, item: ParameterReport) -> dict[str, Any]:
    return {
        "shape": list(item.shape),
        "dtype": str(item.analytic.dtype),
        "verdict": item.verdict,
        "counts": item.counts,
        "mean_abs_error": _number(item.mean_abs_error),
        "max_abs_error": _number(item.max_abs_error),
        "max_rel_error": _number(item.max_rel_error),
        "resolution": _resolution(item.resolution),
        "zero_on_both_sides": asdict(item.vacuity),
        "worst": [_entry(entry) for entry in report.with_pixels(item.worst())],
    }


def _resolution(figures: Resolution) -> dict[str, Any]:
    return {
        "median": _number(figures.median),
        "worst": _number(figures.worst),
        "unresolved": figures.unresolved,
        "entries": figures.entries,
    }


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "parameter": finding.parameter,
        "parameters": list(finding.parameters),
        "message": finding.message,
        "kind": finding.kind,
        "severe": finding.severe,
        "where": list(finding.where),
        "evidence": {name: _evidence(value) for name, value in finding.evidence.items()},
    }


def _evidence(value: float | str) -> float | str | None:
    plain = value.item() if isinstance(value, np.generic) else value
    return _number(plain) if isinstance(plain, float) else plain


def _entry(entry: Entry) -> dict[str, Any]:
    return {
        "index": list(entry.index),
        "pixel": None if entry.pixel is None else list(entry.pixel),
        "analytic": _number(entry.analytic),
        "numerical": _number(entry.numerical),
        "error": _number(entry.error),
        "bound": _number(entry.bound),
        "verdict": entry.verdict,
        "second_opinion": _number(entry.second_opinion),
    }


def _number(value: float | None) -> float | None:
    """JSON has no nan and no infinity."""
    return value if value is not None and math.isfinite(value) else None
