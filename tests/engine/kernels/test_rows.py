"""Vector loops over the lanes of a row, against NumPy."""

from __future__ import annotations

import numpy as np
import pytest

from fastcheck.engine.kernels import rows

RNG = np.random.default_rng(0)
LANES = [1, 31, 32, 64]
every_width = pytest.mark.parametrize("n", LANES)


def lanes(n, count):
    return list(RNG.standard_normal((count, n)))


@every_width
def test_linear_loops(n):
    a, b, c, d, k = lanes(n, 5)
    out = np.empty(n)
    rows.fill(out, 7.0)
    assert (out == 7.0).all()
    rows.scale(out, a, -0.5)
    assert (out == -0.5 * a).all()
    rows.scale_laned(out, a, k)
    assert (out == k * a).all()
    # These may round a product and a sum together.
    total = np.array(out)
    for loop, operands, added in [
        (rows.add_scaled, (a, 0.3), 0.3 * a),
        (rows.add_scaled_laned, (a, k), k * a),
        (rows.add_scaled_4, (a, b, c, d, 0.3, 0.5, -2.0, 1.5), 0.3 * a + 0.5 * b - 2 * c + 1.5 * d),
        (rows.add_gap, (a, b, 0.7), 0.7 * (a - b)),
        (rows.add_gaps, (a, b, c, 0.7, -0.1), 0.7 * (a - c) - 0.1 * (b - c)),
        (rows.add_product, (a, b), a * b),
    ]:
        loop(out, *operands)
        total = total + added
        np.testing.assert_allclose(out, total, rtol=0, atol=1e-14)


def coefficients(n, count, step):
    """Return arrays of one or of n coefficients."""
    return [RNG.standard_normal(n if step else 1) for _ in range(count)]


@every_width
@pytest.mark.parametrize("step", [0, 1])
def test_forms_of_two_operands_and_how_many_lanes_they_do_not_serve(n, step):
    a, b = lanes(n, 2)
    out = np.empty(n)
    p, q = coefficients(n, 2, step)
    rows.multiply(out, p, step, a, q, step, b)
    np.testing.assert_allclose(out, a * (q + b) + p * b, rtol=1e-13, atol=1e-15)
    if not step:
        return
    limit = np.abs(RNG.standard_normal(n))
    assert rows.pick_of_two(out, a, b, p, q, limit, 1) == np.sum(np.abs(a) + np.abs(b) > limit)
    np.testing.assert_allclose(out, p * a + q * b, rtol=1e-13, atol=1e-15)
    assert rows.quotient(out, a, b, p, q, limit, 1) == np.sum(np.abs(b) > limit)
    np.testing.assert_allclose(out, (p * a - q * b) * (1 - p * b), rtol=1e-12, atol=1e-14)
    far = (np.abs(a) > limit) | (np.abs(b) > limit)
    assert rows.soft(out, a, b, p, q, limit, 1) == np.sum(far)
    expected = p * a + q * b + 0.5 * p * q * (a - b) ** 2
    np.testing.assert_allclose(out, expected, rtol=1e-12, atol=1e-14)


@every_width
def test_forms_of_one_operand_and_how_many_lanes_they_do_not_serve(n):
    a, k, bend = lanes(n, 3)
    limit = np.abs(RNG.standard_normal(n))
    out = np.empty(n)
    assert rows.pick_laned(out, a, k, limit) == np.sum(np.abs(a) > limit)
    assert (out == k * a).all()
    assert rows.series_laned(out, a, k, bend, limit) == np.sum(np.abs(a) > limit)
    np.testing.assert_allclose(out, k * a * (1 + bend * a), rtol=1e-13, atol=1e-15)
    rows.series(out, a, 0.3, -0.2)
    np.testing.assert_allclose(out, 0.3 * a * (1 - 0.2 * a), rtol=1e-13, atol=1e-15)


@pytest.mark.parametrize("step", [0, 1])
def test_the_branch_that_is_taken(step):
    b, c = lanes(40, 2)
    taken = RNG.random(40) < 0.5 if step else np.array([True])
    out = np.empty(40)
    rows.choose(out, b, c, taken * 1.0, ~taken * 1.0, step)
    assert (out == np.where(taken, b, c)).all()


@pytest.mark.parametrize("limit", [0.0, 1e-300])
def test_a_limit_is_reached_only_beyond_it(limit):
    a = np.array([0.0, limit, -limit, np.nextafter(limit, 1.0), np.inf])
    out = np.empty(5)
    assert rows.pick_laned(out, a, np.ones(5), np.full(5, limit)) == 2


def test_the_largest_is_nan_where_there_is_one():
    assert rows.largest(np.array([1.0, -3.0, 2.0])) == 3.0
    assert rows.largest(np.array([1.0, -np.inf])) == np.inf
    assert rows.largest(np.zeros(0)) == 0.0
    for place in range(3):
        a = np.array([1.0, np.inf, 0.0])
        a[place] = np.nan
        # Whatever comes behind it: a largest of 0 would mean that nothing moves.
        assert np.isnan(rows.largest(a))
