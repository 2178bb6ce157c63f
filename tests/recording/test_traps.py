"""Losses that would be recorded wrongly if nobody looked: what finds them out."""

import contextlib
import copy
import pickle

import numpy as np
import pytest

from fastcheck.errors import CannotRecord, InvalidArgument
from fastcheck.recording import record

A = np.array([[1.0, -2.0, 3.0], [0.5, 4.0, -1.0]])

MADE_AT_IMPORT = np.zeros(3)


def params():
    return {"a": A.copy()}


class Counter:
    """Every third call is different."""

    def __init__(self, special):
        self.params = params()
        self.calls = 0
        self.special = special

    def loss(self, x, t):
        self.calls += 1
        factor = 2.0 if self.calls == self.special else 1.0
        return factor * np.sum(self.params["a"] ** 2)


@pytest.mark.parametrize("special", [1, 2])
def test_a_hidden_counter_is_not_deterministic(special):
    model = Counter(special)
    with pytest.raises(InvalidArgument, match=r"not deterministic.*called twice it gives"):
        record(model, None, None)
    assert model.calls == 0


@pytest.mark.parametrize("special", [3, 4, 9])
def test_a_later_change_is_found_by_the_replay(special):
    with pytest.raises(CannotRecord, match="the recording gives the loss"):
        record(Counter(special), None, None)


def test_random_numbers(recorded, function_model):
    def loss(p, x, t):
        return np.sum(p["a"] * np.random.rand(3))

    def seeded(p, x, t):
        mask = np.random.RandomState(0).rand(3) > 0.5
        return np.sum(p["a"] * mask + np.random.default_rng(1).standard_normal(3) * p["a"])

    with pytest.raises(InvalidArgument, match="not deterministic"):
        record(function_model(params(), loss), None, None)
    recorded(function_model(params(), seeded))


def test_a_memoised_loss():
    class Memoised:
        def __init__(self):
            self.params = params()
            self.memo = {}

        def loss(self, x, t):
            if "loss" not in self.memo:
                self.memo["loss"] = np.sum(self.params["a"] ** 2)
            return self.memo["loss"]

    model = Memoised()
    with pytest.raises(CannotRecord, match="does not depend on any array in params"):
        record(model, None, None)
    assert model.memo == {}


def test_a_swallowed_refusal(refused):
    def loss(p, x, t):
        try:
            return np.sum(np.sin(p["a"]))  # here
        except Exception:  # noqa: BLE001 - the trap
            return np.sum(p["a"])

    refused(loss, r"np\.sin")


def test_a_swallowed_refusal_and_a_stumble_later(refused):
    def loss(p, x, t):
        try:
            value = np.sum(np.sin(p["a"]))  # here
        except Exception:  # noqa: BLE001 - the trap
            value = {}["missing"]
        return value

    assert isinstance(refused(loss, r"np\.sin").__cause__, KeyError)


def test_the_first_of_several_refusals_is_told(refused):
    def attempt(function, a):
        try:
            return np.sum(function(a))
        except CannotRecord:
            return 0.0

    def loss(p, x, t):
        with contextlib.suppress(CannotRecord):
            return np.sum(np.sin(p["a"]))  # here
        return np.sum(p["a"]) + attempt(np.cos, p["a"])

    refused(loss, r"np\.sin")


def test_writes_into_an_array_made_at_import(recorded, function_model):
    def loss(p, x, t):
        MADE_AT_IMPORT[:] = p["a"][0]
        return np.sum(MADE_AT_IMPORT**2)

    record(function_model(params(), loss), None, None)
    assert not MADE_AT_IMPORT.any()
    recorded(function_model(params(), loss))


def test_a_loss_that_changes_a_parameter(function_model):
    def loss(p, x, t):
        np.clip(p["a"], -3, 3, out=p["a"])
        return np.sum(p["a"] ** 2)

    model = function_model({"a": np.array([1.0, 5.0])}, loss)
    with pytest.raises(InvalidArgument, match=r"model\.loss changes params\['a'\]"):
        record(model, None, None)
    assert model.params["a"].tolist() == [1.0, 5.0]


def test_params_that_are_copies():
    class Net:
        def __init__(self):
            self.W = A.copy()

        @property
        def params(self):
            return {"W": self.W.copy()}

        def loss(self, x, t):
            return np.sum(self.W**2)

    with pytest.raises(CannotRecord, match="not copies of them"):
        record(Net(), None, None)


def test_pickling(refused):
    def loss(p, x, t):
        return np.sum(pickle.loads(pickle.dumps(p["a"])))  # here

    refused(loss, "pickling.*depends on the parameters")


def test_copies_by_the_copy_module_stay_recorded(recorded, function_model):
    def loss(p, x, t):
        deep, shallow = copy.deepcopy(p), copy.copy(p["a"])
        deep["a"] *= 2
        shallow += 1
        return np.sum(deep["a"] * shallow * p["a"])

    recorded(function_model(params(), loss))


def test_a_recording_array_keeps_its_class(refused):
    def loss(p, x, t):
        if type(p["a"]) is not np.ndarray:
            p["a"].__class__ = dict  # here
        return np.sum(p["a"])

    refused(loss, "raises TypeError: a recording array's class cannot be changed")


def test_parameters_that_overlap(refused):
    flat = np.arange(6.0)

    def loss(p, x, t):  # here
        return np.sum(flat**2)

    refused(
        loss,
        r"params\['flat'\] and params\['W'\].*share a part of their memory",
        {"flat": flat, "W": flat[:4].reshape(2, 2)},
    )
    refused(loss, "neither moves alone", {"W": flat.reshape(2, 3), "WT": flat.reshape(2, 3).T})


@pytest.mark.filterwarnings("ignore:the matrix subclass")
def test_a_matrix_is_no_array(refused):
    def loss(p, x, t):  # here
        return np.sum(p["W"] * p["W"])

    refused(loss, r"params\['W'\].*a matrix has operators of its own", {"W": np.matrix(np.eye(2))})


def test_a_constant_changed_in_place_is_read_anew(recorded, function_model):
    def loss(p, x, t):
        scale = np.ones(3)
        first = np.sum(p["a"] * scale)
        scale *= 3.0
        second = np.sum(p["a"] * scale)
        scale[0] = -1.0
        return first + 10 * second + 100 * np.sum(p["a"] * scale)

    recorded(function_model(params(), loss))


def test_a_large_input_is_not_copied_and_not_written_to(
    monkeypatch, refused, recorded, function_model
):
    monkeypatch.setattr("fastcheck.recording.memory._COPY_UP_TO", 4)

    def reading(p, x, t):
        return np.sum(p["a"] * x) + np.sum(p["a"] * x.T.T[::-1])

    def writing(p, x, t):
        x[0] = p["a"][0]  # here
        return np.sum(x)

    recorded(function_model(params(), reading), A)
    refused(writing, "with recording arrays it raises ValueError: .*read-only", x=A.copy())
