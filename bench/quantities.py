"""Numbers in words."""

from __future__ import annotations

NONE = "–"  # noqa: RUF001 - a dash, as printed tables have it


def duration(seconds: float) -> str:
    """Return three digits in s, ms or µs."""
    for unit, size in (("s", 1.0), ("ms", 1e-3)):
        if seconds >= size:
            return f"{_three_digits(seconds / size)} {unit}"
    return f"{_three_digits(seconds / 1e-6)} µs"


def times(ratio: float) -> str:
    """Return a ratio as "3.6 ×"."""
    return f"{ratio:,.0f} ×" if ratio >= 99.95 else f"{ratio:.1f} ×"


def factor(ratio: float) -> str:
    """Return a ratio near 1 as "1.08"."""
    return f"{ratio:.2f}"


def error(value: float) -> str:
    """Return a relative error as "6.1e-16"."""
    return f"{value:.1e}"


def medians_of(rounds: int) -> str:
    """Return how times were taken, the beginning of a sentence."""
    return f"Medians of {rounds} interleaved round{'s' if rounds != 1 else ''}"


def megabytes(size: float) -> str:
    """Return bytes as "213 MB"."""
    return f"{size / 1e6:,.0f} MB"


def _three_digits(value: float) -> str:
    return f"{value:,.0f}" if value >= 99.95 else f"{value:.3g}"
