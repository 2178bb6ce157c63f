"""Positions and their groups, against plain loops."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from fastcheck.engine.incremental.moving import (
    Moving,
    aligned_lists,
    collapsed,
    grouped,
    union,
)

some_lanes = st.integers(1, 4)


@st.composite
def lists(draw, lanes=some_lanes, most=4):
    """``(n,)`` or ``(n, lanes)``, with small numbers: many are equal."""
    n = draw(st.integers(0, 8))
    shape = draw(st.sampled_from([(n,), (n, draw(lanes))]))
    return draw(arrays(np.int64, shape, elements=st.integers(0, most)))


@given(lists())
def test_equal_lanes_collapse(positions):
    found = collapsed(positions)
    if positions.ndim == 1:
        assert found is positions
        return
    alike = all(len(set(row)) == 1 for row in positions.tolist())
    expected = [row[0] for row in positions.tolist()] if alike else positions.tolist()
    assert found.tolist() == expected


@given(st.integers(1, 4), st.data())
def test_lists_are_aligned_where_one_has_lanes(lanes, data):
    given_lists = data.draw(st.lists(lists(lanes=st.just(lanes)), max_size=4))
    found = aligned_lists(given_lists)
    laned = any(item.ndim == 2 for item in given_lists)
    for mine, item in zip(found, given_lists, strict=True):
        if laned and item.ndim == 1:
            assert mine.shape == (len(item), lanes)
            assert mine.tolist() == [[number] * lanes for number in item.tolist()]
        else:
            assert mine.tolist() == item.tolist()


def naive_groups(keys):
    groups = {}
    for element, key in enumerate(keys):
        groups.setdefault(key, []).append(element)
    return dict(sorted(groups.items()))


@given(lists())
def test_groups_are_those_of_a_loop_or_none_where_lanes_differ(keys):
    found = grouped(keys)
    lanes = [keys] if keys.ndim == 1 else list(keys.T)
    expected = [naive_groups(lane.tolist()) for lane in lanes]
    members = [list(groups.values()) for groups in expected]
    if any(item != members[0] for item in members):
        assert found is None
        return
    assert found is not None
    bounds = zip(found.starts[:-1], found.starts[1:], strict=True)
    assert [found.order[a:b].tolist() for a, b in bounds] == members[0]
    keys_of = np.array([list(groups) for groups in expected], np.int64).T
    assert found.keys.tolist() == collapsed(keys_of if keys.ndim == 2 else keys_of[:, 0]).tolist()
    for group, elements in enumerate(members[0]):
        assert (found.of[elements] == group).all()
    assert found.starts.dtype == np.int64


@given(lists().filter(lambda item: item.ndim == 2), st.data())
def test_the_union_says_which_row_moves_a_position_in_each_lane(positions, data):
    # No lane moves a position twice.
    if any(len(set(lane)) < len(lane) for lane in positions.T.tolist()):
        return
    rows = np.array(data.draw(st.permutations(range(1, len(positions) + 1))), np.int64)
    everywhere, table = union(positions, rows)
    assert everywhere.tolist() == sorted(set(positions.reshape(-1).tolist()))
    for place, position in enumerate(everywhere):
        for lane in range(positions.shape[1]):
            (where,) = np.nonzero(positions[:, lane] == position)
            assert table[place, lane] == (rows[where[0]] if len(where) else 0)


def test_moving_elements_have_lanes_or_not():
    rows = np.array([1, 2])
    assert not Moving(rows, np.array([3, 4])).laned
    assert Moving(rows, np.array([[3, 4], [5, 6]])).laned
