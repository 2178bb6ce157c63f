"""A view of a part of an array, at the cost of adding to a pointer."""

from __future__ import annotations

from typing import Any

import numba
from numba.core import cgutils
from numba.extending import intrinsic
from numba.np.arrayobj import make_array, populate_array


@intrinsic
def _compiled_window(typing_context: Any, array: Any, first: Any, size: Any) -> Any:
    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        array_type = signature.args[0]
        source = make_array(array_type)(context, builder, arguments[0])
        result = make_array(array_type)(context, builder)
        populate_array(
            result,
            data=cgutils.gep_inbounds(builder, source.data, arguments[1]),
            shape=cgutils.pack_array(builder, [arguments[2]]),
            strides=source.strides,
            itemsize=source.itemsize,
            meminfo=None,
        )
        return result._getvalue()

    return array(array, numba.types.intp, numba.types.intp), code


def _plain_window(array: Any, first: int, size: int) -> Any:
    """Return ``array[first : first + size]`` of a contiguous array of one dimension.

    Only for kernels, and only for what lies within the array: nothing is checked. A slice would be
    clamped to the array, which takes as long as a short vector loop, and most of the compiler's
    time.
    """
    return array[first : first + size]


# NUMBA_DISABLE_JIT: kernels are plain functions.
window = _plain_window if numba.config.DISABLE_JIT else _compiled_window
