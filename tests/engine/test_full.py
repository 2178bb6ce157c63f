import re
import threading
from dataclasses import replace

import numpy as np
import pytest

from fastcheck import data, nn
from fastcheck.engine.full import full_gradient
from fastcheck.engine.kernels.differences import REFINEMENT, REFINEMENTS, central_differences
from fastcheck.engine.reference import differences_at, reference_gradient
from fastcheck.engine.steps import FULL_STEP
from fastcheck.errors import InvalidArgument
from fastcheck.recording import record

FIELDS = ("central", "left", "right", "step", "switched")

# Losses of size 1 are rounded at 1e-16, times some terms; over twice the step.
STEPS = [1e-4, 2.0**-13]
ROUNDING = 5e-11

LOSSES = [
    nn.SoftmaxCrossEntropy(),
    nn.ClippedSoftmaxCrossEntropy(),
    nn.ClippedSoftmaxCrossEntropy(epsilon=0.1),
    nn.MeanSquaredError(),
]


def batch(samples, inputs, classes, *, labels=True):
    rng = np.random.default_rng(11)
    x = rng.random((samples, inputs)) * (rng.random((samples, inputs)) < 0.3)
    t = rng.integers(0, classes, samples)
    return x, t if labels else np.eye(classes)[t]


def deep_net(loss=None):
    return nn.Network(
        [
            *(nn.Affine(9, 8), nn.Tanh(), nn.Affine(8, 7), nn.Tanh(), nn.Affine(7, 6), nn.Tanh()),
            nn.Affine(6, 4),
        ],
        loss=loss or nn.MeanSquaredError(),
        seed=3,
    )


def compared(model, x, t, step, *, share_crossing):
    """Both engines with one step; where a switch lies within it they cannot agree."""
    names = list(model.params)
    slow = reference_gradient(model, x, t, names=names, step=step)
    fast = full_gradient(record(model, x, t), names=names, step=step)
    crossing = 0
    for name in names:
        mine, theirs = fast.parameters[name], slow.parameters[name]
        same = (mine.step == step) & ~mine.switched
        crossing += np.count_nonzero(~same)
        for field in ("central", "left", "right"):
            difference = np.abs(getattr(mine, field) - getattr(theirs, field))
            assert difference[same].max(initial=0) < ROUNDING, (name, field)
        assert (mine.step[~same & ~mine.switched] < step).all()
    elements = sum(array.size for array in model.params.values())
    assert crossing <= share_crossing * elements
    assert fast.loss == pytest.approx(slow.loss, rel=1e-14)
    return slow, fast


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("labels", [True, False])
@pytest.mark.parametrize("loss", LOSSES, ids=repr)
def test_the_classic_network_as_the_classic_loop_has_it(loss, labels, step):
    net = nn.TwoLayerNet(20, 7, 4, weight_scale=0.4, loss=loss)
    compared(net, *batch(6, 20, 4, labels=labels), step, share_crossing=0.02)


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("loss", LOSSES, ids=repr)
def test_three_hidden_layers_as_the_classic_loop_has_them(loss, step):
    compared(deep_net(loss), *batch(5, 9, 4), step, share_crossing=0)


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("labels", [True, False])
def test_plain_numpy_code_as_the_classic_loop_has_it(classic, labels, step):
    net = classic.TwoLayerNet(20, 7, 4, weight_init_std=0.4)
    compared(net, *batch(6, 20, 4, labels=labels), step, share_crossing=0.02)


@pytest.mark.parametrize("code", ["nn", "plain NumPy"])
def test_every_weight_of_the_784_50_10_network(classic, code):
    x, t = data.mnist(20)
    net = nn.TwoLayerNet(784, 50, 10) if code == "nn" else classic.TwoLayerNet(784, 50, 10)
    assert sum(array.size for array in net.params.values()) == 39_760
    _, fast = compared(net, x, t, 2.0**-13, share_crossing=0.005)
    gradient = net.gradient(x, t)
    for name, found in fast.parameters.items():
        assert np.abs(found.central - gradient[name])[~found.switched].max() < 1e-8, name


def test_any_program_as_numpy_has_it(case, differences_in_numpy):
    names = list(case.program.parameters)
    done = full_gradient(case.program, names=names, step=2.0**-13)
    for name, found in done.parameters.items():
        expected = differences_in_numpy(case.program, name, 2.0**-13)
        same = found.step == 2.0**-13
        scale = max(1.0, abs(done.loss), np.abs(expected).max(initial=0))
        assert np.abs(found.central - expected)[same].max(initial=0) < ROUNDING * scale
        assert np.count_nonzero(same) >= 0.8 * same.size


def test_where_the_step_was_divided_it_is_the_smaller_difference():
    net = nn.TwoLayerNet(20, 7, 4, weight_scale=0.4)
    x, t = batch(6, 20, 4)
    done = full_gradient(record(net, x, t), names=["W1"], step=2.0**-8).parameters["W1"]
    smaller = np.argwhere((done.step < 2.0**-8) & ~done.switched)
    assert len(smaller) >= 3
    for index in map(tuple, smaller):
        step = float(done.step[index])
        assert step in (2.0**-8 / REFINEMENT, 2.0**-8 / REFINEMENT**2)
        expected = differences_at(net, x, t, name="W1", indices=[index], step=step)
        assert abs(done.central[index] - expected.central[index]) < 1e-9


def test_on_kinks_the_backprop_lies_between_the_slopes():
    # Zero weights: every pre-activation is zero and moves with its bias.
    net = nn.TwoLayerNet(20, 7, 4, weight_scale=0.4)
    net.params["W1"][:, :3] = 0
    x, t = batch(6, 20, 4)
    done = full_gradient(record(net, x, t), names=["b1", "W1"])
    assert done.parameters["b1"].switched.tolist() == [True] * 3 + [False] * 4
    gradient = net.gradient(x, t)
    for name, found in done.parameters.items():
        low, high = np.minimum(found.left, found.right), np.maximum(found.left, found.right)
        assert ((low - 1e-7 <= gradient[name]) & (gradient[name] <= high + 1e-7)).all()
        assert (found.step[found.switched] == FULL_STEP / REFINEMENT**REFINEMENTS).all()
        apart = np.abs(found.left - found.right)
        assert apart[~found.switched].max() < 1e-5
        assert apart[found.switched].max() > 1e-2


def networks():
    """Models to cut among threads, by name; the second crosses kinks, the third sits on some."""
    relu = nn.TwoLayerNet(20, 7, 4, weight_scale=0.4)
    zero = nn.TwoLayerNet(20, 7, 4, weight_scale=0.4)
    zero.params["W1"][:, :3] = 0
    return {
        "tanh": (deep_net(), batch(5, 9, 4), None),
        "crossing": (relu, batch(6, 20, 4), 2.0**-8),
        "on kinks": (zero, batch(6, 20, 4), None),
    }


@pytest.mark.parametrize("name", networks())
def test_the_same_bits_for_any_number_of_threads(name):
    net, (x, t), step = networks()[name]
    program = record(net, x, t)

    def run(threads):
        done = full_gradient(program, names=list(net.params), step=step, threads=threads)
        assert done.threads == threads
        return done.parameters

    one = run(1)
    refined = sum(np.count_nonzero(found.step < found.step.max()) for found in one.values())
    switched = sum(np.count_nonzero(found.switched) for found in one.values())
    assert (refined > 0) == (name != "tanh")
    assert (switched > 0) == (name == "on kinks")
    for threads in (1, 2, 3, 7):
        for parameter, found in run(threads).items():
            for field in FIELDS:
                assert np.array_equal(getattr(found, field), getattr(one[parameter], field))


def test_the_same_bits_for_any_program_and_any_number_of_threads(case):
    names = list(case.program.parameters)
    one = full_gradient(case.program, names=names, threads=1).parameters
    many = full_gradient(case.program, names=names, threads=7).parameters
    for name in names:
        for field in FIELDS:
            assert np.array_equal(getattr(one[name], field), getattr(many[name], field))


def test_one_compilation_serves_every_program(case):
    x, t = batch(3, 4, 2)
    first = nn.TwoLayerNet(4, 3, 2)
    full_gradient(record(first, x, t), names=list(first.params))
    stats = central_differences.stats
    before = (sum(stats.cache_hits.values()), sum(stats.cache_misses.values()))
    full_gradient(case.program, names=list(case.program.parameters), step=1e-3, threads=3)
    stats = central_differences.stats
    assert (sum(stats.cache_hits.values()), sum(stats.cache_misses.values())) == before
    assert sum(before) == 1
    assert len(central_differences.signatures) == 1


def test_what_the_result_says():
    net = deep_net()
    x, t = batch(5, 9, 4)
    program = record(net, x, t)
    done = full_gradient(program, names=["b1", "W2"], threads=2)
    assert list(done.parameters) == ["b1", "W2"]
    assert (done.engine, done.step, done.threads) == ("full", FULL_STEP, 2)
    assert done.sees_switches
    assert done.unit_roundoff == 2.0**-53
    assert done.loss == pytest.approx(net.loss(x, t), rel=1e-14)
    assert done.seconds > 0
    assert done.setup_seconds > 0
    for name, found in done.parameters.items():
        for field in FIELDS:
            assert getattr(found, field).shape == net.params[name].shape
            assert getattr(found, field).dtype == ("bool" if field == "switched" else "float64")


def test_a_switch_that_one_parameter_crosses_is_not_the_next_ones(make_model):
    # Above a relu that sits on its kink, a weight that the relu does not depend on.
    def loss(p, x, t):
        return np.sum(np.maximum(p["below"], 0) * p["above"])

    model = make_model({"below": np.zeros(5), "above": np.ones(5)}, loss)
    program = record(model, np.ones(1), None)
    done = full_gradient(program, names=["below", "above"], threads=1).parameters
    assert done["below"].switched.all()
    assert not done["above"].switched.any()
    assert (done["above"].step == FULL_STEP).all()


def test_a_parameter_of_two_names_has_one_gradient(make_model):
    shared = np.array([1.0, 2.0])
    model = make_model({"a": shared, "b": shared}, lambda p, x, t: np.sum(p["a"] * p["b"]))
    done = full_gradient(record(model, np.ones(1), None), names=["a", "b"])
    for name in ("a", "b"):
        np.testing.assert_allclose(done.parameters[name].central, 2 * shared, rtol=1e-9)


def test_a_parameter_that_the_loss_does_not_use(make_model):
    params = {"used": [2.0], "idle": [1.0, 2.0], "empty": np.zeros((0, 3))}
    model = make_model(params, lambda p, x, t: np.sum(p["used"] ** 2))
    done = full_gradient(record(model, np.ones(1), None), names=list(params))
    assert done.parameters["idle"].central.tolist() == [0.0, 0.0]
    assert not done.parameters["idle"].switched.any()
    assert done.parameters["empty"].central.shape == (0, 3)


def test_a_loss_that_is_infinite_gives_no_number(make_model):
    model = make_model({"w": [1.0, 2.0], "c": 3.0}, lambda p, x, t: np.sum(p["w"] * p["c"]))
    program = record(model, np.ones(1), None)
    program = replace(program, base={**program.base, "c": np.array(-np.inf)})
    done = full_gradient(program, names=["w"])
    assert done.loss == -np.inf
    assert not np.isfinite(done.parameters["w"].central).any()


def test_zero_times_infinity_is_not_left_out(make_model):
    x = np.array([[0.0, 0.0, 0.0, 1.0], [0.0, 0.0, 0.0, 2.0]])

    model = make_model({"w": np.ones((4, 1))}, lambda p, x, t: np.sum(x @ np.log(p["w"])))
    program = record(model, x, None)
    program = replace(program, base={"w": np.array([[0.0], [1.0], [2.0], [3.0]])})
    done = full_gradient(program, names=["w"])
    assert np.isnan(done.loss)
    assert np.isnan(done.parameters["w"].central[1:]).all()


def test_the_model_and_the_program_are_left_alone():
    net = deep_net()
    x, t = batch(5, 9, 4)
    program = record(net, x, t)
    before = {name: array.tobytes() for name, array in net.params.items()}
    full_gradient(program, names=list(net.params), threads=3)
    assert {name: array.tobytes() for name, array in net.params.items()} == before
    assert {name: array.tobytes() for name, array in program.base.items()} == before


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"step": 0.0}, "step=0.0 must be a positive finite number"),
        ({"step": 1e-20}, "step=1e-20 is lost beside W["),
        ({"threads": 0}, "threads=0 must be an integer >= 1"),
    ],
)
def test_options_that_cannot_be_used(make_model, options, message):
    model = make_model({"W": [1.0]}, lambda p, x, t: np.sum(p["W"]))
    program = record(model, np.ones(1), None)
    with pytest.raises(InvalidArgument, match=f"^{re.escape(message)}"):
        full_gradient(program, names=["W"], **options)


def test_only_the_parameters_named_need_to_feel_the_step(make_model):
    model = make_model({"w": [1.0], "huge": [1e20]}, lambda p, x, t: np.sum(p["w"]))
    program = record(model, np.ones(1), None)
    assert full_gradient(program, names=["w"]).parameters["w"].central.tolist() == [1.0]


def test_progress_ends_at_the_total():
    told = []
    net = deep_net()
    x, t = batch(5, 9, 4)
    full_gradient(
        record(net, x, t), names=["W1", "b2"], progress=lambda *now: told.append(now), threads=2
    )
    assert told[-1] == (79, 79)


def test_interrupted_by_its_progress_it_stops_soon():
    net = nn.TwoLayerNet(784, 50, 10)
    x, t = data.mnist(100)
    program = record(net, x, t)
    told = []

    def progress(done, total):
        told.append((done, total))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        full_gradient(program, names=["W1"], threads=2, progress=progress)
    assert len(told) == 1
    assert told[0][0] < told[0][1] / 2
    assert not [t for t in threading.enumerate() if t.name.startswith("fastcheck")]


def test_two_calls_at_once_do_not_disturb_each_other():
    net, (x, t), step = networks()["crossing"]
    program = record(net, x, t)
    alone = full_gradient(program, names=["W1"], step=step).parameters["W1"].central
    found = {}

    def run(number):
        done = full_gradient(program, names=["W1"], step=step, threads=2)
        found[number] = done.parameters["W1"].central

    threads = [threading.Thread(target=run, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4
    for central in found.values():
        np.testing.assert_array_equal(central, alone)
