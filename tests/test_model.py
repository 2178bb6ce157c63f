from collections import UserDict
from types import SimpleNamespace

import numpy as np
import pytest

from fastcheck.errors import InvalidArgument, InvalidType, UnknownChoice
from fastcheck.model import batch_size, chosen_parameters, parameters_of, plain_loss, restored


def model(params, loss=lambda x, t: 1.0):
    return SimpleNamespace(params=params, loss=loss)


class Classy:
    """A model, had it been made."""

    def __init__(self):
        self.params = {"w": np.ones(2)}

    def loss(self, x, t):
        return 0.0


def test_parameters_are_the_live_arrays_in_the_models_order():
    b, a = np.ones(2), np.ones(3, np.float32)
    found = parameters_of(model(UserDict(b=b, a=a)))
    assert list(found) == ["b", "a"]
    assert found["b"] is b
    assert found["a"] is a


@pytest.mark.parametrize(
    ("wrong", "error", "match"),
    [
        (SimpleNamespace(params={}), InvalidType, r"no method loss\(x, t\); pass an object with"),
        (Classy, InvalidType, r"Classy is a class without params, must be .* Classy\(...\)"),
        (model(params={}, loss=3), InvalidType, r"model=SimpleNamespace has no method loss"),
        (SimpleNamespace(loss=print), InvalidType, "params=NoneType must be a dict.*very arrays"),
        (model([np.ones(2)]), InvalidType, "model.params=list must be a dict"),
        (model({}), InvalidArgument, "holds no parameter; there is nothing to check"),
        (model({"W": np.ones(2, int)}), InvalidType, r"params\['W'\] is of kind int64, must be"),
        (model({"W": np.ones(2, ">f8")}), InvalidType, "of kind >f8.*convert it once"),
        (model({"W": [1.0]}), InvalidType, "of kind list"),
        (model({"W": np.array([1, np.nan])}), InvalidArgument, r"params\['W'\] holds nan or inf"),
        (model({"W": np.array([np.inf])}), InvalidArgument, "must be finite; look for"),
        (
            model({"W": np.broadcast_to(np.ones(3), (2, 3))}),
            InvalidArgument,
            r"params\['W'\] has elements that share memory .*make it a copy",
        ),
    ],
)
def test_what_is_no_model_is_told_why(wrong, error, match):
    with pytest.raises(error, match=match):
        parameters_of(wrong)


def test_chosen_parameters_keep_the_models_order():
    names = {"a": 1, "b": 2, "c": 3}
    assert chosen_parameters(names, None) == ["a", "b", "c"]
    assert chosen_parameters(names, "b") == ["b"]
    assert chosen_parameters(names, iter(["c", "a", "c"])) == ["a", "c"]
    with pytest.raises(UnknownChoice, match=r"params='d' is unknown; choose from 'a', 'b', 'c'"):
        chosen_parameters(names, ["a", "d"])
    with pytest.raises(InvalidArgument, match=r"params=\[\] names no parameter; leave it out"):
        chosen_parameters(names, [])


@pytest.mark.parametrize("value", [2, 2.0, np.float32(2), np.array(2.0), np.array([[2.0]])])
def test_a_loss_is_one_real_number(value):
    loss = plain_loss(model({}, lambda x, t: value), None, None)
    assert type(loss) is float
    assert loss == 2.0


@pytest.mark.parametrize(
    ("value", "match"),
    [
        (np.ones(3), r"returned ndarray of shape \(3,\).*return the mean over the batch"),
        (1j, "returned complex.*must be one real number"),
        (None, "returned NoneType"),
        (True, "returned bool"),
        ("1", "returned str"),
    ],
)
def test_what_is_no_loss_is_told_why(value, match):
    with pytest.raises(InvalidType, match=match):
        plain_loss(model({}, lambda x, t: value), None, None)


@pytest.mark.parametrize("error", [None, KeyError, KeyboardInterrupt])
def test_restored_puts_back_every_bit_and_every_lock(error):
    base = np.array([-0.0, 1e-320, 3.0, 4.0])
    params = {"open": base.copy(), "locked": base.copy(), "view": base[1:3]}
    params["locked"].flags.writeable = False
    params["view"].flags.writeable = base.flags.writeable = False
    before = {name: array.tobytes() for name, array in params.items()}
    try:
        with restored(params):
            for array in params.values():
                array[...] += 1.0
            if error is not None:
                raise error
    except (KeyError, KeyboardInterrupt):
        pass
    assert {name: array.tobytes() for name, array in params.items()} == before
    assert base.tolist() == [-0.0, 1e-320, 3.0, 4.0]
    writeable = [array.flags.writeable for array in (*params.values(), base)]
    assert writeable == [True, False, False, False]


def test_parameters_in_memory_that_nobody_may_write_to():
    params = {"open": np.ones(2), "W": np.frombuffer(bytes(16))}
    with (
        pytest.raises(InvalidArgument, match=r"params\['W'\] lies in read-only memory.*a copy"),
        restored(params),
    ):
        pass


@pytest.mark.parametrize(
    ("x", "t", "samples"),
    [
        ((3, 12), (12,), 12),
        ((3, 12), (1, 12), 12),
        ((3, 12), (3,), 3),
        ((12, 3), (12, 3), 12),
        ((3, 3), (3, 3), 3),
        ((3, 12), (3, 12), 3),
        ((3, 12, 2), (12,), 3),
        ((5,), (5,), 5),
    ],
)
def test_samples_may_be_columns(x, t, samples):
    assert batch_size(np.ones(x), np.ones(t)) == samples
    assert batch_size(np.ones(x)) == x[0]
    assert batch_size([1, 2], [3]) == 2
