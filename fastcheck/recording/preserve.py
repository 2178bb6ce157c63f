"""Everything of the user's as it was: whatever a call of the loss changes is put back.

A loss leaves caches on its layers, counts its calls, updates a running mean in place, draws from a
random generator. None of that may be left behind by a check that called it a dozen times, some of
them at perturbed parameters.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastcheck.recording.reach import swapped
from fastcheck.recording.undo import Undo


@contextmanager
def preserved(*roots: Any) -> Iterator[None]:
    """Let the block change what `roots` can reach; put back every object and every bit afterwards.

    The contents of every array that can be written to are copied for the time of the block.
    """
    with closing(Undo()) as undo:
        undo.callback(random.setstate, random.getstate())
        undo.callback(np.random.set_state, np.random.get_state())  # noqa: NPY002 - the user's

        def keep(leaf: Any) -> Any:
            put_back = _put_back_content(leaf)
            if put_back is not None:
                undo.callback(put_back)
            return leaf

        with swapped(roots, keep):
            yield


def _put_back_content(leaf: Any) -> Callable[[], object] | None:
    """Return what restores the content of a leaf that has one."""
    if isinstance(leaf, np.ndarray):
        return _put_back_array(np.asarray(leaf)) if leaf.flags.writeable else None
    if isinstance(leaf, np.random.Generator):
        generator, state = leaf.bit_generator, leaf.bit_generator.state
        return lambda: setattr(generator, "state", state)
    if isinstance(leaf, np.random.RandomState):
        legacy_state = leaf.get_state()
        return lambda: leaf.set_state(legacy_state)
    return None


def _put_back_array(array: NDArray[Any]) -> Callable[[], None]:
    before = array.copy()

    def put_back() -> None:
        if array.flags.writeable:
            array[...] = before

    return put_back
