import threading

import numpy as np
import pytest

from fastcheck import nn
from fastcheck.engine.reference import differences_at, reference_gradient
from fastcheck.errors import InvalidArgument
from fastcheck.locking import user_code

RNG = np.random.default_rng(3)
X = RNG.standard_normal((5, 4))
T = np.array([0, 1, 2, 1, 0])


def classic_loop(model, name, h):
    """The textbook's loop."""
    w = model.params[name]
    gradient = np.zeros(w.shape)
    iterator = np.nditer(w, flags=["multi_index"])
    while not iterator.finished:
        index = iterator.multi_index
        value = w[index]
        w[index] = value + h
        high = model.loss(X, T)
        w[index] = value - h
        low = model.loss(X, T)
        gradient[index] = (high - low) / (2 * h)
        w[index] = value
        iterator.iternext()
    return gradient


def bits(model):
    return {name: (array.tobytes(), array.strides) for name, array in model.params.items()}


def smooth_net(dtype="float64"):
    return nn.Network([nn.Affine(4, 6), nn.Tanh(), nn.Affine(6, 3)], dtype=dtype, seed=1)


def test_it_is_the_classic_loop():
    net = nn.TwoLayerNet(4, 6, 3, weight_scale=0.5)
    before = bits(net)
    result = reference_gradient(net, X, T, names=list(net.params))
    for name in net.params:
        expected = classic_loop(net, name, 1e-4)
        found = result.parameters[name]
        # The classic one divides by 2h, ours by the step really taken.
        np.testing.assert_allclose(found.central, expected, rtol=1e-10, atol=1e-15)
        np.testing.assert_allclose(found.central, (found.left + found.right) / 2, atol=1e-10)
        assert (found.step == 1e-4).all()
        assert not found.switched.any()
    assert bits(net) == before
    assert (result.engine, result.step, result.threads) == ("reference", 1e-4, 1)
    assert (result.loss, result.unit_roundoff) == (net.loss(X, T), 2.0**-53)
    assert not result.sees_switches
    assert list(result.parameters) == list(net.params)


def test_it_agrees_with_backprop():
    net = smooth_net()
    result = reference_gradient(net, X, T, names=list(net.params))
    for name, gradient in net.gradient(X, T).items():
        np.testing.assert_allclose(result.parameters[name].central, gradient, atol=1e-8)


def test_one_sided_slopes_at_a_kink(make_model):
    model = make_model({"w": [0.0, 1.0, -1.0]}, lambda p, x, t: np.sum(np.maximum(p["w"], 0)))
    (found,) = reference_gradient(model, X, T, names=["w"], step=2.0**-10).parameters.values()
    assert found.left.tolist() == [0, 1, 0]
    assert found.central.tolist() == [0.5, 1, 0]
    assert found.right.tolist() == [1, 1, 0]


def test_the_divisor_is_the_step_really_taken(make_model):
    model = make_model({"w": [1.0]}, lambda p, x, t: 3 * p["w"][0])
    (found,) = reference_gradient(model, X, T, names=["w"], step=1e-10).parameters.values()
    assert (found.central, found.left, found.right) == (3, 3, 3)


def test_only_the_parameters_named():
    net = smooth_net()
    result = reference_gradient(net, X, T, names=["b1", "W2"])
    assert list(result.parameters) == ["b1", "W2"]


class Layouts:
    """One matrix in several layouts, and a number."""

    def __init__(self, dtype):
        values = np.random.default_rng(5).standard_normal((3, 4)).astype(dtype)
        sliced = np.full((6, 9), 99, dtype)
        sliced[::2, 1::2] = values
        locked = values.copy()
        locked.flags.writeable = False
        flat = values.copy().reshape(-1)
        self.params = {
            "contiguous": values.copy(),
            "fortran": np.asfortranarray(values),
            "sliced": sliced[::2, 1::2],
            "reversed": values[::-1, ::-1].copy()[::-1, ::-1],
            "view": flat.reshape(3, 4),
            "locked": locked,
            "empty": np.zeros((0, 4), dtype),
            "scalar": np.array(0.25, dtype),
        }
        self.dtype = dtype

    def loss(self, x, t):
        weights = np.arange(1, 13).reshape(3, 4).astype(self.dtype)
        matrices = [array for array in self.params.values() if array.size == 12]
        return sum(np.sum(weights * matrix**2) for matrix in matrices) * self.params["scalar"]


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_parameters_of_any_layout(dtype):
    model = Layouts(dtype)
    before = bits(model)
    around = model.params["sliced"].base.copy()
    step = None if dtype == "float64" else 2.0**-7
    result = reference_gradient(model, X, T, names=list(model.params), step=step)
    first = result.parameters["contiguous"].central
    meant = np.arange(1, 13).reshape(3, 4) * model.params["contiguous"] / 2
    np.testing.assert_allclose(first, meant, rtol=1e-7 if dtype == "float64" else 0.02)
    for name, array in model.params.items():
        found = result.parameters[name]
        assert found.central.shape == array.shape
        assert found.central.dtype == np.float64
        if array.size == 12:
            np.testing.assert_allclose(found.central, meant, rtol=1e-7 if step is None else 0.02)
    assert result.unit_roundoff == (2.0**-53 if dtype == "float64" else 2.0**-24)
    assert bits(model) == before
    np.testing.assert_array_equal(model.params["sliced"].base, around)
    assert not model.params["locked"].flags.writeable


def test_float32_steps_are_float32():
    net = smooth_net("float32")
    before = bits(net)
    result = reference_gradient(net, X, T, names=list(net.params), step=0.01)
    for name, gradient in net.gradient(X, T).items():
        np.testing.assert_allclose(result.parameters[name].central, gradient, atol=1e-3)
        assert result.parameters[name].central.dtype == np.float64
    assert bits(net) == before


class Stops:
    """A loss that fails at a certain call."""

    def __init__(self, error, call):
        self.params = {
            "W": np.random.default_rng(0).standard_normal((3, 4)),
            "locked": np.ones(2),
        }
        self.params["locked"].flags.writeable = False
        self.error, self.call, self.calls = error, call, 0

    def loss(self, x, t):
        self.calls += 1
        if self.calls == self.call:
            raise self.error
        return float(np.sum(self.params["W"] ** 3)) + float(np.sum(self.params["locked"]))


@pytest.mark.parametrize("error", [ValueError("in the middle"), KeyboardInterrupt(), MemoryError()])
@pytest.mark.parametrize("call", [1, 2, 3, 8, 9, 26])
def test_whatever_happens_the_parameters_are_put_back(error, call):
    model = Stops(error, call)
    before = bits(model)
    with pytest.raises(type(error)):
        reference_gradient(model, X, T, names=["W", "locked"])
    assert model.calls == call
    assert bits(model) == before
    assert not model.params["locked"].flags.writeable
    # Nor does it keep the lock: another thread may go on.
    assert taken_by_another_thread()


def taken_by_another_thread():
    taken = []

    def take():
        with user_code():
            taken.append(True)

    thread = threading.Thread(target=take, daemon=True)
    thread.start()
    thread.join(5)
    return bool(taken)


def test_one_element_moves_at_a_time_and_is_put_back_to_the_bit(make_model):
    start = np.random.default_rng(0).standard_normal(40)
    moved = []

    def loss(p, x, t):
        moved.append(np.count_nonzero(p["w"] != start))
        return np.sum(p["w"] ** 2)

    reference_gradient(make_model({"w": start.copy()}, loss), X, T, names=["w"], step=1e-3)
    assert moved == [0, 0] + [1] * 80


def test_a_loss_that_changes_its_parameters_is_refused_and_undone(make_model):
    def loss(p, x, t):
        p["b"][0] += 1  # a loss with a side effect on another parameter
        return np.sum(p["w"])

    model = make_model({"w": [1.0, 2.0], "b": [-0.0, 5e-324]}, loss)
    with pytest.raises(InvalidArgument, match=r"model\.loss changes params\['b'\]"):
        reference_gradient(model, X, T, names=["w"])
    assert model.params["b"].tobytes() == np.array([-0.0, 5e-324]).tobytes()


def test_a_loss_that_drifts_is_refused(make_model):
    calls = []

    def loss(p, x, t):
        calls.append(None)
        return np.sum(p["w"] ** 2) + 1e-9 * len(calls)

    with pytest.raises(InvalidArgument, match=r"model\.loss is not deterministic: called twice"):
        reference_gradient(make_model({"w": [1.0]}, loss), X, T, names=["w"])


def test_the_lock_is_held_while_the_users_code_runs(make_model):
    states = []

    def loss(p, x, t):
        states.append(taken_at_once())
        return np.sum(p["w"])

    reference_gradient(make_model({"w": [1.0]}, loss), X, T, names=["w"])
    assert states == [False] * 4
    assert taken_at_once()


def taken_at_once():
    taken = []

    def take():
        lock = user_code()
        taken.append(lock.acquire(blocking=False))
        if taken[0]:
            lock.release()

    thread = threading.Thread(target=take)
    thread.start()
    thread.join()
    return taken[0]


def test_progress_counts_the_elements():
    told = []
    net = smooth_net()
    reference_gradient(net, X, T, names=["b1", "b2"], progress=lambda *now: told.append(now))
    assert told == [(done, 9) for done in range(1, 10)]


def test_interrupted_by_its_progress_the_parameters_are_put_back():
    net = smooth_net()
    before = bits(net)

    def progress(done, total):
        if done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        reference_gradient(net, X, T, names=["W1"], progress=progress)
    assert bits(net) == before


def test_a_step_that_cannot_be_used(make_model):
    model = make_model({"w": [1e20]}, lambda p, x, t: p["w"][0])
    with pytest.raises(InvalidArgument, match=r"^step=0\.0001 is lost beside w\[0\]=1e\+20"):
        reference_gradient(model, X, T, names=["w"])
    with pytest.raises(InvalidArgument, match=r"^step=-1\.0 must be a positive finite number"):
        reference_gradient(model, X, T, names=["w"], step=-1.0)


def test_some_elements_again_with_another_step():
    net = smooth_net()
    before = bits(net)
    whole = reference_gradient(net, X, T, names=["W1"], step=1e-5).parameters["W1"]
    indices = [(0, 1), (3, 5)]
    some = differences_at(net, X, T, name="W1", indices=indices, step=1e-5)
    for index in np.ndindex(whole.central.shape):
        for field in ("central", "left", "right"):
            value = getattr(some, field)[index]
            if index in indices:
                assert value == getattr(whole, field)[index]
            else:
                assert np.isnan(value)
    assert (some.step == 1e-5).all()
    assert bits(net) == before


def test_a_step_too_small_for_an_element_gives_nan(make_model):
    # As it may be when a few elements are differenced again with smaller steps.
    model = make_model({"w": np.array([16.0, 0.5], np.float32)}, lambda p, x, t: np.sum(p["w"]))
    found = differences_at(model, X, T, name="w", indices=[(0,), (1,)], step=2.0**-22)
    assert np.isnan([found.central[0], found.left[0], found.right[0]]).all()
    assert np.isfinite([found.central[1], found.left[1], found.right[1]]).all()
