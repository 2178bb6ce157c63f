"""Ranges of panels by their cost."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from fastcheck import nn
from fastcheck.engine.incremental import cost
from fastcheck.engine.incremental.cost import panel_cost, ranges_of
from fastcheck.engine.incremental.prepared import prepared
from fastcheck.recording import record


def template_of(name, *, features=30, hidden=20, batch=10):
    net = nn.Network([nn.Affine(features, hidden), nn.Tanh(), nn.Affine(hidden, 10)], seed=0)
    x = np.random.default_rng(0).standard_normal((batch, features))
    program = record(net, x, np.zeros(batch, np.int64))
    (template,) = prepared(program).kept(name)
    return template


def test_ranges_cover_all_panels_once():
    template = template_of("W1")
    bounds = ranges_of(template, 2)
    assert bounds[0] == 0
    assert bounds[-1] == len(template.route.entries) == 30
    assert len(bounds) == 17
    assert (np.diff(bounds) > 0).all()


def test_few_panels_are_a_range_each_and_none_is_none():
    template = template_of("W1", features=3)
    assert ranges_of(template, 2) == [0, 1, 2, 3]
    assert (
        ranges_of(
            replace(template, route=template.route._replace(entries=template.route.entries[:0])), 2
        )
        == []
    )


def test_costly_panels_have_more_ranges(monkeypatch):
    template = template_of("W1", features=40)
    each = panel_cost(template, 2)
    monkeypatch.setattr(cost, "_RANGE_COST", 2 * each)
    assert np.diff(ranges_of(template, 2)).tolist() == [2] * 20
    monkeypatch.setattr(cost, "_RANGE_COST", each / 100)
    assert len(ranges_of(template, 2)) == 41


@pytest.mark.parametrize("what", ["points", "samples"])
def test_the_cost_goes_with_the_work(what):
    one = panel_cost(template_of("W1", hidden=32), 2)
    many = template_of("W1", hidden=32, batch=40 if what == "samples" else 10)
    ratio = panel_cost(many, 8 if what == "points" else 2) / one
    assert ratio == pytest.approx(4.0, rel=0.1)
