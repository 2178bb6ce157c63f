"""What ``argmax`` and its kin give for recorded arrays: kept by many layers, and not to be read.

A pooling layer keeps for its backward which element was the largest, and takes the largest itself
by ``max``. Where the loss reads from such places, which it reads depends on the parameters, and the
recording ends.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn

from numpy.typing import NDArray

from fastcheck.recording.tape import Tape

_READING = frozenset(
    {
        "array",
        "array_ufunc",
        "array_function",
        "index",
        "int",
        "float",
        "bool",
        "len",
        "iter",
        "getitem",
        "contains",
        "eq",
        "ne",
        "lt",
        "le",
        "gt",
        "ge",
        "add",
        "radd",
        "sub",
        "rsub",
        "mul",
        "rmul",
        "truediv",
        "rtruediv",
        "floordiv",
        "rfloordiv",
        "mod",
        "rmod",
        "pow",
        "rpow",
        "and",
        "rand",
        "or",
        "ror",
        "xor",
        "rxor",
        "neg",
        "pos",
        "abs",
        "invert",
    }
)
_REARRANGING = frozenset({"reshape", "ravel", "flatten", "copy", "astype", "squeeze", "transpose"})
_TOLD = frozenset({"shape", "ndim", "size", "dtype"})


class Places:
    """Indices that depend on the parameters: they have a shape, and whoever reads them is refused.

    Attributes
    ----------
    tape
        What refuses.
    name
        What made them.
    """

    __hash__ = None  # type: ignore[assignment]  # as an array

    def __init__(self, tape: Tape, name: str, view: NDArray[Any]) -> None:
        self.tape, self.name, self._view = tape, name, view

    def __getattr__(self, name: str) -> Any:
        if name in _TOLD:
            return getattr(self._view, name)
        if name not in _REARRANGING:
            self.refuse()
        return self._rearranging(name)

    def refuse(self) -> NoReturn:
        """End the recording."""
        self.tape.refuse(
            self.name, "which element it finds depends on the parameters; use a mask or np.where"
        )

    def _rearranging(self, name: str) -> Callable[..., Places]:
        def rearranged(*args: Any, **options: Any) -> Places:
            return Places(self.tape, self.name, getattr(self._view, name)(*args, **options))

        return rearranged


def _reading(self: Places, *_: Any, **__: Any) -> NoReturn:
    self.refuse()


for _name in _READING:
    setattr(Places, f"__{_name}__", _reading)
