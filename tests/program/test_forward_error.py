"""Whole forwards against mpmath: every value of a program, and the loss of the user's code."""

import itertools
import time

import mpmath
import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from fastcheck import data, nn
from fastcheck.primitives.running_error import ALLOWANCE, unit_roundoff
from fastcheck.program import simplified, values_at
from fastcheck.program.forward_error import forward_errors
from fastcheck.recording import record

DTYPES = ("float64", "float32")
BITS = 300


def _log_sum_exp(row):
    *others, top = sorted(row)
    return top + mpmath.log1p(mpmath.fsum(mpmath.exp(z - top) for z in others))


def _cross_entropy(z, t):
    return np.array(
        [
            mpmath.fsum(w * (_log_sum_exp(row) - s) for w, s in zip(weights, row, strict=True))
            for row, weights in zip(z, t, strict=True)
        ]
    )


# Every primitive on object arrays of mpmath's numbers.
EXACTLY = {
    "add": np.add,
    "subtract": np.subtract,
    "multiply": np.multiply,
    "divide": np.divide,
    "power": np.frompyfunc(mpmath.power, 2, 1),
    "logaddexp": np.frompyfunc(lambda x, y: _log_sum_exp((x, y)), 2, 1),
    "negative": np.negative,
    "reciprocal": lambda z: 1 / z,
    "square": lambda z: z * z,
    "sqrt": np.frompyfunc(mpmath.sqrt, 1, 1),
    "exp": np.frompyfunc(mpmath.exp, 1, 1),
    "expm1": np.frompyfunc(mpmath.expm1, 1, 1),
    "log": np.frompyfunc(mpmath.log, 1, 1),
    "log1p": np.frompyfunc(mpmath.log1p, 1, 1),
    "tanh": np.frompyfunc(mpmath.tanh, 1, 1),
    "maximum": np.maximum,
    "minimum": np.minimum,
    "absolute": np.absolute,
    "greater": np.frompyfunc(lambda x, y: mpmath.mpf(x > y), 2, 1),
    "where": lambda c, x, y: np.where((c != 0).astype(bool), x, y),
    "sum": lambda a, axis, keepdims: np.sum(a, axis=axis, keepdims=keepdims),
    "max": lambda a, axis, keepdims: np.max(a, axis=axis, keepdims=keepdims),
    "matmul": np.matmul,
    "gather": lambda a, index: a.reshape(-1)[index],
    "merge": lambda a, b, index: np.concatenate([a.reshape(-1), b.reshape(-1)])[index],
    "reshape": lambda a, shape: a.reshape(shape),
    "softmax_cross_entropy": _cross_entropy,
}
_EXACT = np.frompyfunc(lambda x: mpmath.mpf(float(x)), 1, 1)


def _objects(array):
    return np.asarray(_EXACT(array), dtype=object)


def exact_values(program):
    """Return every value in exact arithmetic (300 bits)."""
    given = {**program.constants, **{n: program.base[name] for name, n in _named(program)}}
    values = {number: _objects(array) for number, array in given.items()}
    with mpmath.workprec(BITS):
        for operation in program.operations:
            inputs = (values[number] for number in operation.inputs)
            result = EXACTLY[operation.primitive.name](*inputs, **operation.attributes)
            values[operation.output] = np.asarray(result, dtype=object)
    return values


def _named(program):
    return program.parameters.items()


def replayed(program):
    """Return every value as NumPy has it in the dtypes of the user's code."""
    given = {**program.constants, **{n: program.base[name] for name, n in _named(program)}}
    values = {n: np.asarray(a, program.values[n].dtype) for n, a in given.items()}
    with np.errstate(all="ignore"):
        for operation in program.operations:
            dtype = program.values[operation.output].dtype
            inputs = [values[number] for number in operation.inputs]
            if dtype.kind == "f":
                inputs = [a if a.dtype.kind == "b" else a.astype(dtype) for a in inputs]
            result = operation.primitive.evaluate(*inputs, **operation.attributes)
            values[operation.output] = np.asarray(result, dtype)
    return values


def ratios_of(program, *, also_by_value=True):
    """Assert that no value is off by more than allowed; return each value's largest share."""
    arrays = values_at(program, program.base)
    errors = forward_errors(program, arrays)
    exact = exact_values(program)
    found = {}
    assert set(errors) == set(arrays)
    computed = {program.output: program.loss}
    if also_by_value:
        computed = {**replayed(program), **computed}
    for number, values in computed.items():
        bound = np.broadcast_to(errors[number], arrays[number].shape)
        assert not np.any(np.isnan(bound))
        with mpmath.workprec(BITS):
            off = np.asarray(np.abs(_objects(values) - exact[number]), dtype=object)
            assert np.all(off <= ALLOWANCE * _objects(bound)), program
            shares = [o / b for o, b in zip(off.ravel(), bound.ravel(), strict=True) if b]
        found[number] = float(max(shares, default=0))
    return found


ACTIVATIONS = (nn.Relu, nn.LeakyRelu, nn.Tanh, nn.Sigmoid, nn.Softplus)
LOSSES = (
    nn.SoftmaxCrossEntropy(),
    nn.ClippedSoftmaxCrossEntropy(),
    nn.MeanSquaredError(),
)


def random_network(rng, dtype):
    widths = rng.integers(2, 7, rng.integers(2, 5))
    layers = []
    for inputs, outputs in itertools.pairwise(widths):
        layers += [nn.Affine(int(inputs), int(outputs)), rng.choice(ACTIVATIONS)()]
    loss = LOSSES[rng.integers(0, len(LOSSES))]
    l2 = float(rng.choice([0.0, 0.01]))
    net = nn.Network(layers, loss=loss, dtype=dtype, seed=int(rng.integers(1000)), l2=l2)
    scale = rng.choice([1e-3, 1.0, 1.0, 30.0])
    for array in net.params.values():
        array[...] = scale * rng.standard_normal(array.shape)
        array[rng.random(array.shape) < 0.1] = 0
    x = rng.standard_normal((rng.integers(1, 6), widths[0]))
    x[rng.random(x.shape) < 0.3] = 0
    t = rng.integers(0, widths[-1], len(x))
    if rng.random() < 0.5:
        t = rng.random((len(x), widths[-1])) + 0.1
        t /= t.sum(1, keepdims=True)
    return net, x, t


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("seed", range(4))
def test_random_networks(dtype, seed):
    rng = np.random.default_rng([seed, 11])
    losses = []
    for _ in range(6):
        program = record(*random_network(rng, dtype))
        losses.append(ratios_of(program)[program.output])
    # Not so wide as to mean nothing: in some of them the loss is off by a good part of its bound.
    assert max(losses) > 3e-3


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("loss", LOSSES, ids=lambda loss: type(loss).__name__)
def test_zero_inputs_dead_units_and_huge_scores(dtype, loss):
    rng = np.random.default_rng(12)
    for scale in (0.0, 1e-30, 1.0, 300.0):
        layers = [nn.Affine(3, 4), nn.Relu(), nn.Affine(4, 3)]
        net = nn.Network(layers, loss=loss, dtype=dtype)
        net.params["b1"][...] = [0, -5, 0, 1]
        net.params["W2"][...] = scale * rng.standard_normal((4, 3))
        x = rng.standard_normal((4, 3))
        x[0] = 0
        program = record(net, x, np.array([0, 1, 2, 0]))
        assert np.isfinite(program.loss)
        ratios_of(program)
        errors = forward_errors(program, values_at(program, program.base))
        relu = next(o for o in program.operations if o.primitive.name == "maximum")
        # The second unit is dead by far; the first is exactly 0 for the first sample, whose
        # products are all 0, but for what underflows.
        assert np.all(errors[relu.output][:, 1] == 0)
        assert np.all(errors[relu.output][0, [0, 2]] < 1e-40)


@pytest.mark.parametrize("dtype", DTYPES)
def test_common_spellings(dtype):
    rng = np.random.default_rng(13)

    class Model:
        def __init__(self, loss):
            self.params = {
                "W": rng.standard_normal((3, 4)).astype(dtype),
                "b": rng.standard_normal(4).astype(dtype),
            }
            self.loss = lambda x, t: loss(x @ self.params["W"] + self.params["b"], t)

    def masked(z, t):
        z = np.where(np.tri(5, 4) > 0, z, -np.inf)
        e = np.exp(z - np.max(z, axis=1, keepdims=True))
        return np.sum((e / np.sum(e, axis=1, keepdims=True)) ** 2)

    def normalised(z, t):
        z = (z - np.mean(z, axis=0)) / np.sqrt(np.var(z, axis=0) + 1e-5)
        return np.mean(np.abs(z) ** 1.5)

    def hinge(z, t):
        return np.mean(np.where(z > 0.3, 1 - z, 0.1 * z)) + 0.1 * np.sum(np.log1p(np.square(z)))

    def written(z, t):
        out = np.zeros((2, 5, 4), np.float32)
        out[0] = z
        out[1] = 1 / (1 + np.exp(-z))
        return np.sum(out * out) / 3

    def of_mixed_dtypes(z, t):
        return np.sum(z.astype(np.float32) * 0.1 + (z > 0.1) * 1e-3)

    def cancelling(z, t):
        return np.sum(((z + 1e2) - 1e2) / (0.1 + np.abs((z * 3 - z) - 2 * z)))

    x = rng.standard_normal((5, 3)).astype(dtype)
    for loss in (masked, normalised, hinge, written, of_mixed_dtypes, cancelling):
        program = record(Model(loss), x, None)
        with np.errstate(all="ignore"):
            errors = forward_errors(program, values_at(program, program.base))
        if loss is not masked:  # mpmath has no infinite exponent
            ratios_of(program)
        assert np.isfinite(errors[program.output]), loss


def test_an_overflow_in_the_users_dtype_is_seen(writer):
    w = writer()
    a = w.parameter("a", [1e25, 3.0])
    square = w.apply("square", a)
    shrunk = w.apply("divide", square, w.constant(1e30))
    program = w.program(w.apply("sum", shrunk, axis=(0,), keepdims=False))
    errors = forward_errors(program, values_at(program, program.base))
    assert errors[program.output] < 1e10
    values = tuple(type(v)(v.shape, np.dtype("float32")) for v in program.values)
    program = type(program)(**{**_fields(program), "values": values})
    errors = forward_errors(program, values_at(program, program.base))
    np.testing.assert_array_equal(np.isfinite(errors[square]), [False, True])
    assert errors[program.output] == np.inf


def _fields(program):
    return {name: getattr(program, name) for name in type(program).__dataclass_fields__}


def test_an_infinity_that_was_given_is_exact(writer):
    w = writer()
    z = w.parameter("z", [1.0, 2.0, 3.0])
    scores = w.apply("add", w.apply("multiply", z, z), w.constant([0.0, -np.inf, 0.0]))
    eighth = w.apply("divide", scores, w.constant(8.0))
    top = w.apply("max", eighth, axis=(0,), keepdims=True)
    powers = w.apply("exp", w.apply("subtract", eighth, top))
    program = w.program(w.apply("sum", powers, axis=(0,), keepdims=False))
    errors = forward_errors(program, values_at(program, program.base))
    assert errors[scores][1] == 0
    assert errors[powers][1] < 1e-300
    assert errors[program.output] < 1e-14
    with np.errstate(divide="ignore"):
        one_over = w.apply("reciprocal", w.apply("subtract", z, z))
    program = w.program(w.apply("sum", one_over, axis=(0,), keepdims=False))
    assert forward_errors(program, values_at(program, program.base))[program.output] == np.inf


def test_parameters_constants_and_what_needs_no_rounding_are_exact(writer):
    w = writer()
    z, one = w.parameter("z", [[1.0, -2.0, 3.0]]), w.constant(1.0)
    alive = w.apply("maximum", w.apply("negative", z), w.constant(0.0))
    mask = w.apply("greater", z, one)
    picked = w.apply("gather", alive, index=np.array([2, 0]))
    total = w.apply("sum", w.apply("reshape", picked, shape=(1, 2)), axis=(0, 1), keepdims=False)
    program = w.program(total)
    errors = forward_errors(program, values_at(program, program.base))
    for number in (z, one, alive, mask, picked):
        assert type(errors[number]) is float
        assert errors[number] == 0.0
    assert errors[total] >= 0


def test_numbers_are_rounded_on_entry_to_narrower_arithmetic(writer):
    w = writer()
    z, tenth, half = w.parameter("z", [3.0]), w.constant(0.1), w.constant(0.5)
    program = w.program(w.apply("multiply", z, tenth))
    other = w.program(w.apply("multiply", z, half))

    def in_float32(program):
        values = list(program.values)
        for number in (z, program.output):
            values[number] = type(values[number])(values[number].shape, np.dtype("float32"))
        return type(program)(**{**_fields(program), "values": tuple(values)})

    rough, exact = in_float32(program), in_float32(other)
    entry = abs(float(np.float32(0.1)) - 0.1)
    bound = forward_errors(rough, values_at(rough, rough.base))[rough.output]
    np.testing.assert_allclose(bound, 3 * entry + 0.3 * 2.0**-24, rtol=1e-6)
    bound = forward_errors(exact, values_at(exact, exact.base))[exact.output]
    np.testing.assert_allclose(bound, 1.5 * 2.0**-24, rtol=1e-6)


def test_unit_roundoffs():
    assert unit_roundoff(np.dtype("float64")) == 2.0**-53
    assert unit_roundoff(np.dtype("float32")) == 2.0**-24
    assert unit_roundoff(np.dtype("float16")) == 2.0**-11
    assert unit_roundoff(np.dtype(np.longdouble)) == 2.0**-53
    assert unit_roundoff(np.dtype("int64")) == unit_roundoff(np.dtype("bool")) == 0.0


def test_nothing_given_is_modified():
    net = nn.Network([nn.Affine(3, 4), nn.Sigmoid(), nn.Affine(4, 2)])
    program = simplified(record(net, np.ones((2, 3)), np.array([0, 1])))
    arrays = values_at(program, program.base)
    before = {number: array.copy() for number, array in arrays.items()}
    forward_errors(program, arrays)
    for number, array in arrays.items():
        np.testing.assert_array_equal(array, before[number])


def test_the_classic_network_is_swept_in_no_time():
    program = record(nn.TwoLayerNet(784, 50, 10), *data.mnist(100))
    arrays = values_at(program, program.base)
    seconds = []
    with threadpool_limits(1):
        for _ in range(20):
            start = time.thread_time()  # others may be at work on the same cores
            errors = forward_errors(program, arrays)
            seconds.append(time.thread_time() - start)
    # Half a millisecond on an idle core, the product of absolute values included.
    assert min(seconds) < 5e-3
    assert 0 < errors[program.output] < 1e-12
