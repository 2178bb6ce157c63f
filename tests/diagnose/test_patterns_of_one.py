"""Mistakes that can be told from one parameter's gradient, with a recording or without."""

from __future__ import annotations

import numpy as np
import pytest

from fastcheck.diagnose import diagnose

SWAPPED = [0, 3, 2, 1, 4]


def changed(name, how):
    def wrong(gradient):
        gradient[name] = how(gradient[name])

    return wrong


def with_entry(array, place, value):
    array[place] = value
    return array


MISTAKES = [
    ("zero", "W1", np.zeros_like),
    ("factor", "W2", lambda g: 2 * g),
    ("factor", "b1", lambda g: -g),
    ("factor", "W1", lambda g: g / 8),
    ("factor", "W1", lambda g: 1.37 * g),
    ("transposed", "W2", lambda g: g.T),
    ("transposed", "W1", lambda g: g.T.reshape(g.shape)),
    ("shifted", "W1", lambda g: np.roll(g, 2, axis=0)),
    ("shifted", "W1", lambda g: np.roll(g, -1, axis=1)),
    ("shifted", "b2", lambda g: np.roll(g, 1)),
    ("shifted", "W2", lambda g: g[:, SWAPPED]),
    ("shifted", "W2", lambda g: g[[2, 0, 1, 4, 3]]),
    ("entries", "W1", lambda g: with_entry(g, (2, 3), 0.5)),
    ("entries", "W1", lambda g: with_entry(g, 4, 1.5 * g[4])),
]


@pytest.mark.parametrize("program", [True, False])
@pytest.mark.parametrize(("kind", "name", "how"), MISTAKES)
def test_is_named(kind, name, how, *, program, own_network, batch, make_case):
    # Smooth: where a unit is dead there is nothing to see.
    case = make_case(own_network(np.tanh), *batch, changed(name, how), program=program)
    (finding,) = diagnose(case)
    assert (finding.kind, finding.parameter, finding.severe) == (kind, name, False)
    assert name in finding.message


@pytest.mark.parametrize(("kind", "name", "how"), MISTAKES)
def test_one_more_wrong_entry_and_nothing_fits(kind, name, how, *, own_network, batch, make_case):
    def spoilt(gradient):
        wrong = np.array(how(gradient))
        # Noise where the mistake is, so that it is no longer it.
        noise = 0.01 * np.random.default_rng(0).standard_normal(wrong.shape)
        return wrong + noise

    case = make_case(own_network(np.tanh), *batch, changed(name, spoilt))
    (finding,) = diagnose(case)
    assert finding.kind == "unexplained"
    assert finding.where


@pytest.mark.parametrize("name", ["W1", "W2"])
def test_a_factor_on_all_entries_but_one_is_none(name, own_network, batch, make_case):
    def how(gradient):
        wrong = 2 * gradient
        wrong[1, 1] *= 1.001
        return wrong

    case = make_case(own_network(np.tanh), *batch, changed(name, how))
    assert [finding.kind for finding in diagnose(case)] == ["unexplained"]


def test_what_a_factor_equals(own_network, batch, make_case):
    case = make_case(own_network(), *batch, changed("W2", lambda g: 8 * g))
    (finding,) = diagnose(case)
    assert "8 is the batch size" in finding.message
    assert finding.evidence["factor"] == 8


def test_the_index_of_a_single_entry(own_network, batch, make_case):
    how = changed("W1", lambda g: with_entry(g, (2, 3), 0.5))
    (finding,) = diagnose(make_case(own_network(np.tanh), *batch, how))
    assert "W1[2, 3]" in finding.message


def test_two_parameters_with_each_others_gradient(own_network, batch, make_case):
    def wrong(gradient):
        return {**gradient, "b1": gradient["b2"], "b2": gradient["b1"]}

    findings = diagnose(make_case(own_network(np.tanh), *batch, wrong))
    assert {finding.kind for finding in findings} == {"shifted"}


def test_two_mistakes_are_two_findings(own_network, batch, make_case):
    def wrong(gradient):
        return {**gradient, "W2": gradient["W2"].T, "b1": 2 * gradient["b1"]}

    findings = diagnose(make_case(own_network(np.tanh), *batch, wrong))
    assert {(item.parameter, item.kind) for item in findings} == {
        ("W2", "transposed"),
        ("b1", "factor"),
    }


def test_nothing_wrong_no_finding(own_network, batch, make_case):
    assert diagnose(make_case(own_network(), *batch, lambda gradient: gradient)) == ()
