"""The exceptions of fastcheck, and the argument checks that every package shares.

Each exception also is the built-in that fits, so ``except ValueError`` keeps working.
Messages read ``name=value rule; remedy``.
"""

# N818: the names say what happened and are public; "Error" would add nothing.

from __future__ import annotations

import difflib
import math
import operator
from collections.abc import Callable, Iterable
from functools import partial
from numbers import Real
from typing import Any

__all__ = [
    "CannotRecord",
    "DataError",
    "FastcheckError",
    "GradientMismatch",
    "InternalError",
    "InvalidArgument",
    "InvalidType",
    "MissingDependency",
    "UnknownChoice",
    "check_integer",
    "check_positive",
    "unknown_choice",
]


class FastcheckError(Exception):
    """Base of everything that fastcheck raises on purpose."""


class InvalidArgument(FastcheckError, ValueError):  # noqa: N818
    """An argument has a value or shape that its rule forbids."""


class InvalidType(FastcheckError, TypeError):  # noqa: N818
    """An argument is of a kind that cannot be used."""


class UnknownChoice(InvalidArgument):
    """An option is none of its choices; made by `unknown_choice`."""


class DataError(FastcheckError, ValueError):
    """A data file is damaged or not of the expected format."""


class MissingDependency(FastcheckError, ImportError):  # noqa: N818
    """An optional package that was asked for cannot be imported."""


class InternalError(FastcheckError, RuntimeError):
    """fastcheck contradicts itself: a fault of ours, not of the caller."""


class CannotRecord(FastcheckError, RuntimeError):  # noqa: N818
    """The user's forward does something that cannot be recorded.

    Parameters
    ----------
    operation : str
        What was attempted, e.g. ``"float()"``.
    filename : str
        The user's file in which it happened.
    line : int
        Its line, counted from 1.
    reason : str
        Why it cannot be recorded.
    """

    def __init__(self, *, operation: str, filename: str, line: int, reason: str) -> None:
        super().__init__(f"cannot record {operation} at {filename}:{line}: {reason}")
        self.operation = operation
        self.filename = filename
        self.line = line
        self.reason = reason

    def __reduce__(self) -> tuple[Callable[[], CannotRecord], tuple[()]]:
        # The inherited one calls cls(message), which keyword-only arguments refuse.
        # Worker processes send exceptions home pickled.
        rebuild = partial(
            type(self),
            operation=self.operation,
            filename=self.filename,
            line=self.line,
            reason=self.reason,
        )
        return rebuild, ()


class GradientMismatch(FastcheckError, AssertionError):  # noqa: N818
    """A gradient check did not pass.

    Parameters
    ----------
    message : str
        The rendered findings, worst entries first.
    report : Report
        The whole result. Typed Any, since this module is below the reports.
    """

    def __init__(self, message: str, report: Any) -> None:
        super().__init__(message)
        self.report = report

    def __reduce__(self) -> tuple[type[GradientMismatch], tuple[str, Any]]:
        return type(self), (str(self), self.report)


def unknown_choice(
    name: str, value: object, choices: Iterable[str], *, listed_by: str | None = None
) -> UnknownChoice:
    """Return (not raise) the error for an option that is none of its choices.

    Parameters
    ----------
    name : str
        The option.
    value : object
        What was given.
    choices : iterable of str
        What may be given, in the order in which to list it.
    listed_by : str, optional
        The command that lists the choices, where they are too many for a message.

    Returns
    -------
    UnknownChoice
        Its message lists the choices and, if one is close, the nearest.
    """
    choices = list(choices)
    if listed_by is None:
        remedy = f"choose from {', '.join(map(repr, choices))}"
    else:
        remedy = f"'{listed_by}' lists all {len(choices)} that there are"
    message = f"{name}={value!r} is unknown; {remedy}"
    if isinstance(value, str):
        by_lower_case = {choice.lower(): choice for choice in choices}
        nearest = difflib.get_close_matches(value.lower(), by_lower_case, n=1)
        if nearest:
            message += f" (did you mean {by_lower_case[nearest[0]]!r}?)"
    return UnknownChoice(message)


def check_integer(name: str, value: object, *, minimum: int, remedy: str) -> int:
    """Return `value` as an int that is at least `minimum`.

    Parameters
    ----------
    name, remedy : str
        What the message calls the argument, and advises.
    value : object
        Python or NumPy integer.
    minimum : int
        Smallest value allowed.

    Raises
    ------
    InvalidType
        If `value` is not an integer; a bool is none.
    InvalidArgument
        If it is below `minimum`.
    """
    message = f"{name}={value!r} must be an integer >= {minimum}; {remedy}"
    if isinstance(value, bool):
        raise InvalidType(message)
    try:
        number = operator.index(value)  # type: ignore[arg-type]  # tried, not known
    except TypeError:
        raise InvalidType(message) from None
    if number < minimum:
        raise InvalidArgument(message)
    return number


def check_positive(name: str, value: object, *, remedy: str) -> float:
    """Return `value` as a Python float that is positive and finite.

    A Python float, because a NumPy float64 scalar would turn float32 arrays into
    float64 ones.

    Raises
    ------
    InvalidType
        If `value` is not a real number; a bool is none.
    InvalidArgument
        If it is not positive and finite.
    """
    message = f"{name}={value!r} must be a positive finite number; {remedy}"
    if isinstance(value, bool) or not isinstance(value, Real):
        raise InvalidType(message)
    number = float(value)
    if not (number > 0 and math.isfinite(number)):
        raise InvalidArgument(message)
    return number
