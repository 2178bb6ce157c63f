"""Vector loops over the lanes of a row.

``k_step`` is 0 where all lanes share a coefficient and 1 where each has its own. A loop with a
limit returns how many lanes exceed it; there the result must be computed again by the exact rule.
Where all lanes share the limit, it is for the caller to check.
"""

from __future__ import annotations

from typing import Any

from fastcheck.primitives.arithmetic import _divide_series, _logaddexp_series
from fastcheck.primitives.jit import inlined_kernel, kernel, linear_kernel
from fastcheck.primitives.smooth import series as _series
from fastcheck.primitives.window import window


@inlined_kernel
def tail(array: Any, first: int) -> Any:
    """Return the view from a place on."""
    return window(array, first, array.size - first)


@kernel
def fill(out: Any, value: Any) -> None:
    """Fill `out` with one number."""
    for j in range(out.size):
        out[j] = value


@kernel
def scale(out: Any, a: Any, k: float) -> None:
    """Fill ``out = k a``."""
    for j in range(out.size):
        out[j] = k * a[j]


@kernel
def scale_laned(out: Any, a: Any, k: Any) -> None:
    """Fill ``out = k a``."""
    for j in range(out.size):
        out[j] = k[j] * a[j]


@linear_kernel
def add_scaled(out: Any, a: Any, k: float) -> None:
    """Add ``k a`` to `out`."""
    for j in range(out.size):
        out[j] += k * a[j]


@linear_kernel
def add_scaled_laned(out: Any, a: Any, k: Any) -> None:
    """Add ``k a`` to `out`."""
    for j in range(out.size):
        out[j] += k[j] * a[j]


@linear_kernel
def add_scaled_4(
    out: Any, a: Any, b: Any, c: Any, d: Any, ka: float, kb: float, kc: float, kd: float
) -> None:
    """Add ``ka a + kb b + kc c + kd d`` to `out`."""
    for j in range(out.size):
        out[j] += (ka * a[j] + kb * b[j]) + (kc * c[j] + kd * d[j])


@linear_kernel
def add_gap(out: Any, a: Any, origin: Any, k: float) -> None:
    """Add ``k (a - origin)`` to `out`."""
    for j in range(out.size):
        out[j] += k * (a[j] - origin[j])


@linear_kernel
def add_gaps(out: Any, a: Any, b: Any, origin: Any, ka: float, kb: float) -> None:
    """Add ``ka (a - origin) + kb (b - origin)`` to `out`."""
    for j in range(out.size):
        out[j] += ka * (a[j] - origin[j]) + kb * (b[j] - origin[j])


@kernel
def add_product(out: Any, a: Any, b: Any) -> None:
    """Add ``a b`` to `out`."""
    for j in range(out.size):
        out[j] += a[j] * b[j]


@kernel
def pick_laned(out: Any, a: Any, k: Any, limit: Any) -> int:
    """Fill ``out = k a``."""
    far = 0
    for j in range(out.size):
        out[j] = k[j] * a[j]
        far += abs(a[j]) > limit[j]
    return far


@kernel
def pick_of_two(out: Any, a: Any, b: Any, ka: Any, kb: Any, limit: Any, k_step: int) -> int:
    """Fill ``out = ka a + kb b``."""
    if k_step == 0:
        k, m = ka[0], kb[0]
        for j in range(out.size):
            out[j] = k * a[j] + m * b[j]
        return 0
    far = 0
    for j in range(out.size):
        out[j] = ka[j] * a[j] + kb[j] * b[j]
        far += abs(a[j]) + abs(b[j]) > limit[j]
    return far


@kernel
def choose(out: Any, b: Any, c: Any, kb: Any, kc: Any, k_step: int) -> None:
    """Fill ``out = kb b + kc c``."""
    for j in range(out.size):
        out[j] = kb[j * k_step] * b[j] + kc[j * k_step] * c[j]


@kernel
def series(out: Any, a: Any, slope: float, bend: float) -> None:
    """Fill ``out = slope a (1 + bend a)``."""
    for j in range(out.size):
        out[j] = _series(slope, bend, a[j])


@kernel
def series_laned(out: Any, a: Any, slope: Any, bend: Any, limit: Any) -> int:
    """Fill ``out = slope a (1 + bend a)``."""
    far = 0
    for j in range(out.size):
        out[j] = _series(slope[j], bend[j], a[j])
        far += abs(a[j]) > limit[j]
    return far


@kernel
def multiply(out: Any, x: Any, x_step: int, a: Any, y: Any, y_step: int, b: Any) -> None:
    """Fill ``out = x b + y a + a b``."""
    if x_step == 0 and y_step == 0:
        k, m = x[0], y[0]
        for j in range(out.size):
            out[j] = a[j] * (m + b[j]) + k * b[j]
    else:
        for j in range(out.size):
            out[j] = a[j] * (y[j * y_step] + b[j]) + x[j * x_step] * b[j]


@kernel
def quotient(out: Any, a: Any, b: Any, inverse: Any, slope: Any, limit: Any, k_step: int) -> int:
    """Fill ``out = (a / y - x b / y^2) (1 - b / y)``."""
    if k_step == 0:
        k, m = inverse[0], slope[0]
        for j in range(out.size):
            out[j] = _divide_series(k, m, a[j], b[j])
        return 0
    far = 0
    for j in range(out.size):
        out[j] = _divide_series(inverse[j], slope[j], a[j], b[j])
        far += abs(b[j]) > limit[j]
    return far


@kernel
def soft(out: Any, a: Any, b: Any, p: Any, q: Any, limit: Any, k_step: int) -> int:
    """Fill ``out = p a + q b + p q (a - b)^2 / 2``."""
    if k_step == 0:
        k, m = p[0], q[0]
        for j in range(out.size):
            out[j] = _logaddexp_series(k, m, a[j], b[j])
        return 0
    far = 0
    for j in range(out.size):
        out[j] = _logaddexp_series(p[j], q[j], a[j], b[j])
        far += (abs(a[j]) > limit[j]) | (abs(b[j]) > limit[j])
    return far


@kernel
def largest(a: Any) -> float:
    """Return the largest size of an element, nan if there is a nan."""
    most = 0.0
    for j in range(a.size):
        value = abs(a[j])
        if value > most or value != value:
            most = value
    return most
