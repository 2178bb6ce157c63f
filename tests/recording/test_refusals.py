"""What cannot be recorded is refused, with the line of the user's code."""

import math
import warnings

import numpy as np
import pytest

from fastcheck.errors import CannotRecord, InvalidArgument
from fastcheck.recording import record

A = np.array([[1.0, -2.0, 3.0], [0.5, 4.0, -1.0]])

INTEGERS = np.zeros(3, int)

PLAIN = np.arange(6)


def params():
    return {"a": A.copy()}


def test_float_inside_the_loss(refused):
    def loss(p, x, t):  # here
        scale = float(np.sum(p["a"]))
        return np.sum(p["a"] ** 2) * scale

    line = loss.__code__.co_firstlineno + 1
    refused(loss, rf"numbers left the recording at test_refusals\.py:{line}")


def test_a_loss_computed_from_python_numbers(refused):
    def loss(p, x, t):
        return float(np.sum(p["a"])) + 1.0  # here

    refused(loss, r"a number read by float\(\) or \.item\(\).*the last thing")


def test_math_of_a_recorded_number(refused):
    def loss(p, x, t):
        return math.exp(np.mean(p["a"]))  # here

    refused(loss, r"a number read by float\(\)")


def test_a_decision_on_a_recorded_value(refused):
    def by_if(p, x, t):
        total = np.sum(p["a"])
        if total > 0:  # here
            total = total * 2
        return total

    def by_max(p, x, t):
        return max(np.sum(p["a"]), 0.0)  # here

    def by_in(p, x, t):
        return np.sum(p["a"]) * (1.0 in p["a"])  # here

    refused(by_if, r"a decision \(bool\).*np\.where or a mask")
    refused(by_max, r"a decision \(bool\)")
    refused(by_in, "'in'.*only constants can be searched")


def test_a_close_branch_on_an_escaped_number_is_found_by_the_replay(refused):
    def loss(p, x, t):  # here
        total = np.sum(p["a"])
        return total * 2 if float(total) > 5.49 else total * 3

    refused(loss, "the recording gives the loss")


def test_integers_and_indices(refused):
    def as_int(p, x, t):
        return np.sum(p["a"]) * int(np.sum(p["a"]))  # here

    def argmax(p, x, t):
        return np.sum(p["a"][0, np.argmax(p["a"][0])])  # here

    def argmax_method(p, x, t):
        return p["a"].argmax(axis=1)[0] * np.sum(p["a"])  # here

    def count(p, x, t):
        return sum(range((p["a"] > 0).sum())) * np.sum(p["a"])  # here

    def take(p, x, t):
        return np.sum(np.take(x, (p["a"] > 0).astype(int)) * p["a"])  # here

    refused(as_int, r"int\(\).*only constants can be converted")
    refused(argmax, r"np\.argmax.*which element it finds depends on the parameters")
    refused(argmax_method, r"ndarray\.argmax")
    refused(count, "use as an index.*only constants can index")
    refused(take, r"np\.take to places.*they depend on the parameters", x=A)


def test_reading_by_a_mask(refused):
    def loss(p, x, t):
        return np.sum(p["a"][p["a"] > 0])  # here

    def scaled(p, x, t):
        out = p["a"].copy()
        out[out < 0] *= 0.01  # here
        return np.sum(out)

    refused(loss, "reading by a mask.*how many elements it selects")
    refused(scaled, "reading by a mask")


def test_writing_by_a_mask(refused):
    def several(p, x, t):
        out = p["a"].copy()
        out[out < 0] = x  # here
        return np.sum(out)

    def places(p, x, t):
        out = p["a"].copy()
        out[0, (p["a"][0] > 0).astype(int)] = 0.0  # here
        return np.sum(out)

    refused(several, "several values through a mask.*use np.where", x=np.arange(2.0))
    refused(places, "writing at places that depend on the parameters")


def test_vectorize(refused):
    step = np.vectorize(lambda v: v * v if v > 0 else 0.0)

    def loss(p, x, t):
        return np.sum(step(p["a"]))  # here

    refused(loss, "conversion to a plain array.*keep to NumPy functions")


def test_writes_into_arrays_that_the_recorder_cannot_see(refused):
    maker = np.random.RandomState(0)

    def item(p, x, t):
        hidden = maker.rand(3) * 0
        hidden[:] = p["a"][0]  # here
        return np.sum(hidden)

    def out(p, x, t):
        hidden = maker.rand(2, 3) * 0
        np.exp(p["a"], out=hidden)  # here
        return np.sum(hidden)

    def in_place(p, x, t):
        hidden = maker.rand(3) * 0
        hidden += p["a"][0]  # here
        return np.sum(hidden)

    def integers(p, x, t):
        INTEGERS[:] = p["a"][0]  # here
        return np.sum(INTEGERS)

    def copyto(p, x, t):
        np.copyto(maker.rand(3), p["a"][0])  # here
        return np.sum(p["a"])

    refused(item, "conversion to a plain array")
    refused(out, r"a write into a plain array.*make it in the loss by np\.zeros")
    refused(in_place, "a write into a plain array")
    refused(integers, "conversion to a plain array")
    refused(copyto, r"np\.copyto.*does not know")


def test_writes_that_would_be_cut_off(refused, recorded, function_model):
    def loss(p, x, t):
        counts = (p["a"] > 0).astype(int)
        counts[0] = p["a"][0]  # here
        return np.sum(counts * p["a"])

    def constant(p, x, t):
        counts = (p["a"] > 0).astype(int)
        counts[0] = 2.7
        return np.sum(counts * p["a"])

    refused(loss, "a write into an array of dtype int64.*cut off; make the array float")
    recorded(function_model(params(), constant))


def test_a_loss_that_depends_on_no_parameter(refused):
    copies = {"a": A.copy()}

    def of_x(p, x, t):  # here
        return np.sum(x)

    def of_copies(p, x, t):  # here
        return np.sum(copies["a"] ** 2)

    refused(of_x, "does not depend on any array in params; params must hold", x=A)
    refused(of_copies, "not copies of them")


UNKNOWN = {
    r"np\.sin:?": lambda a: np.sum(np.sin(a)),
    r"np\.cumsum": lambda a: np.sum(np.cumsum(a)),
    r"np\.sort": lambda a: np.sort(a)[0, 0],
    r"np\.einsum": lambda a: np.einsum("ij->", a),
    r"np\.linalg\.norm": lambda a: np.linalg.norm(a) * 2,
    r"np\.prod": lambda a: np.prod(a) * 2,
    r"np\.multiply\.reduce": lambda a: np.multiply.reduce(a, axis=None),
    r"np\.add\.accumulate": lambda a: np.sum(np.add.accumulate(a)),
    r"np\.floor_divide": lambda a: np.sum(a // 2),
    r"np\.remainder": lambda a: np.sum(a % 2),
    r"np\.isnan": lambda a: np.sum(np.isnan(a) * a),
    r"np\.nan_to_num": lambda a: np.sum(np.nan_to_num(a)),
    r"np\.any": lambda a: np.any(a) * np.sum(a),
    r"ndarray\.cumsum": lambda a: np.sum(a.cumsum()),
    r"ndarray\.tolist": lambda a: sum(a.tolist()[0]),
    r"ndarray\.flat": lambda a: sum(a.flat),
    r"np\.round": lambda a: np.sum(np.round(a)),
    r"ndarray\.round": lambda a: np.sum(a.round(1)),
    r"ndarray\.astype\(int64\)": lambda a: np.sum(a.astype(int) * a),
    r"ndarray\.astype\(object\)": lambda a: np.sum(a.astype(object)),
    r"np\.where\(condition\)": lambda a: np.sum(a) * len(np.where(a > 0)[0]),
    r"np\.invert on numbers": lambda a: np.sum(~(a > 0).astype(int) * a),
    r"np\.bitwise_and on numbers": lambda a: np.sum(((a > 0).astype(int) & 1) * a),
    r"np\.matmul of two masks": lambda a: np.sum(((a > 0) @ (a > 0).T) * a[:, :2]),
    r"np\.sum\(dtype=": lambda a: np.sum(a, dtype=np.int64) * a[0, 0],
    r"np\.sum\(initial=": lambda a: np.sum(a, initial=1.0),
    r"np\.sum\(where=": lambda a: np.sum(a, where=A > 0),
    r"np\.max\(initial=": lambda a: np.max(a, initial=0.0),
    r"np\.exp\(dtype=": lambda a: np.sum(np.exp(a, dtype=np.float32)),
    r"np\.exp\(where=\.\.\.\) without out": lambda a: np.exp(a, where=A > 0, out=None)[0, 0],
    r"np\.pad\(mode='mean'\)": lambda a: np.sum(np.pad(a, 1, mode="mean")),
    r"np\.pad\(constant_values=": lambda a: np.sum(np.pad(a, 1, constant_values=(1, 2))),
    r"np\.array\(like=": lambda a: np.sum(np.array([a], like=A)),
    r"an array of dtype complex128": lambda a: np.sum(a * 1j).real,
    r"an array of dtype object": lambda a: np.sum((a == None) * a),  # noqa: E711 - as people do
    r"conversion to a plain array": lambda a: PLAIN.dot(a.ravel()),
}


@pytest.mark.parametrize(("match", "operation"), UNKNOWN.items(), ids=UNKNOWN)
def test_an_unknown_operation_is_named_with_its_line(match, operation, function_model):
    model = function_model(params(), lambda p, x, t: operation(p["a"]))
    with pytest.raises(CannotRecord, match=match) as caught:
        record(model, None, None)
    first = operation.__code__.co_firstlineno
    assert caught.value.filename == __file__
    assert caught.value.line in range(first, first + 2)


def test_add_at(refused):
    def loss(p, x, t):
        out = np.zeros(3)
        np.add.at(out, [0, 0, 1], p["a"][0])  # here
        return np.sum(out)

    refused(loss, r"np\.add\.at: this operation is not known|np\.add\.at .*not known")


def test_complex_and_object_arrays(refused, recorded, function_model):
    def from_complex(p, x, t):
        return np.sum(np.abs(p["a"] * x))  # here

    refused(from_complex, "complex128", x=A * 1j)

    def from_objects(p, x, t):
        return np.sum(p["a"] @ x[0].T) + np.sum(x[1] * p["a"])

    objects = np.empty(2, object)
    objects[:] = [A, A[0]]
    recorded(function_model(params(), from_objects), objects)


def test_parameters_in_an_object_array(recorded):
    class Net:
        def __init__(self):
            self.weights = np.empty(2, object)
            self.weights[:] = [A.copy(), A[0].copy()]

        @property
        def params(self):
            return {str(i): w for i, w in enumerate(self.weights)}

        def loss(self, x, t):
            return np.sum(self.weights[0] * self.weights[1])

    recorded(Net())


def test_a_loss_that_raises_only_when_recorded_names_the_line(refused):
    def loss(p, x, t):
        assert type(p["a"]) is np.ndarray  # here
        return np.sum(p["a"])

    refused(loss, "with recording arrays it raises AssertionError")


def test_a_loss_that_raises_at_perturbed_parameters(refused):
    def loss(p, x, t):  # here
        if abs(float(np.sum(p["a"])) - 5.5) > 1e-3:
            raise ZeroDivisionError("far away")
        return np.sum(p["a"])

    refused(loss, "the code itself raises ZeroDivisionError: far away")


def test_a_loss_that_is_not_finite(function_model):
    def loss(p, x, t):  # here
        with np.errstate(all="ignore"):
            return np.sum(np.log(np.minimum(p["a"], 0) * 0))

    with pytest.raises(InvalidArgument, match=r"model\.loss returned -inf at the parameters"):
        record(function_model({"a": np.ones(2)}, loss), None, None)


def test_overflow_at_a_perturbed_point_warns_nobody(function_model):
    def loss(p, x, t):
        return np.sum(np.log(np.exp(p["a"])))

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        record(function_model({"a": np.array([700.0, 1.0])}, loss), None, None)
