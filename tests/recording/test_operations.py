"""Every operation and spelling that a hand-written loss uses, one small loss each.

Each entry returns an array, a number, or a list of them; the loss is their sum with a different
weight for every element, so that an element in a wrong place is seen.
"""

import math

import numpy as np
import pytest

from fastcheck.recording import record

X = np.random.default_rng(1).standard_normal((2, 3))
X3 = np.random.default_rng(2).standard_normal((2, 2, 3))
T = np.array([2, 0])
WEIGHTS = np.cos(np.arange(1.0, 400.0))


def params(dtype="float64"):
    rng = np.random.default_rng(0)
    shapes = {"a": (2, 3), "b": (2, 3), "c": (3,), "m": (3, 4), "s": (2, 2, 3), "k": (1,), "z": ()}
    made = {name: rng.standard_normal(shape).astype(dtype) for name, shape in shapes.items()}
    made["p"] = rng.uniform(2.5, 4.0, (2, 3)).astype(dtype)  # positive at every perturbed point
    return made


def weighted(result):
    if isinstance(result, (list, tuple)):
        return sum(weighted(item) for item in result)
    if np.ndim(result) == 0:
        return result
    return np.sum(result * WEIGHTS[: result.size].reshape(result.shape))


def loss_of(operation):
    def loss(p, x, t):
        return weighted(operation(p)) + 0.01 * sum(np.sum(np.square(q)) for q in p.values())

    return loss


def in_place(p, change):
    out = p["a"] * 1.5
    change(out, p)
    return out


def assign_add(out, p):
    out += p["b"]


def assign_subtract(out, p):
    out -= 2.0


def assign_multiply(out, p):
    out *= p["c"]


def assign_divide(out, p):
    out /= p["p"]


def assign_power(out, p):
    out **= 2


def assign_matmul(p):
    out = p["m"].T @ p["m"]
    out @= out
    return out


def add_to_a_constant(p):
    out = np.zeros((2, 3))
    out += p["a"]
    out[0] -= p["c"]
    return out


def add_to_one_row(p):
    out = p["a"].copy()
    out[1] += p["c"]
    out[:, 0] *= 3
    out[0, 2] = p["z"] * 2
    return out


def into_zeros(p):
    out = np.zeros((4, 5))
    out[1:3, :3] = p["a"]
    out[0, ::2] = p["c"]
    out[3] = 7.0
    out[:, 4] = p["m"][0]
    return out


def into_like(p):
    zeros, ones, empty = np.zeros_like(p["a"]), np.ones_like(p["a"]), np.empty_like(p["a"])
    full = np.full_like(p["a"], 2.0)
    zeros[0] = p["c"]
    ones[:, 1] = p["b"][:, 1]
    empty[...] = p["b"]
    full[1, 1] = p["z"]
    return [zeros, ones, empty, full]


def into_like_constant(p):
    out = np.zeros_like(X)
    out[0] = p["c"]
    plain = np.zeros_like(T, dtype=float)
    plain[:] = p["c"][1:]
    return [out, plain]


def through_a_transpose(p):
    out = p["a"] + 0
    out.T[...] = p["b"].T * 2
    out.T[1] = 5.0
    return out


def through_a_reshape(p):
    out = p["a"] + 0
    flat = out.reshape(-1)
    flat[1:3] = p["c"][:2]
    out[1, 0] = 4.0
    return [out, flat, out.ravel()[::-1]]


def through_views_of_a_constant(p):
    out = np.zeros((2, 3))
    np.reshape(out, -1)[0] = p["z"]
    np.transpose(out)[2] = p["c"][:2]
    np.ravel(out)[1] = p["k"][0]
    out.reshape(3, 2)[2, 0] = p["c"][2] * 2
    return out


def copies_are_independent(p):
    out = p["a"] * 1.0
    copies = [out.copy(), np.copy(out), np.array(out), out.flatten(), out[[0, 1]], out.T.flatten()]
    for copy in copies:
        copy[0] = 9.0
    out[1] = 3.0
    return [out, *copies]


def converted_is_the_same_array(p):
    out = p["a"] * 1.0
    converted = np.asarray(out)
    converted *= 2.0
    cast = out.astype(float, copy=False)
    cast += p["c"]
    same = np.array(out, copy=None)
    same[0] = 1.0
    return out


def overlapping(p):
    out = np.concatenate([p["c"], p["c"] ** 2])
    out[1:] = out[:-1]
    out[:-2] += out[2:]
    return out


def duplicates(p):
    out = np.zeros(4)
    out[[0, 1, 0, 3]] = p["m"][1]
    again = p["a"][:, [0, 0, 2]]
    again[[1, 1]] = p["a"] * 2
    return [out, again]


def masked_writes(p):
    out = p["a"].copy()
    mask = p["a"] <= 0
    out[mask] = 0
    low = p["b"].copy()
    low[low < -0.5] = -0.5
    rows = p["a"] * 1.0
    rows[p["c"][:2] > 0] = p["z"]
    constant = p["b"] * 1.0
    constant[X > 0] = 0.0
    constant[X < -0.3] *= 2.0
    return [out, low, rows, constant]


def masks(p):
    positive, small = p["a"] > 0, np.abs(p["b"]) < 1
    return [
        positive * p["b"],
        ~positive * p["b"],
        (positive & small) * p["b"],
        (positive | small) * p["b"],
        (positive ^ small) * p["b"],
        np.logical_not(small) * p["b"],
        np.logical_and(positive, small) * p["b"],
        np.logical_or(positive, small).astype(float) * p["b"],
        positive.astype(int) * p["b"],
        positive.astype(np.float32) + small.astype(np.uint8),
        (positive == small) * p["b"],
        (1 - positive) * p["b"],
        p["a"].astype(bool) * p["b"],
        np.sum(positive) * p["z"],
        np.mean(positive, axis=0) * p["c"],
        positive.mean() * p["z"],
        (positive + small) * p["b"],
        positive.max() * p["z"],
    ]


def comparisons(p):
    a, b = p["a"], p["b"]
    signs = [a > b, a >= b, a < b, a <= b, a == b, a != b, 0.1 < a, a.T[0] >= 1]  # noqa: SIM300 - reflected
    return [sign * 1.0 for sign in signs]


def scalars_are_not_changed_in_place(p):
    first = np.sum(p["a"])
    total = first
    total += np.sum(p["b"])
    element = kept = p["a"][0, 0]
    element *= 2
    product = old = p["c"] @ p["c"]
    product -= 1
    return [first, total * 2, element * 3, kept * 4, product * 5, old * 6]


def zero_dimensional_arrays_are(p):
    total = np.zeros(())
    same = total
    total += np.sum(p["a"])
    part = p["c"][..., 0]
    alias = np.array(np.sum(p["b"]))
    again = alias
    alias += 1.0
    return [same * 2, part, again * 3]


def iteration(p):
    total = 0.0
    for i, row in enumerate(p["a"]):
        for element in row:
            total = total + (i + 1) * element**2
    first, second = p["b"]
    return [total, first * second, sum(p["c"]), len(p["a"]) * p["c"]]


def lists(p):
    rows = [p["c"] * i for i in range(3)]
    numbers = [np.sum(p["a"]), 2.0, p["z"]]
    out = np.zeros(3)
    out[:] = numbers
    return [
        np.array(rows),
        np.asarray(rows),
        np.array([[p["z"], 1.0], [2.0, p["k"][0]]]),
        np.array([[1, 2, 3], p["c"]], dtype=np.float64),
        np.array(p["c"], ndmin=2).T @ np.array(p["c"], ndmin=2),
        np.sum(numbers),
        np.mean([np.sum(w**2) for w in p.values()]),
        np.max(rows),
        np.dot(p["a"], rows),
        np.concatenate(rows),
        out,
        np.maximum(p["c"], numbers),
    ]


def joined(p):
    a, b, c = p["a"], p["b"], p["c"]
    return [
        np.concatenate([a, b]),
        np.concatenate((a, X, b), axis=1),
        np.concatenate([a, b], axis=None),
        np.stack([a, b]),
        np.stack([c, c, X[0]], axis=-1),
        np.hstack([a, b]),
        np.vstack([a, c]),
        np.dstack([a, b]),
        np.column_stack([c, c]),
        np.append(c, 1.0),
        np.append(a, b, axis=0),
        np.concatenate(a),
    ]


def split(p):
    first, second, third = np.split(p["m"].T, [1, 3])
    left, right = np.hsplit(p["m"], 2)
    top, bottom = np.vsplit(p["a"], 2)
    odd = np.array_split(p["c"], 2)
    gates = np.split(p["m"] * 2, 4, axis=1)
    gates[1][...] = 0.0
    return [first, second * 2, third, left, right * 3, top, bottom * 2, *odd, *gates]


def padded(p):
    a = p["a"]
    return [
        np.pad(a, 1),
        np.pad(a, ((0, 1), (2, 0))),
        np.pad(p["s"], ((0, 0), (1, 1), (1, 1)), mode="constant"),
        np.pad(a, 1, "constant", constant_values=-1),
        np.pad(a, (1, 2), mode="edge"),
        np.pad(p["c"], 2, "reflect"),
        np.pad(a, 1, mode="symmetric"),
        np.pad(a, 2, mode="wrap"),
    ]


def repeated(p):
    a = p["a"]
    return [
        np.repeat(a, 2),
        np.repeat(a, [1, 2], axis=0),
        a.repeat(3, axis=1),
        np.tile(a, 2),
        np.tile(a, (2, 1, 3)),
        np.broadcast_to(p["c"], (4, 3)),
        np.roll(a, 1),
        np.roll(a, -1, axis=1),
        np.full((2, 3), p["z"]),
        np.full((2, 3), p["c"]),
        np.full_like(a, p["z"]),
    ]


def transposed(p):
    a, s = p["a"], p["s"]
    return [
        a.T,
        np.transpose(a),
        s.transpose(2, 0, 1),
        s.transpose((1, 0, 2)),
        np.transpose(s, (0, 2, 1)),
        s.T,
        np.swapaxes(s, 0, -1),
        s.swapaxes(1, 2),
        np.moveaxis(s, 0, -1),
        np.rollaxis(s, 2),
        np.flip(s),
        np.flip(a, axis=1),
        np.fliplr(a),
        np.flipud(a),
        np.rot90(a),
    ]


def reshaped(p):
    a, s = p["a"], p["s"]
    return [
        a.reshape(3, 2),
        a.reshape((6,)),
        a.T.reshape(-1),
        np.reshape(s, (2, -1)),
        a.reshape(3, 2, order="F"),
        a.T.ravel(order="K"),
        a.T.flatten("F"),
        s.transpose(2, 0, 1).flatten("K"),
        a.ravel(),
        np.ravel(s),
        a.flatten(),
        np.expand_dims(a, 1),
        np.expand_dims(a, (0, -1)),
        np.squeeze(a[:, :1]),
        a[None].squeeze(0),
        a[:, np.newaxis, :],
        np.atleast_2d(p["c"]),
        np.atleast_1d(p["z"]),
        np.squeeze(p["k"]),
    ]


def indexed(p):
    a, s = p["a"], p["s"]
    n = a.shape[0]
    return [
        a[0],
        a[-1, 1],
        a[:, 1:],
        a[::-1],
        a[:, ::-2],
        s[..., 0],
        s[:, 1, ::2],
        a[np.arange(n), T],
        a[range(n), T],
        a[[1, 0, 1]],
        a[[[0, 1], [1, 0]]],
        s[:, [0, 1], [2, 0]],
        a[np.array([True, False])],
        a[X > 0],
        a[np.argmax(X, axis=0)],
        a[np.ix_([0, 1], [2, 0])],
        np.take(a, [2, 0], axis=1),
        a.take([5, 0]),
        np.take(a, np.argmax(X, axis=1), axis=1),
        np.take_along_axis(a, np.argsort(X, axis=1), axis=1),
        np.diag(a[:, :2]),
        np.diag(p["c"]),
        np.diagonal(s, axis1=1, axis2=2),
        s.diagonal(),
        np.delete(a, 1, axis=1),
        np.tril(p["m"]),
        np.triu(p["m"], 1),
        np.lib.stride_tricks.sliding_window_view(p["m"], (2, 2)),
        a[()],
        a[...],
    ]


def reduced(p):
    a, s = p["a"], p["s"]
    results = []
    for function in (np.sum, np.mean, np.max, np.min, np.var, np.std):
        results += [
            function(a),
            function(a, axis=0),
            function(a, 1),
            function(a, axis=-1, keepdims=True),
            function(s, axis=(0, 2)),
            function(s, axis=(-1, 0), keepdims=True),
            function(a, axis=None, keepdims=True),
        ]
    return results


def reduced_by_methods(p):
    a = p["a"]
    return [
        a.sum(),
        a.sum(axis=1),
        a.sum(0, keepdims=True),
        a.sum(1, None, None, True),
        a.mean(),
        a.mean(axis=0),
        a.mean(1, None, None, True),
        a.max(1),
        a.max(1, None, True),
        a.min(axis=-1, keepdims=True),
        a.var(axis=0),
        a.std(axis=0, ddof=1),
        np.var(a, axis=1, ddof=1),
        np.add.reduce(a),
        np.add.reduce(a, axis=1, keepdims=True),
        np.maximum.reduce(a, axis=0),
        np.minimum.reduce(a, axis=1),
        np.amax(a, axis=0),
        np.amin(a),
        np.sum(a, dtype=np.float64),
        np.sum(a, axis=()),
        a[:0].sum(axis=0),
    ]


def elementwise(p):
    a, b, q = p["a"], p["b"], p["p"]
    return [
        np.exp(a),
        np.expm1(a),
        np.log(q),
        np.log1p(q),
        np.tanh(a),
        np.sqrt(q),
        np.square(a),
        np.reciprocal(q),
        np.abs(a),
        np.absolute(a),
        np.fabs(a),
        abs(a),
        np.sign(a) * b,
        np.negative(a),
        -a,
        +a,
        np.positive(a),
        1 / (1 + np.exp(-a)),
        np.maximum(a, 0),
        np.maximum(0.0, a),
        np.minimum(a, b),
        np.minimum(a, 0.3),
        np.clip(a, -0.5, 0.5),
        np.clip(a, None, 0.2),
        np.clip(a, a_min=p["c"], a_max=2.0),
        a.clip(0),
        a.clip(min=-0.1, max=0.1),
        np.where(a > 0, a, 0.1 * a),
        np.where(a > b, 0.0, b),
        np.where(X > 0, a, b),
        np.where(a > 0, 1, -1) * b,
        np.log(np.clip(q, 1e-7, 1 - 1e-7) + q),
        np.round(X, 1) * a,
    ]


def powers(p):
    a, q = p["a"], p["p"]
    return [
        a**2,
        a**3,
        q**0.5,
        q**-1,
        q**-0.5,
        a**1,
        a**0,
        q**1.7,
        q ** p["c"],
        2**a,
        2.0 ** p["z"],
        np.power(a, 2),
        np.power(q, 1.5),
        np.float_power(q, 2.5),
        pow(a, 2),
        a ** np.array([2.0]),
        p["z"] ** np.array([2.0]),
        np.power(q, np.full(3, 0.5)),
    ]


def arithmetic(p):
    a, b, c, z, q = p["a"], p["b"], p["c"], p["z"], p["p"]
    return [
        a + b,
        a - c,
        a * z,
        a / q,
        1 + a,
        1 - a,
        2 * a,
        1 / q,
        X + a,
        X - a,
        X * c,
        X / q,
        a + X,
        a - X3,
        c[:, None] * c,
        np.float64(2) * a,
        np.float64(2) - a,
        np.int64(3) / q,
        z + 1,
        3 - z,
        z * z / 5,
        np.add(a, b),
        np.subtract(1, a),
        np.multiply(a, X),
        np.divide(a, q),
        np.true_divide(a, 4),
        a + [[1, 2, 3]],  # noqa: RUF005 - arrays, not lists
        math.pi * a,
        p["k"] * a,
        X[0, 0] * a,
        a + np.pi,
    ]


def products(p):
    a, c, m, s = p["a"], p["c"], p["m"], p["s"]
    return [
        a @ m,
        np.dot(a, m),
        a.dot(m),
        np.matmul(a, m),
        X @ m,
        X.dot(m),
        np.dot(X, m),
        a @ X.T,
        a.dot(X.T),
        c @ m,
        a @ c,
        c @ c,
        np.dot(c, c),
        c.dot(m),
        s @ m,
        np.dot(s, m),
        np.dot(s, c),
        s @ s.transpose(0, 2, 1),
        X3 @ m,
        a @ s.transpose(0, 2, 1),
        c @ s.transpose(0, 2, 1),
        s @ c,
        np.dot(a, s.transpose(0, 2, 1)),
        np.dot(c, s.transpose(0, 2, 1)),
        np.dot(s, s.transpose(0, 2, 1)),
        np.dot(a, 2.0),
        np.dot(p["z"], a),
        np.outer(c, c),
        np.outer(a, X),
        m.T @ a.T,
        (a > 0) @ m,
    ]


def outputs(p):
    a, b, q = p["a"], p["b"], p["p"]
    first = np.zeros_like(a)
    np.maximum(a, 0, out=first)
    second = a * 1.0
    np.exp(second, out=second)
    third = np.zeros((2, 4))
    np.dot(a, p["m"], out=third)
    fourth = np.empty(3)
    np.sum(a, axis=0, out=fourth)
    clipped = b.copy()
    np.clip(clipped, 0, 1, out=clipped)
    quotient = np.divide(a, q, out=np.zeros_like(a), where=q > 3.2)
    logarithm = np.log(q, where=X > 0, out=np.ones_like(q))
    kept = np.add(X, 1.0, out=np.zeros_like(X), where=X > 0) * a
    copied = np.zeros((2, 3))
    np.copyto(copied, a)
    np.copyto(copied, b, where=X > 0)
    filled = a * 1.0
    filled[0].fill(2.0)
    return [first, second, third, fourth, clipped, quotient, logarithm, kept, copied, filled]


def harmless(p):
    a = p["a"]
    assert isinstance(a, np.ndarray)
    assert not np.isscalar(a)
    assert np.isscalar(np.sum(a))
    assert isinstance(np.sum(a), float)
    assert hasattr(a, "shape")
    assert not hasattr(a, "forward")
    assert a.shape == np.shape(a) == (2, 3)
    assert (a.ndim, a.size, len(a), a.dtype.kind, a.itemsize) == (2, 6, 2, "f", 8)
    assert (np.ndim(a), np.size(a), a.nbytes, a.strides) == (2, 6, 48, (24, 8))
    assert a.flags.c_contiguous
    assert a is not None
    text = f"{np.sum(a):.3f} {a} {a!r} {np.sum(a)}"
    assert text.count("[") == 6
    return a


def constants_may_decide(p):
    total = p["a"] * 1.0
    if np.sum(X) > -100 and X.any():
        total = total * float(np.max(np.abs(X)))
    for i in range(int(np.ceil(X.max())) + 1):
        total = total + i
    index = np.argmax(X, axis=1)
    return [total, total[:, index[0]], np.argmax(X) * p["z"]]


OPERATIONS = {
    function.__name__: function
    for function in (
        assign_matmul,
        add_to_a_constant,
        add_to_one_row,
        into_zeros,
        into_like,
        into_like_constant,
        through_a_transpose,
        through_a_reshape,
        through_views_of_a_constant,
        copies_are_independent,
        converted_is_the_same_array,
        overlapping,
        duplicates,
        masked_writes,
        masks,
        comparisons,
        scalars_are_not_changed_in_place,
        zero_dimensional_arrays_are,
        iteration,
        lists,
        joined,
        split,
        padded,
        repeated,
        transposed,
        reshaped,
        indexed,
        reduced,
        reduced_by_methods,
        elementwise,
        powers,
        arithmetic,
        products,
        outputs,
        harmless,
        constants_may_decide,
    )
}
IN_PLACE = (assign_add, assign_subtract, assign_multiply, assign_divide, assign_power)


@pytest.mark.parametrize("operation", OPERATIONS.values(), ids=OPERATIONS)
def test_operation(operation, recorded, function_model):
    recorded(function_model(params(), loss_of(operation)), X, T)


@pytest.mark.parametrize("change", IN_PLACE, ids=lambda change: change.__name__)
def test_in_place_operator(change, recorded, function_model):
    recorded(function_model(params(), loss_of(lambda p: in_place(p, change))), X, T)


@pytest.mark.parametrize("operation", [arithmetic, products, reduced, elementwise, into_zeros])
def test_float32(operation, recorded, function_model):
    program = recorded(function_model(params("float32"), loss_of(operation)), X, T, rtol=2e-4)
    assert program.unit_roundoff == 2.0**-24


def test_unit_roundoff_is_that_of_float64_where_float32_parameters_are_widened_first(
    recorded, function_model
):
    def loss(p, x, t):
        return np.sum(p["w"].astype(np.float64) ** 2)

    model = function_model({"w": np.ones(3, np.float32)}, loss)
    assert recorded(model).unit_roundoff == 2.0**-53


ENDINGS = {
    "scalar": lambda p, x, t: np.sum(p["a"] ** 2),
    "float()": lambda p, x, t: float(np.sum(p["a"] ** 2)),
    "item": lambda p, x, t: np.sum(p["a"] ** 2).item(),
    "item of an array": lambda p, x, t: (p["a"] ** 2).sum(keepdims=True).item(),
    "item by place": lambda p, x, t: (p["a"] ** 2).item(4),
    "item by index": lambda p, x, t: (p["a"] ** 2).item((1, 2)),
    "item by indices": lambda p, x, t: (p["a"] ** 2).item(1, 2),
    "one element": lambda p, x, t: np.sum(p["a"] ** 2, keepdims=True),
    "0-d array": lambda p, x, t: np.array(np.sum(p["a"] ** 2)),
    "element": lambda p, x, t: p["a"][0, 1] * 2,
    "the parameter itself": lambda p, x, t: p["z"],
    "a view of it": lambda p, x, t: p["k"],
}


@pytest.mark.parametrize("loss", ENDINGS.values(), ids=ENDINGS)
def test_ending(loss, recorded, function_model):
    recorded(function_model(params(), loss))


def test_empty_arrays(recorded, function_model):
    def loss(p, x, t):
        out = np.zeros((0, 3))
        out[...] = p["e"] * 2
        rest = np.concatenate([p["a"], out])
        return np.sum(rest) + np.sum(p["e"]) + np.sum(p["a"][2:] ** 2)

    recorded(function_model({"a": np.ones((2, 3)), "e": np.ones((0, 3))}, loss))


def test_integer_and_boolean_inputs(recorded, function_model):
    x = np.array([[1, 0, 3], [2, 5, 255]], np.uint8)
    t = np.array([[True, False, False], [False, False, True]])

    def loss(p, x, t):
        scores = np.dot(x, p["m"]) + x.mean()
        return np.sum(scores[:, :3] * t) + np.sum(scores[:, :3][t]) + np.sum(p["m"][x[0]])

    model = function_model({"m": np.random.default_rng(0).standard_normal((3, 4))}, loss)
    recorded(model, np.minimum(x, 2), t)


@pytest.mark.parametrize(
    "choice",
    [
        lambda a: np.where(a, 1.0, 2.0),
        lambda a: np.logical_and(a, 1),
        lambda a: np.logical_or(a, 0),
        np.logical_not,
    ],
)
def test_a_number_that_decides_notes_its_switch_at_zero(function_model, choice):
    params = {"a": np.array([0.0, 2.0, -1.0])}
    program = record(function_model(params, lambda p, x, t: np.sum(choice(p["a"]) * 1.0)), 0, 0)
    assert "not_equal(a, 0)" in repr(program)
