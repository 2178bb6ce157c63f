"""The recording array: behaves like an ndarray, computes like one, and writes down what it does.

It is not a subclass: a subclass loses the recording silently in ``np.array(a)`` or ``plain[...] =
a``.
It is an object that NumPy asks through its two protocols and that answers ``ndarray`` when asked
for its class, so that every escape from the recording passes through one of the methods below.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin
from numpy.typing import NDArray

from fastcheck.recording.storage import Storage
from fastcheck.recording.tape import Tape


class RecordingArray(NDArrayOperatorsMixin):
    """A view over a storage.

    Attributes are those of ndarray, as far as the recorder knows them; `storage`, `view`, `plain`
    and `is_scalar` are the recorder's own. A 0-d array whose `view` cannot be written to stands for
    a NumPy scalar: ``total += term`` gives a new scalar, and whoever holds the old one keeps it.
    """

    __slots__ = ("storage", "view")

    def __init__(self, storage: Storage, view: NDArray[Any]) -> None:
        self.storage = storage
        self.view = view

    @property
    def __class__(self) -> type:
        return self.view.dtype.type if self.is_scalar else np.ndarray

    @__class__.setter
    def __class__(self, value: type) -> None:
        raise TypeError("a recording array's class cannot be changed")

    @property
    def is_scalar(self) -> bool:
        return self.view.ndim == 0 and not self.view.flags.writeable

    @property
    def plain(self) -> Any:
        """The real array or scalar."""
        return self.view[()] if self.is_scalar else self.view

    # What decides nothing and may be told freely.

    @property
    def shape(self) -> tuple[int, ...]:
        return self.view.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        return self.view.dtype

    @property
    def ndim(self) -> int:
        return self.view.ndim

    @property
    def size(self) -> int:
        return self.view.size

    @property
    def itemsize(self) -> int:
        return self.view.itemsize

    @property
    def nbytes(self) -> int:
        return self.view.nbytes

    @property
    def strides(self) -> tuple[int, ...]:
        return self.view.strides

    @property
    def flags(self) -> Any:
        return self.view.flags

    def __len__(self) -> int:
        return len(self.view)

    def __repr__(self) -> str:
        return repr(self.plain)

    def __str__(self) -> str:
        return str(self.plain)

    def __format__(self, specification: str) -> str:
        return format(self.view[()] if self.ndim == 0 else self.view, specification)

    # NumPy's protocols.

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **options: Any) -> Any:
        from fastcheck.recording.dispatch import call_ufunc

        return call_ufunc(self.storage.tape, ufunc, method, inputs, options)

    def __array_function__(
        self, function: Callable[..., Any], types: Any, args: Any, options: Any
    ) -> Any:
        from fastcheck.recording.dispatch import call_function

        return call_function(self.storage.tape, function, args, options)

    # Methods are the functions of the same name.

    def __getattr__(self, name: str) -> Any:
        from fastcheck.recording.dispatch import method

        if name.startswith("__") or not hasattr(np.ndarray, name):
            raise AttributeError(f"'numpy.ndarray' object has no attribute {name!r}")
        return method(self, name)

    @property
    def T(self) -> RecordingArray:
        return RecordingArray(self.storage, self.view.T)

    def __copy__(self) -> Any:
        return self.copy()

    def __deepcopy__(self, memo: Any) -> Any:
        return self.copy()

    def __reduce_ex__(self, protocol: Any) -> Any:
        return self._escape("pickling", "keep it as it is").__reduce_ex__(protocol)

    # Items.

    def __getitem__(self, key: Any) -> Any:
        from fastcheck.recording.indexing import get_item

        return get_item(self, key)

    def __setitem__(self, key: Any, value: Any) -> None:
        from fastcheck.recording.indexing import set_item

        set_item(self, key, value)

    def __iter__(self) -> Iterator[Any]:
        if self.ndim == 0:
            raise TypeError("iteration over a 0-d array")
        return (self[i] for i in range(len(self)))

    # Escapes: fine for constants, and never silent for what depends on a parameter.

    def _escape(self, operation: str, remedy: str) -> NDArray[Any]:
        if self.storage.moves:
            self.storage.tape.refuse(operation, f"its value depends on the parameters; {remedy}")
        return self.view

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        array = self._escape("conversion to a plain array", "keep to NumPy functions and operators")
        return np.array(array, dtype=dtype, copy=bool(copy) or dtype not in (None, array.dtype))

    def __bool__(self) -> bool:
        return bool(self._escape("a decision (bool)", "use np.where or a mask"))

    def __int__(self) -> int:
        return int(self._escape("int()", "only constants can be converted"))

    def __index__(self) -> int:
        return self._escape("use as an index", "only constants can index").__index__()

    def __contains__(self, item: Any) -> bool:
        return item in self._escape("'in'", "only constants can be searched")

    def __float__(self) -> float:
        return float(self.item())

    def __hash__(self) -> int:
        raise TypeError("unhashable type: 'numpy.ndarray'")

    def item(self, *index: Any) -> Any:
        """Return an element as a Python number, and note that it left the recording.

        A loss may end in ``float(loss)``; the recorder recognises it. Any other use is found by the
        replay at perturbed parameters.
        """
        number = self.view.item(*index)
        if self.storage.moves:
            self.storage.tape.escaped(read(self._element(index)), number)
        return number

    def _element(self, index: tuple[Any, ...]) -> RecordingArray:
        """Return the element that ``item`` means: by its place in all, or one index per axis."""
        place = index[0] if len(index) == 1 else index
        if isinstance(place, tuple):
            return self[place] if place else self.reshape(())  # type: ignore[no-any-return]
        return self.reshape(-1)[place]  # type: ignore[no-any-return]


def is_recording(thing: Any) -> bool:
    """Tell whether `thing` is a recording array; ``isinstance`` would say yes to ndarrays too."""
    return type(thing) is RecordingArray


def fresh(tape: Tape, array: Any, value: int | None) -> RecordingArray:
    """Return a recording array over new memory that holds `array`, as program value `value`.

    Of a NumPy scalar it is a scalar again.
    """
    data = np.array(array, order="C").reshape(-1)
    view = data.reshape(np.shape(array))
    view.flags.writeable = not isinstance(array, np.generic)
    return RecordingArray(Storage(tape, data, value), view)


def read(thing: RecordingArray) -> int:
    """Return the value number of what the array holds now."""
    return thing.storage.read(thing.view)
