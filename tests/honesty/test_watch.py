"""What loss and gradient change is found, said and put back."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from fastcheck.honesty import examined, kept, loss_faults
from fastcheck.honesty.bits import count_different


def changing(change):
    """A gradient that does `change` and then is right, for the data that it should have had."""

    def gradient(self, x, t):
        found = self.honest_gradient()
        change(self, x, t)
        return found

    return gradient


def test_gradient_changes_x(model, examine):
    def change(self, x, t):
        x[1:] -= 1.0

    x = np.array([3.0, np.nan, 5.0, 6.0])
    evidence = examine(model(gradient=changing(change)), x)
    (finding,) = evidence.findings
    assert (finding.parameter, finding.kind, finding.severe) == (None, "modified", True)
    assert finding.message == (
        "x is changed by gradient in 2 of 4 elements, must only be read; let gradient work on a "
        "copy"
    )
    assert finding.evidence == {"by": "gradient", "elements": 2, "total": 4}
    assert np.array_equal(x, [3.0, np.nan, 5.0, 6.0], equal_nan=True)


def test_gradient_updates_a_parameter(model, examine):
    def change(self, x, t):
        self.params["w"][0] -= 0.1

    evidence = examine(model(gradient=changing(change)))
    (finding,) = evidence.findings
    assert finding.parameter == "w"
    assert finding.message == (
        "params['w'] is changed by gradient in 3 of 6 elements, must only be read; update the "
        "parameters outside of gradient"
    )


def test_loss_changes_a_parameter_and_gradient_sees_it_as_it_was(model, examine):
    def loss(self, x, t):
        value = self.honest_loss()
        self.params["b"] += 1.0
        return value

    evidence = examine(model(loss))
    (finding,) = evidence.findings
    assert finding.message.startswith("params['b'] is changed by loss in 2 of 2 elements")
    assert evidence.gradient["b"].tolist() == [0.5, -0.5]


def test_gradient_replaces_a_parameter(model, examine):
    def change(self, x, t):
        self.params["w"] = self.params["w"] - 0.1

    evidence = examine(model(gradient=changing(change)))
    (finding,) = evidence.findings
    assert (finding.parameter, finding.kind, finding.severe) == ("w", "modified", True)
    assert finding.message == (
        "gradient replaces params['w'] by another ndarray, must only read it; update the "
        "parameters outside of gradient"
    )


def test_params_made_anew_at_every_look_are_the_same_parameters(model, examine):
    class Flat(model):
        flat = np.arange(1.0, 4.0)

        @property
        def params(self):
            return {"w": self.flat[:2], "b": self.flat[2:]}

        @params.setter
        def params(self, value):
            pass

    assert examine(Flat()).findings == ()


def first_array(x):
    return x["a"][0]


@pytest.mark.parametrize(
    ("make", "leaf", "name"),
    [
        (lambda a: a, lambda x: x, "x"),
        (lambda a: [a, None], lambda x: x[0], r"x[0]"),
        (lambda a: ("text", a), lambda x: x[1], r"x[1]"),
        (lambda a: {"a": (a, 3)}, first_array, "x['a'][0]"),
        (lambda a: a.astype(np.int16), lambda x: x, "x"),
        (lambda a: a.astype(bool), lambda x: x, "x"),
        (lambda a: a.astype(np.longdouble), lambda x: x, "x"),
        (lambda a: a.astype(complex), lambda x: x, "x"),
        (lambda a: a.astype("U3"), lambda x: x, "x"),
        (lambda a: np.asfortranarray(np.stack([a, a]))[::-1, ::2], lambda x: x[0], "x"),
        (np.ma.MaskedArray, lambda x: x, "x"),
    ],
)
def test_the_forms_in_which_data_comes(model, examine, make, leaf, name):
    def change(self, x, t):
        leaf(x)[...] = 0

    x = make(np.array([1.0, 2.0, 3.0]))
    before = np.array(leaf(x))
    (finding,) = examine(model(gradient=changing(change)), x).findings
    assert finding.message.startswith(f"{name} is changed by gradient in ")
    assert finding.evidence["elements"] == before.size
    assert np.array_equal(leaf(x), before)


def test_views_of_memory(model, examine):
    class Tensor:
        def __init__(self):
            self.memory = np.ones(3)

        def __array__(self, dtype=None, copy=None):
            return self.memory.view()

    def change(self, x, t):
        t.memory[0] = 7.0

    t = Tensor()
    (finding,) = examine(model(gradient=changing(change)), None, t).findings
    assert finding.message.startswith("t is changed by gradient in 1 of 3 elements")
    assert t.memory.tolist() == [1.0, 1.0, 1.0]


def test_lists_and_dicts_that_lose_items(model, examine):
    def change(self, x, t):
        x.pop()
        t["new"] = t.pop("old")

    x, t = [1, 2, 3], {"old": 1, "more": 2}
    one, two = examine(model(gradient=changing(change)), x, t).findings
    assert one.message == (
        "x is changed by gradient, which puts in or takes out items, must only be read; let "
        "gradient work on a copy"
    )
    assert two.message.startswith("t is changed by gradient, which puts in")
    assert x == [1, 2, 3]
    assert list(t.items()) == [("old", 1), ("more", 2)]


def read_only(array):
    array.flags.writeable = False
    return array


class Refusing:
    def __array__(self, dtype=None, copy=None):
        raise RuntimeError("requires grad")


class Fresh:
    def __array__(self, dtype=None, copy=None):
        return np.ones(3)


@pytest.mark.parametrize(
    "x",
    [
        None,
        3,
        "text",
        object(),
        Refusing(),
        Fresh(),
        read_only(np.ones(3)),
        np.array([None, 1]),
        np.ones((0, 3)),
        np.array(["a", "bcd"]),
        np.zeros(2, "V0"),
        np.zeros(2, [("a", float), ("b", "i1")]),
        np.broadcast_to(np.ones(3), (2, 3)),
        [[1, 2], [3]],
        list(range(40_000)),
        SimpleNamespace(nbytes=2**40, __array__=None),
    ],
    ids=lambda x: type(x).__name__,
)
def test_what_may_be_given_as_data(model, examine, x):
    assert examine(model(), x, {"t": x, 2: [x]}).findings == ()


def test_data_that_holds_itself(model, examine):
    x = [np.ones(2)]
    x.append(x)
    assert examine(model(), x, x).findings == ()


def test_a_change_is_said_once_for_each_that_makes_it(model, examine):
    def both(self, x):
        x += 1.0
        return self.honest_loss()

    x = np.ones(2)
    evidence = examine(
        model(lambda self, x, t: both(self, x), changing(lambda self, x, t: both(self, x))), x
    )
    assert [finding.evidence["by"] for finding in evidence.findings] == ["loss", "gradient"]
    assert x.tolist() == [1.0, 1.0]


def test_bits():
    assert count_different(np.array([np.nan, 0.0]), np.array([np.nan, -0.0])) == 1
    assert count_different(np.ones(3, "c16"), np.array([1, 2, np.nan], "c16")) == 2
    assert count_different(np.array(1.0), np.array(2.0)) == 1
    assert count_different(np.ones((0, 2), "c16"), np.ones((0, 2), "c16")) == 0
    assert count_different(np.array("abc"), np.array("abd")) == 1


@pytest.mark.parametrize("error", [None, KeyboardInterrupt])
def test_what_an_engine_saw_of_the_loss_counts_too(model, error):
    def loss(self, x, t):
        np.clip(x, 0.0, 1.0, out=x)
        return self.honest_loss()

    clipping, x = model(loss), np.array([0.5, 1.0, 1.5])
    try:
        with kept(x, None) as batch:
            clipping.loss(x, None)
            evidence = examined(
                clipping, x, None, SimpleNamespace(parameters=clipping.params), batch
            )
            assert x.tolist() == [0.5, 1.0, 1.5]
            clipping.loss(x, None)
            assert loss_faults(clipping, x, None, batch) == evidence.findings
            clipping.loss(x, None)
            if error is not None:
                raise error
    except KeyboardInterrupt:
        pass
    assert x.tolist() == [0.5, 1.0, 1.5]
    (finding,) = evidence.findings
    assert finding.message == (
        "x is changed by loss in 1 of 3 elements, must only be read; let loss work on a copy"
    )
