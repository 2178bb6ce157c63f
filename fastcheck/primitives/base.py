"""What every primitive tells: name, code, meaning in NumPy, and how it becomes instructions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from fastcheck.primitives.loops import Shape
from fastcheck.primitives.running_error import Bound, unknown_error
from fastcheck.primitives.slopes import Slope, unknown_slopes
from fastcheck.primitives.spread import spread_elementwise

# Two coefficients and their limit, each of the result's shape.
Coefficients = tuple[Any, Any, Any]

# A family owns this many consecutive codes; the interpreter finds the family as code //
# FAMILY_SIZE.
FAMILY_SIZE = 32


class Form(Enum):
    """How the incremental engine carries a difference through a primitive.

    LINEAR: a sum of its operands, each with a sign. PRODUCT, QUOTIENT: elementwise, linear in one
    operand. CURVED: elementwise, with a series for small steps of the first operand. SOFT: the same
    for small steps of both operands, the logarithm of a sum of exp. SIDED: elementwise, linear on
    either side of a switch between its first two operands (of its operand and 0). FLAT: the same,
    and constant on either side. CHOICE: ``where``. RULED: elementwise, by its exact rule alone. The
    others are operations of their own.
    """

    LINEAR = auto()
    PRODUCT = auto()
    QUOTIENT = auto()
    CURVED = auto()
    SOFT = auto()
    SIDED = auto()
    FLAT = auto()
    CHOICE = auto()
    RULED = auto()
    MATMUL = auto()
    SUM = auto()
    EXTREME = auto()
    GATHER = auto()
    RESHAPE = auto()
    CROSS_ENTROPY = auto()


@dataclass(frozen=True, slots=True)
class Span:
    """A run of float64 elements in the interpreter's memory."""

    offset: int
    size: int


class Lowering(Protocol):
    """What a primitive sees of the plan that is being built (`fastcheck.engine.plan`)."""

    @property
    def skip_zeros(self) -> bool:
        """Whether a product may leave out zeros of a constant: where nothing is inf or nan."""

    def shape(self, value: int) -> Shape:
        """Return the shape of a value of the program."""

    def span(self, value: int) -> Span:
        """Return where a value lies; the output's place is made on the first call."""

    def temporary(self, size: int) -> Span:
        """Return room for an intermediate result of `size` elements."""

    def constant(self, value: int) -> NDArray[Any] | None:
        """Return the value's array where no parameter reaches it, else None."""

    def store(self, array: NDArray[Any]) -> Span:
        """Put a constant array into the interpreter's memory."""

    def share(self, output: int, value: int) -> None:
        """Let `output` lie where `value` lies: the same elements under another shape."""

    def emit(
        self,
        code: int,
        out: Span,
        operands: tuple[Span, ...],
        dims: tuple[int, ...] = (),
        *,
        index: NDArray[np.int64] | None = None,
        decisions: int = 0,
    ) -> None:
        """Append an instruction that fills `out` and notes `decisions` switch positions."""


def no_coefficients(
    operands: Sequence[NDArray[Any]], result: NDArray[Any], margin: Any
) -> Coefficients:
    """Return the limit 0 everywhere: the exact rule alone serves."""
    return 0.0, 0.0, 0.0


@dataclass(frozen=True, slots=True)
class Primitive:
    """One array operation of a Program.

    Attributes
    ----------
    name
        The name in listings and messages.
    code
        The first number of an instruction; ``code // FAMILY_SIZE`` is the family.
    evaluate
        The forward in NumPy: the input arrays, then the operation's attributes by keyword.
    lower
        Appends the operation's instructions to a plan: ``lower(lowering, code, inputs, output,
        attributes)``.
    spread
        Which elements of the result hang on which of the operands, see
        `fastcheck.primitives.spread`.
    form, signs
        How a difference goes through it; for LINEAR, the sign of each operand.
    coefficients
        For QUOTIENT, CURVED, SOFT, SIDED and FLAT, what stands in place of the exact rule while
        steps are small: ``coefficients(operands, result, margin)``, with the operands broadcast to
        the result's shape and the reach of their rounding, the two coefficients that
        `fastcheck.engine.kernels.layout` names, and the limit of the steps; 0 where it is the exact
        rule that serves.
    error
        How far rounding may take the result, see `fastcheck.primitives.running_error`.
    slopes
        The slope by each operand and how well it can be known, see `fastcheck.primitives.slopes`.
        Matrix products and rearrangements have none.
    """

    name: str
    code: int
    evaluate: Callable[..., NDArray[Any]] = field(repr=False)
    lower: Callable[[Lowering, int, tuple[int, ...], int, Mapping[str, Any]], None] = field(
        repr=False
    )
    spread: Callable[..., NDArray[Any]] = field(default=spread_elementwise, repr=False)
    form: Form = field(default=Form.RULED, repr=False)
    signs: tuple[int, ...] = field(default=(1,), repr=False)
    coefficients: Callable[..., Coefficients] = field(default=no_coefficients, repr=False)
    error: Callable[..., Bound] = field(default=unknown_error, repr=False)
    slopes: Callable[..., tuple[Slope, ...]] = field(default=unknown_slopes, repr=False)
