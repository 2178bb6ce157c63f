"""Gradients that are not arrays of their own."""

from __future__ import annotations

import numpy as np
import pytest

from fastcheck.honesty import judged_repeat
from fastcheck.honesty.aliases import aliased, share_memory


def test_a_gradient_that_is_a_parameter(model, examine):
    evidence = examine(model(gradient=lambda self, x, t: dict(self.params)))
    assert [finding.parameter for finding in evidence.findings] == ["w", "b"]
    finding = evidence.findings[0]
    assert (finding.kind, finding.severe) == ("aliased", True)
    assert finding.message == (
        "its gradient shares memory with params['w'], must be an array of its own, since an update "
        "of the parameter changes it; return a copy"
    )
    assert finding.evidence == {"with": "params['w']"}


def test_gradients_that_share_memory(model, examine):
    def gradient(self, x, t):
        buffer = np.arange(6.0)
        return {"w": buffer.reshape(2, 3), "b": buffer[4:]}

    (finding,) = examine(model(gradient=gradient)).findings
    assert (finding.parameter, finding.kind, finding.severe) == ("w", "aliased", False)
    assert finding.message == (
        "its gradient shares memory with the gradient of 'b', must be an array of its own, since "
        "who scales one in place scales both; return a copy"
    )


def test_a_gradient_that_is_data(model, examine):
    x, t = np.ones((2, 3)), {"t": np.ones(4)}

    def gradient(self, x, t):
        return {"w": x[::-1], "b": t["t"][:2]}

    one, two = sorted(
        examine(model(gradient=gradient), x, t).findings, key=lambda item: item.parameter
    )
    assert not one.severe
    assert one.message == (
        "its gradient shares memory with t['t'], must be an array of its own, since who scales it "
        "in place changes the data; return a copy"
    )
    assert "with x, must be" in two.message


def test_a_buffer_that_is_used_again(model, examine):
    buffer = {"w": np.empty((2, 3)), "b": np.empty(2)}

    def gradient(self, x, t):
        for name, array in self.params.items():
            buffer[name][...] = array * self.calls
        return buffer

    evidence = examine(model(gradient=gradient))
    (finding,) = evidence.findings
    assert (finding.parameter, finding.kind, finding.severe) == (None, "aliased", False)
    assert finding.message == (
        "gradient returns the same arrays at every call for 'w', 'b', so that what is kept of one "
        "call changes with the next; copy them where they are kept, or return new arrays"
    )
    # Of the first call, though the second has written over it.
    assert evidence.gradient["b"].tolist() == [1.0, -1.0]
    assert len(judged_repeat(evidence, {})) == 2


def test_pieces_of_one_vector_are_arrays_of_their_own(model, examine):
    def gradient(self, x, t):
        flat = np.arange(8.0)
        return {"w": flat[:6].reshape(2, 3), "b": flat[6:]}

    assert examine(model(gradient=gradient)).findings == ()


def test_interleaved_arrays_share_nothing():
    flat = np.arange(12.0)
    assert aliased({"a": flat[::2]}, {"a": flat[1::2]}, {}) == ()
    assert len(aliased({"a": flat[::-2]}, {"b": flat[1::4]}, {})) == 1
    assert aliased({"a": flat[:0]}, {"b": flat}, {}) == ()


def test_a_thousand_parameters_are_compared_quickly(monkeypatch):
    pairs = []
    monkeypatch.setattr(
        "fastcheck.honesty.aliases.share_memory", lambda one, other: pairs.append(1)
    )
    flat = np.zeros((1000, 5))
    aliased({str(i): row for i, row in enumerate(flat)}, {"w": np.zeros(7)}, {})
    assert pairs == []


@pytest.mark.parametrize("error", [RuntimeError])
def test_what_is_too_hard_to_tell_counts_as_apart(monkeypatch, error):
    def hard(one, other, max_work):
        raise error("exceeded max_work")

    monkeypatch.setattr(np, "shares_memory", hard)
    array = np.ones(3)
    assert not share_memory(array, array)
