import numpy as np
import pytest

from fastcheck.engine.kernels.differences import REFINEMENT, REFINEMENTS, central_differences
from fastcheck.engine.plan import make_plan
from fastcheck.recording import record

H = 2.0**-20


class Differences:
    """All elements of the first parameter, or those from `start` to `stop`."""

    def __init__(self, program, *, step=H, refinements=REFINEMENTS, start=0, stop=None):
        name, array = next(iter(program.base.items()))
        plan = make_plan(program)
        memory = plan.memory.copy()
        size = array.size
        self.central, self.left, self.right = (np.full(size, 99.0) for _ in range(3))
        self.refined, self.switched = np.full(size, 99, np.int8), np.zeros(size, bool)
        sides = np.zeros((2, plan.switches), np.int32)
        central_differences(
            plan.instructions,
            plan.rows[name],
            memory,
            plan.indices,
            sides,
            plan.output,
            plan.places[name],
            start,
            size if stop is None else stop,
            step,
            refinements,
            *(self.central, self.left, self.right, self.refined, self.switched),
        )
        # To the bit, or the next range would begin somewhere else.
        assert memory.tobytes() == plan.memory.tobytes()
        # Nor may the next range, of another parameter, see a switch that only this one crosses.
        np.testing.assert_array_equal(sides[0], sides[1])


@pytest.fixture
def differences(make_model):
    """``differences(loss, *weights, **options)`` of ``loss(w)``, all powers of two: exact."""

    def run(loss, *weights, **options):
        model = make_model({"w": np.array(weights)}, lambda p, x, t: np.sum(loss(p["w"])))
        return Differences(record(model, np.ones(1), None), **options)

    return run


def relu(w):
    return 3 * np.maximum(w, 0)


def leaky(w):
    return np.where(w > 0, w, 0.25 * w)


def masked(w):
    out = w * 2
    out[w <= 0] = 0
    return out


def largest(w):
    return np.max(np.stack([w, -2 * w]), axis=0)


def smallest(w):
    return np.min(np.stack([w, -2 * w]), axis=0)


KINKS = {
    # function: slopes below and above 0
    relu: (0.0, 3.0),
    leaky: (0.25, 1.0),
    masked: (0.0, 2.0),
    np.abs: (-1.0, 1.0),
    largest: (-2.0, 1.0),
    smallest: (1.0, -2.0),
}
every_kink = pytest.mark.parametrize("kink", KINKS, ids=lambda kink: kink.__name__)


@every_kink
@pytest.mark.parametrize("distance", [2.0, -2.0, 1024.0, -1024.0])
def test_a_kink_beyond_the_step_is_not_noticed(differences, kink, distance):
    below, above = KINKS[kink]
    done = differences(kink, distance * H)
    slope = above if distance > 0 else below
    assert (done.central, done.left, done.right) == (slope, slope, slope)
    assert (done.refined, done.switched) == (0, False)


@every_kink
@pytest.mark.parametrize(("distance", "refined"), [(0.75, 1), (0.5, 1), (2.0**-5, 2), (2.0**-7, 2)])
@pytest.mark.parametrize("sign", [1, -1])
def test_near_a_kink_the_step_shrinks_until_it_lies_on_one_side(
    differences, kink, distance, refined, sign
):
    below, above = KINKS[kink]
    done = differences(kink, sign * distance * H)
    slope = above if sign > 0 else below
    assert (done.central, done.left, done.right) == (slope, slope, slope)
    assert (done.refined, done.switched) == (refined, False)


@every_kink
@pytest.mark.parametrize("distance", [1.0, -1.0, 1 / REFINEMENT, -1 / REFINEMENT])
def test_a_step_that_ends_on_a_kink_lies_on_one_side(differences, kink, distance):
    done = differences(kink, distance * H)
    slope = KINKS[kink][int(distance > 0)]
    assert (done.central, done.left, done.right) == (slope, slope, slope)
    assert not done.switched


@every_kink
def test_on_a_kink_there_are_two_slopes(differences, kink):
    below, above = KINKS[kink]
    done = differences(kink, 0.0)
    assert (done.left, done.right) == (below, above)
    assert done.central == (below + above) / 2
    assert (done.refined, done.switched) == (REFINEMENTS, True)


@pytest.mark.parametrize("sign", [1, -1])
def test_closer_to_a_kink_than_the_smallest_step_the_sides_are_judged(differences, sign):
    # At half of the last step: on one side the slope is the average of both.
    done = differences(relu, sign * H / REFINEMENT**REFINEMENTS / 2)
    assert (done.left, done.right) == ((1.5, 3.0) if sign > 0 else (0.0, 1.5))
    assert (done.refined, done.switched) == (REFINEMENTS, True)


@pytest.mark.parametrize(
    "compare", [np.greater, np.greater_equal, np.less, np.less_equal, np.equal, np.not_equal]
)
def test_a_jump_is_noticed_whoever_compares(differences, compare):
    done = differences(lambda w: np.where(compare(w, 1.0), 5.0, 2.0 * w), 1.0, 1.5)
    assert done.switched.tolist() == [True, False]
    assert done.refined.tolist() == [REFINEMENTS, 0]


def test_sign_is_a_jump(differences):
    done = differences(lambda w: np.sign(w) + 2 * w, 0.0, 0.5)
    assert done.switched.tolist() == [True, False]
    assert done.right[0] == REFINEMENT**REFINEMENTS / H + 2
    assert done.central[1] == 2.0


def test_between_two_weights_the_nearer_pass_the_switch(differences):
    done = differences(lambda w: np.maximum(w[0], w[1]), 1.0, 1.0 + H / 2)
    assert done.central.tolist() == [0.0, 1.0]
    assert done.refined.tolist() == [1, 1]
    assert not done.switched.any()


def test_of_tied_weights_each_has_two_slopes(differences):
    done = differences(np.max, 1.0, 2.0, 2.0, 0.5)
    assert done.left.tolist() == [0.0, 0.0, 0.0, 0.0]
    assert done.right.tolist() == [0.0, 1.0, 1.0, 0.0]
    assert done.switched.tolist() == [False, True, True, False]


def test_switches_that_swap_sides_are_two_switches(differences):
    # As many positive elements before as after.
    done = differences(lambda w: np.maximum(np.stack([w, -w]), 0) * np.array([[1.0], [5.0]]), 0.0)
    assert (done.left, done.right, done.switched) == (-5.0, 1.0, True)


def test_nan_on_both_sides_is_no_switch(differences):
    def loss(w):
        with np.errstate(all="ignore"):
            # 0 * inf, in the branch that is not taken.
            return np.where(w > 0, w, np.maximum(0 * np.exp(1000 + w), 1))

    done = differences(loss, 0.5)
    assert (done.central, done.refined, done.switched) == (1.0, 0, False)


@pytest.mark.parametrize("refinements", [0, 1, 2, 5])
def test_no_more_refinements_than_asked_for(differences, refinements):
    done = differences(relu, 0.0, refinements=refinements)
    assert (done.refined, done.switched) == (refinements, True)
    # A step smaller than that of the loss's last bit is not what this is about.
    assert (done.left, done.right) == (0.0, 3.0)


def test_the_step_shrinks_no_further_than_it_moves_the_weight(differences):
    # 2**-50 moves 1, a sixteenth of it does not.
    done = differences(lambda w: np.maximum(w, 1.0), 1.0, step=2.0**-50)
    assert (done.left, done.right, done.central) == (0.0, 1.0, 0.5)
    assert (done.refined, done.switched) == (0, True)


def test_the_divisor_is_the_step_really_taken(differences):
    # 1e-10 is not representable beside 1; divided by it the slope would be wrong by 8e-8.
    done = differences(lambda w: 3 * w, 1.0, step=1e-10)
    assert (done.central, done.left, done.right) == (3.0, 3.0, 3.0)


def test_only_the_range_asked_for_is_filled(differences):
    def loss(w):
        return w * np.arange(1.0, 7.0)

    done = differences(loss, *([0.5] * 6), start=2, stop=4)
    assert done.central.tolist() == [99, 99, 3, 4, 99, 99]
    assert done.left.tolist() == [99, 99, 3, 4, 99, 99]
    assert done.right.tolist() == [99, 99, 3, 4, 99, 99]
    assert done.refined.tolist() == [99, 99, 0, 0, 99, 99]
    empty = differences(loss, *([0.5] * 6), start=3, stop=3)
    assert empty.central.tolist() == [99] * 6
