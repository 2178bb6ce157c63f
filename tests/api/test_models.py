"""Models that do what a model may do, if seldom: each is checked, and left as it was."""

from __future__ import annotations

import numpy as np
import pytest

import fastcheck
from fastcheck.errors import CannotRecord


def test_what_cannot_be_recorded_goes_to_the_reference_engine_and_says_so(wrapped, batch):
    class Unrecordable(wrapped):
        def loss(self, x, t):
            loss = self.net.loss(x, t)
            return loss if loss > 0 else loss + 1

    model = Unrecordable()
    report = fastcheck.gradcheck(model, *batch, params=["b1", "b2"])
    assert report.engine == "reference"
    assert report.passed
    (note,) = report.notes
    assert "engine reference, since the loss could not be recorded" in note
    assert "test_models.py" in note
    for options in ({"engine": "full"}, {"engine": "incremental"}, {"scheme": "forward"}):
        with pytest.raises(CannotRecord, match=r"a decision \(bool\) at .*test_models.py:\d+"):
            fastcheck.gradcheck(model, *batch, **options)


def read_only(array):
    array = array.copy()
    array.flags.writeable = False
    return array


def every_second(array):
    wide = np.zeros((*array.shape[:-1], 2 * array.shape[-1]))
    wide[..., ::2] = array
    return wide[..., ::2]


@pytest.mark.parametrize("engine", ["incremental", "full", "reference"])
@pytest.mark.parametrize("change", [read_only, np.asfortranarray, every_second])
def test_parameters_in_unusual_memory(wrapped, batch, engine, change):
    class Elsewhere(wrapped):
        def __init__(self):
            super().__init__()
            for layer in self.net.layers[::2]:
                layer.W, layer.b = change(layer.W), change(layer.b)
            first, second = self.net.layers[::2][:2]
            self.params = {"W1": first.W, "b1": first.b, "W2": second.W, "b2": second.b}

    model = Elsewhere()
    before = {name: (array.copy(), array.flags.writeable) for name, array in model.params.items()}
    assert fastcheck.gradcheck(model, *batch, engine=engine, params=["b1", "W2", "b2"]).passed
    for name, array in model.params.items():
        assert np.array_equal(array, before[name][0])
        assert array.flags.writeable == before[name][1]


@pytest.mark.parametrize("engine", ["incremental", "full", "reference"])
def test_an_exception_in_the_middle_of_the_loss(wrapped, batch, engine):
    class Failing(wrapped):
        calls = 0

        def loss(self, x, t):
            Failing.calls += 1
            if Failing.calls > 2 + len(before):
                raise ZeroDivisionError("in the middle")
            return self.net.loss(x, t)

    before = {name: array.copy() for name, array in wrapped().params.items()}
    model = Failing()
    with pytest.raises((ZeroDivisionError, CannotRecord), match=r"in the middle|deterministic"):
        fastcheck.gradcheck(model, *batch, engine=engine)
    for name, array in model.params.items():
        assert type(array) is np.ndarray
        assert np.array_equal(array, before[name])


def test_a_gradient_that_reads_what_loss_left_behind(wrapped, batch):
    class Textbook(wrapped):
        def loss(self, x, t):
            self.x, self.t = x, t
            return self.net.loss(x, t)

        def gradient(self, x, t):
            return self.net.gradient(self.x, self.t)

    for engine in ("incremental", "full", "reference"):
        model = Textbook()
        assert fastcheck.gradcheck(model, *batch, engine=engine, params=["b1", "b2"]).passed


def test_a_gradient_that_updates_the_parameters_is_undone(wrapped, batch):
    class Trainer(wrapped):
        def gradient(self, x, t):
            gradient = self.net.gradient(x, t)
            for name, array in self.params.items():
                array[...] -= 0.1 * gradient[name]
            return gradient

    model = Trainer()
    before = {name: array.copy() for name, array in model.params.items()}
    fastcheck.gradcheck(model, *batch, params="b2")
    assert all(np.array_equal(array, before[name]) for name, array in model.params.items())


def test_an_accuracy_that_raises_is_a_note(net, batch):
    net.accuracy = lambda x, t: 1 / 0
    report = fastcheck.gradcheck(net, *batch, params="b2")
    assert report.accuracy is None
    assert report.notes == ("no accuracy: ZeroDivisionError: division by zero",)


def test_compiled_code_among_the_globals(wrapped, batch):
    class Drawing(wrapped):
        draw = staticmethod(np.random.default_rng)

    assert fastcheck.gradcheck(Drawing(), *batch, engine="full", params="b2").passed


def test_integer_gradients_are_numbers(batch):
    class Line:
        def __init__(self):
            self.params = {"w": np.array([0.5, 0.25])}

        def loss(self, x, t):
            return 3 * self.params["w"].sum()

        def gradient(self, x, t):
            return {"w": [3, 3]}

    assert fastcheck.gradcheck(Line(), *batch).passed
