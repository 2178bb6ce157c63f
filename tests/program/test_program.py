from dataclasses import FrozenInstanceError

import numpy as np
import pytest

from fastcheck.program import Source
from fastcheck.recording import record


class Network:
    def __init__(self):
        rng = np.random.default_rng(0)
        self.params = {"W": rng.standard_normal((3, 2)), "b": np.zeros(2)}

    def loss(self, x, t):
        scores = np.maximum(x @ self.params["W"] + self.params["b"], 0)
        return np.sum((scores - t) ** 2) / len(x)


def test_the_listing_of_a_recorded_loss():
    program = record(Network(), np.ones((4, 3)), np.full((4, 2), 0.5))
    line = Network.loss.__code__.co_firstlineno
    assert (
        repr(program)
        == f"""\
Program of 7 operations over 8 parameters
  W[3x2] = parameter
  b[2] = parameter
  v3[4x2] = matmul(constant[4x3], W)                  test_program.py:{line + 1}
  v4[4x2] = add(v3, b)                                test_program.py:{line + 1}
  v6[4x2] = maximum(v4, 0)                            test_program.py:{line + 1}
  v8[4x2] = subtract(v6, constant[4x2])               test_program.py:{line + 2}
  v9[4x2] = square(v8)                                test_program.py:{line + 2}
  v10[scalar] = sum(v9, axis=(0, 1), keepdims=False)  test_program.py:{line + 2}
  v12[scalar] = divide(v10, 4)                        test_program.py:{line + 2}
  loss = v12"""
    )


def test_the_listing_of_a_program(writer):
    w = writer()
    big = w.parameter("big", np.ones((30, 40)))
    small = w.parameter("small", 2.0)
    picked = w.apply("gather", big, index=np.arange(3), line=7)
    scaled = w.apply("multiply", picked, small)
    third = w.apply("divide", scaled, w.constant([3.5]), line=12)
    total = w.apply("sum", third, axis=(0,), keepdims=False, line=345)
    assert (
        repr(w.program(total))
        == """\
Program of 4 operations over 1,201 parameters
  big[30x40] = parameter
  small[scalar] = parameter
  v2[3] = gather(big)                              model.py:7
  v3[3] = multiply(v2, small)
  v5[3] = divide(v3, 3.5)                          model.py:12
  v6[scalar] = sum(v5, axis=(0,), keepdims=False)  model.py:345
  loss = v6"""
    )


def test_the_listing_of_a_parameter_that_is_the_loss(writer):
    w = writer()
    program = w.program(w.parameter("w", 2.0))
    assert (
        repr(program)
        == """\
Program of 0 operations over 1 parameters
  w[scalar] = parameter
  loss = w"""
    )


def test_a_parameter_of_two_names_is_one_value(writer):
    w = writer()
    w.parameters["U"] = w.parameter("W", [1.0, 2.0])
    total = w.apply("sum", w.parameters["W"], axis=(0,), keepdims=False)
    assert repr(w.program(total)).count("parameter\n") == 1


def test_a_source_is_shown_without_its_folders():
    assert str(Source("/home/someone/networks/model.py", 12)) == "model.py:12"


def test_a_program_stays_as_it_is(writer):
    w = writer()
    program = w.program(w.parameter("w", 2.0))
    with pytest.raises(FrozenInstanceError):
        program.output = 1
