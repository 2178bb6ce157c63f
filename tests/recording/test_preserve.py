"""Nothing of the user's is different after a recording, however it ends."""

import functools
import random
import sys
import types
from collections import OrderedDict, defaultdict, deque

import numpy as np
import pytest

from fastcheck.errors import CannotRecord
from fastcheck.recording import record
from fastcheck.recording.preserve import preserved

X = np.arange(6.0).reshape(2, 3)
counter = 0
history = []
GLOBAL = np.ones(3)


class Slotted:
    __slots__ = ("__private", "cache", "weight")

    def __init__(self, weight):
        self.weight = weight
        self.__private = 1

    def forward(self, x):
        self.cache = x * self.weight
        self.__private += 1
        return self.cache


class Model:
    calls = 0
    shared = [np.ones(3)]  # noqa: RUF012 - as people do

    def __init__(self, ending):
        self.ending = ending
        self.params = OrderedDict(w=np.array([1.0, np.nan, 3.0]), v=np.full(3, 2.0))
        self.params["w"][1] = -0.0
        self.layer = Slotted(self.params["w"])
        self.seen, self.queue, self.table = set(), deque(maxlen=2), defaultdict(list)
        self.pair = (self.params["v"], [self.params["w"]])
        self.mean = np.zeros(3)
        self.labels = np.array([1, 0])
        self.rng = np.random.default_rng(0)
        self.legacy = np.random.RandomState(0)
        self.zero = np.zeros
        self.lazy_later = None

    @functools.cached_property
    def lazy(self):
        return self.params["v"] * 2

    def loss(self, x, t, scale=GLOBAL, *, shift=GLOBAL):
        global counter  # noqa: PLW0603 - the trap
        counter += 1
        globals_made(x)
        history.append(x)
        Model.calls += 1
        Model.added = x
        Model.loss.calls = 5
        self.new = x * self.params["w"]
        vars(self).pop("labels", None)
        self.params.move_to_end("w")
        self.params["extra"] = x
        self.seen.add(counter)
        self.queue.append(x)
        self.table["made"].append(x)
        self.pair[1].append(1)
        self.shared[0] = x
        self.mean *= 0.9
        self.mean += x.mean(axis=0)
        self.rng.random()
        self.legacy.rand()
        np.random.rand()
        random.random()
        x[0, 0] = 7.0
        out = self.zero(3)
        out[...] = (self.layer.forward(x) * self.lazy * scale + shift).sum(axis=0)
        self.lazy_later = out
        x[0, 0] = 0.0
        return self.ending(np.sum(out**2), x)


def globals_made(x):
    global made  # noqa: PLW0603 - the trap
    made = x


def succeed(loss, x):
    return loss


def refuse(loss, x):
    return np.sum(np.sin(loss))


def only_when_recorded(error):
    def ending(loss, x):
        if type(x) is not np.ndarray:
            raise error
        return loss

    return ending


def always(error):
    def ending(loss, x):
        raise error

    return ending


ENDINGS = {
    "success": (succeed, None),
    "refusal": (refuse, CannotRecord),
    "exception when recorded": (only_when_recorded(KeyError("x")), CannotRecord),
    "interrupt when recorded": (only_when_recorded(KeyboardInterrupt()), KeyboardInterrupt),
    "exception": (always(KeyError("x")), KeyError),
    "interrupt": (always(KeyboardInterrupt()), KeyboardInterrupt),
}


def snapshot(thing, seen):  # noqa: PLR0911 - a table by kind
    """Return everything reachable as nested tuples of ids and contents."""
    if id(thing) in seen:
        return id(thing)
    seen[id(thing)] = thing  # alive, so that no id() is used twice
    if isinstance(thing, np.ndarray):
        return id(thing), thing.tobytes(), thing.flags.writeable, thing.shape
    if isinstance(thing, np.random.Generator):
        return id(thing), repr(thing.bit_generator.state)
    if isinstance(thing, np.random.RandomState):
        return id(thing), repr(thing.get_state())
    if isinstance(thing, dict):
        return id(thing), entries(thing, seen)
    if isinstance(thing, (list, tuple, set, deque)):
        return id(thing), [snapshot(item, seen) for item in thing]
    if isinstance(thing, types.FunctionType):
        held = thing.__defaults__, entries(thing.__kwdefaults__ or {}, seen)
        return id(thing), held, entries(thing.__dict__, seen)
    if isinstance(thing, Slotted):
        names = ("weight", "cache", "_Slotted__private")
        return id(thing), [(n, snapshot(getattr(thing, n, "unset"), seen)) for n in names]
    return id(thing), entries(vars(thing), seen) if isinstance(thing, Model) else None


def entries(mapping, seen):
    return [(name, snapshot(value, seen)) for name, value in mapping.items()]


def everything(model):
    seen = {}
    randoms = repr(random.getstate()), repr(np.random.get_state())
    found = [entries(vars(Model), seen), entries(globals(), seen), snapshot(model, seen), randoms]
    return [*found, X.tobytes()]


@pytest.mark.parametrize(("ending", "error"), ENDINGS.values(), ids=ENDINGS)
def test_everything_is_as_it_was(ending, error):
    model = Model(ending)
    before = everything(model)
    if error is None:
        record(model, X, None)
    else:
        with pytest.raises(error):
            record(model, X, None)
    assert everything(model) == before
    assert globals()["np"] is sys.modules["numpy"]


def test_the_snapshot_sees_a_change():
    model = Model(succeed)
    before = everything(model)
    model.loss(X, None)
    try:
        assert everything(model) != before
    finally:
        Model.calls = 0
        del Model.added
        del Model.loss.__dict__["calls"]
        Model.shared[0] = np.ones(3)


def locked(array):
    array = np.array(array)
    array.flags.writeable = False
    return array


def test_read_only_parameters_and_inputs_stay_so():
    whole = locked([1.0, 2.0, 3.0, 4.0])
    params = {"w": locked([1.0, 2.0]), "view": whole[1:3]}
    x = locked([[0.5, 1.5]])

    def loss(x, t):
        return np.sum((x * params["w"] + params["view"]) ** 2)

    record(types.SimpleNamespace(params=params, loss=loss), x, None)
    for array in (whole, *params.values(), x):
        assert not array.flags.writeable
    assert whole.tolist() == [1.0, 2.0, 3.0, 4.0]


def test_a_closure_variable_that_was_not_bound():
    def make():
        def loss(x, t):
            nonlocal cache
            cache = np.sum(w)
            return cache

        w = np.ones(3)
        model = types.SimpleNamespace(params={"w": w}, loss=loss)
        if model is None:
            cache = 1.0
        return model, loss.__closure__[0]

    model, cell = make()
    record(model, None, None)
    with pytest.raises(ValueError, match="empty"):
        _ = cell.cell_contents


def test_preserved_puts_back_what_the_block_changes():
    things = {"list": [1], "array": np.arange(3), "fixed": locked([1])}
    with preserved(things):
        things["list"].append(2)
        things["array"] += 1
        del things["fixed"]
        things["new"] = 1
    assert list(things) == ["list", "array", "fixed"]
    assert things["list"] == [1]
    assert things["array"].tolist() == [0, 1, 2]


def test_preserved_follows_an_array_that_is_locked_in_the_block():
    array = np.arange(3)
    with preserved([array]):
        array.flags.writeable = False
    assert array.tolist() == [0, 1, 2]
