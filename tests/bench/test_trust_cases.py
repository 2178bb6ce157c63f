"""Random networks in which a mistake was once called by another's name."""

from __future__ import annotations

import pytest

from bench.trust.planting import judge

CASES = [
    # An activation on numbers that show little of it: tiny ones, or of one sign.
    ("sigmoid-derivative-missing:176", {"derivative"}),
    ("leaky-mask-inverted:128", {"mask"}),
    # A mistake that fits is one only where the wrong layer has it.
    ("sigmoid-derivative-missing:54", {"derivative"}),
    ("sigmoid-as-tanh:54", {"derivative"}),
    ("bias-shifted:9", {"shifted"}),
    ("backward-not-handed-down:23", {"zero"}),
    # Right parameters of which nothing can be seen are no objection.
    ("loss-doubled:5", {"factor"}),
    ("loss-averaged-over-classes:50", {"factor"}),
    ("backward-averaged-again:43", {"factor"}),
    # A single weight that is off may be an older one; a single number is off by some factor anyway.
    ("stale-weights:59", {"stale"}),
    ("stale-weights:32", {"unexplained"}),
    # The decay of two biases is known by that of the weights.
    ("l2-on-biases:117", {"weight decay"}),
    # Few entries stand out where the others are lost in their bounds.
    ("l2-missing:69", {"unexplained"}),
    ("last-sample-forgotten:14", {"samples", "unexplained"}),
    # What fits by a formula fits better than what merely does not change.
    ("targets-not-subtracted:9", {"loss"}),
    # Of one output there is no wrong axis.
    ("bias-first-sample:6", {"samples"}),
]


@pytest.mark.parametrize(("key", "kinds"), CASES, ids=[key for key, _ in CASES])
def test_kinds(key, kinds):
    found = judge(key)
    assert found["verdict"] == "fail"
    assert set(found["kinds"]) == kinds


@pytest.mark.parametrize(
    ("key", "kinds", "same"),
    [
        # Uniform probabilities; only one row that can be seen.
        ("softmax-twice:6", ["factor"], ["factor"]),
        ("weights-row-enlarged:49", ["factor"], []),
        ("weights-row-enlarged:50", ["entries"], []),
    ],
)
def test_kinds_that_give_the_same_gradient(key, kinds, same):
    found = judge(key)
    assert (found["kinds"], found["same"]) == (kinds, same)
