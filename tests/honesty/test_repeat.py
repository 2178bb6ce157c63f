"""Loss and gradient that do not repeat themselves."""

from __future__ import annotations

import numpy as np
import pytest

from fastcheck.honesty import judged_repeat
from fastcheck.honesty.repeat import random_loss, same


def nearly(self, factor):
    return {name: array * factor for name, array in self.params.items()}


def test_a_random_loss(model, examine):
    evidence = examine(model(lambda self, x, t: 1.0 + self.calls / 4))
    (finding,) = evidence.findings
    assert finding.kind == "random loss"
    assert finding.severe
    assert finding.parameter is None
    assert finding.message == (
        "loss=1.25, called again 1.75, off by 0.5 or 0.29 of it, must be the same to the last bit; "
        "fix the seed of a dropout, and what is counted or averaged, inside loss"
    )
    assert finding.evidence == {
        "first": 1.25,
        "again": 1.75,
        "absolute": 0.5,
        "relative": 0.5 / 1.75,
    }


def test_a_loss_in_no_fixed_order():
    finding = random_loss(1.0, 1.0 + 2**-52)
    assert finding.message == (
        "loss=1.0, called again 1.0000000000000002, off by 2.2e-16 or 2.2e-16 of it, must be the "
        "same to the last bit; add up in a fixed order, on one thread"
    )


def test_a_loss_that_hangs_on_calls_of_gradient(model, examine):
    def gradient(self, x, t):
        self.mean = 2.0
        return self.honest_gradient()

    evidence = examine(model(lambda self, x, t: getattr(self, "mean", 1.0), gradient))
    (finding,) = evidence.findings
    assert finding.kind == "random loss"
    assert finding.message == (
        "loss=1.0, after a call of gradient 2.0, off by 1 or 0.5 of it, must be the same to the "
        "last bit; let gradient change nothing that loss reads, such as a running average"
    )


def test_losses_that_are_the_same():
    assert same(1.0, 1.0)
    assert same(float("nan"), float("nan"))
    assert not same(1.0, float("nan"))
    assert not same(1.0, np.nextafter(1.0, 2.0))


def test_a_random_gradient_beyond_the_bound(model, examine):
    def gradient(self, x, t):
        found = self.honest_gradient()
        found["w"][0, 1:] += self.calls
        return found

    evidence = examine(model(gradient=gradient))
    assert evidence.findings == ()
    assert list(evidence.repeat) == ["w"]
    (finding,) = judged_repeat(evidence, {"w": np.full((2, 3), 0.5)})
    assert (finding.parameter, finding.kind, finding.severe) == ("w", "random gradient", True)
    assert finding.message == (
        "gradient called twice gives other values in 2 of 6 elements, by at most 2 at [0, 1]: 4, "
        "then 6, must repeat itself; fix the seed of a dropout inside gradient"
    )
    assert finding.evidence == {"elements": 2, "total": 6, "largest": 2.0}
    assert judged_repeat(evidence, {})[0].severe


def test_a_gradient_that_differs_by_rounding_is_a_note(model, examine):
    evidence = examine(
        model(gradient=lambda self, x, t: nearly(self, 1.0 + (self.calls > 2) * 2**-40))
    )
    bounds = {name: np.full(array.shape, 1e-9) for name, array in evidence.gradient.items()}
    w, b = judged_repeat(evidence, bounds)
    assert not w.severe
    assert not b.severe
    assert b.message == (
        "gradient called twice gives other values in 2 of 2 elements, by at most 4.5e-13 at [0]: "
        "0.5, then 0.5, within rounding; add up in a fixed order to have it repeat itself"
    )
    only_one = {**bounds, "w": np.full((2, 3), 5e-12)}
    only_one["w"][1, 2] = 0.0
    severe, note = judged_repeat(evidence, only_one)
    assert severe.severe
    assert "in 1 of 6 elements, by at most 5.5e-12 at [1, 2]" in severe.message
    assert not note.severe


def test_a_gradient_that_adds_up(model, examine):
    total = {}

    def gradient(self, x, t):
        for name, array in self.params.items():
            total[name] = total.get(name, 0.0) + array
        return total

    adding = model(gradient=gradient)
    evidence = examine(adding)
    assert np.array_equal(evidence.gradient["w"], adding.params["w"])
    findings = judged_repeat(evidence, {})
    assert [finding.parameter for finding in findings] == ["w", "b"]
    assert findings[1].message == (
        "gradient called twice gives other values in 2 of 2 elements, by at most 0.5 at [0]: 0.5, "
        "then 1, must repeat itself; each call adds to the last: set the gradients to zero first"
    )


@pytest.mark.parametrize("first", [np.nan, 1.0])
def test_nan_is_equal_to_nan_only(model, examine, first):
    def gradient(self, x, t):
        found = self.honest_gradient()
        found["b"][0] = first if self.calls == 2 else np.nan
        return found

    evidence = examine(model(gradient=gradient))
    if np.isnan(first):
        assert evidence.repeat == {}
        return
    (finding,) = judged_repeat(evidence, {"b": np.ones(2)})
    assert finding.severe
    assert "in 1 of 2 elements, by at most inf at [0]: 1, then nan" in finding.message


def test_a_second_call_that_returns_something_else(model, examine):
    evidence = examine(
        model(gradient=lambda self, x, t: self.honest_gradient() if self.calls == 2 else None)
    )
    findings = judged_repeat(evidence, {})
    assert [finding.parameter for finding in findings] == ["w", "b"]
    assert all(finding.severe for finding in findings)


def test_a_zero_of_another_sign_is_no_difference(model, examine):
    def gradient(self, x, t):
        zero = -0.0 if self.calls == 2 else 0.0
        return {"w": np.full((2, 3), zero), "b": np.zeros(2)}

    assert examine(model(gradient=gradient)).repeat == {}
