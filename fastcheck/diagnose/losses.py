"""The gradient of another loss than the one that is computed, as it enters at the scores."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from fastcheck.diagnose.case import Array, Case
from fastcheck.diagnose.hypothesis import Change
from fastcheck.diagnose.sweep import Part, Sweep
from fastcheck.primitives.running_error import ALLOWANCE
from fastcheck.primitives.softmax import softmax

# How many values of the scores' shape are tried, from the loss down.
_PLACES = 8
_ROUNDINGS = 32.0
_SAME = 1e-13
_TWICE = "the gradient goes through the softmax twice"


def other_losses(case: Case, sweep: Sweep) -> Iterator[Change]:
    """Yield the gradients of other losses, at every value that may be the scores."""
    targets = case.targets
    places = [
        number
        for number in reversed(sweep.reached_by_all(case.wrong))
        if sweep.arrays[number].ndim == 2
        and sweep.arrays[number].shape[0] == case.batch
        and (targets is None or sweep.arrays[number].shape == targets.shape)
    ][:_PLACES]
    for number in places:
        z = sweep.arrays[number]
        true = sweep.adjoints[number]
        if targets is not None and targets.shape == z.shape and _are_probabilities(z):
            for words, scale in _scales(*z.shape).items():
                wrong = (z - targets) * scale
                text = f"{_TWICE}: (p - t){words} is the gradient at the scores already"
                yield Change("loss", text, number, _excess(sweep, number, wrong, true))
        elif targets is not None and targets.shape == z.shape:
            for kind, message, wrong in _formulas(z, targets, true.value):
                if kind == "loss" and _is_multiple(wrong, true.value):
                    continue  # of the right loss, but for a factor
                yield Change(kind, message, number, _excess(sweep, number, wrong, true))
        for message, rows in (("last", -1), ("first", 0)):
            if case.batch > 1:
                value = np.zeros(z.shape)
                value[rows] = -true.value[rows]
                text = f"the {message} sample of the batch is left out: look at the range"
                yield Change("samples", text, number, Part(value, true.error))


def _is_multiple(one: Array, other: Array) -> bool:
    product, sizes = np.vdot(one, other), np.vdot(one, one) * np.vdot(other, other)
    return bool(product * product >= (1.0 - _SAME) * sizes)


def _are_probabilities(z: Array) -> bool:
    """Tell whether every row is what a softmax gives."""
    sums = np.sum(z, axis=1)
    return bool(np.all(z >= 0) and np.all(np.abs(sums - 1) <= _ROUNDINGS * 2.0**-24))


def _scales(samples: int, columns: int) -> dict[str, float]:
    """Return by what losses are divided, as it stands in a formula."""
    return {
        " / N": 1.0 / samples,
        "": 1.0,
        " / N / 2": 2.0 / samples,
        " / (N C)": 1.0 / (samples * columns),
        " / (N C / 2)": 2.0 / (samples * columns),
    }


def _formulas(z: Array, t: Array, dz: Array) -> Iterator[tuple[str, str, Array]]:
    p = softmax(z)
    squared = "the targets are not subtracted: "
    for under, scale in _scales(*z.shape).items():
        yield "loss", f"{squared}it is p{under} at the scores, with p the softmax", p * scale
        yield (
            "factor",
            f"the sign is wrong: the gradient at the scores is (t - p){under}, not p - t",
            (t - p) * scale,
        )
        yield (
            "loss",
            f"the softmax is missing: the gradient at the scores is (z - t){under}",
            (z - t) * scale,
        )
        yield (
            "loss",
            f"it is that of a softmax cross entropy, (p - t){under}, which is not the loss",
            (p - t) * scale,
        )
        yield (
            "loss",
            "it is that of the absolute error, the sign of z - t, which is not the loss",
            np.sign(z - t) * scale,
        )
        yield "loss", f"{squared}the gradient at the scores is z{under}", z * scale
    yield (
        "loss",
        f"{_TWICE}: p - t has its derivative in it already",
        p * (dz - np.sum(dz * p, axis=1, keepdims=True)),
    )


def other_targets(case: Case, sweep: Sweep) -> Iterator[Change]:
    """Yield the gradients for other targets, of a cross entropy and of a squared error."""
    t = case.targets
    if t is None:
        return
    orders = (
        ("loss", "the targets are those of the next class: look at labels that begin at 1", 1, 1),
        ("loss", "the targets are those of the class before: look at labels' base", -1, 1),
        ("stale", "the targets are those of the sample before, as if of another batch", 1, 0),
        ("stale", "the targets are those of the sample after, as if of another batch", -1, 0),
    )
    wrong = [(kind, text, np.roll(t, shift, axis)) for kind, text, shift, axis in orders]
    reverse = "the targets are taken in reverse order, as if of another batch"
    wrong.append(("stale", reverse, t[::-1]))
    for number in _scores(case, sweep, t.shape):
        for kind, message, other in wrong:
            # Both losses have -t / N in their gradients.
            for scale in (1.0 / case.batch, 2.0 / case.batch, 2.0 / t.size, 1.0 / t.size, 1.0, 2.0):
                excess = (t - other) * scale
                yield Change(kind, message, number, Part(excess, 8 * 2.0**-53 * np.abs(excess)))


def _scores(case: Case, sweep: Sweep, shape: tuple[int, ...]) -> list[int]:
    numbers = reversed(sweep.reached_by_all(case.wrong))
    return [number for number in numbers if sweep.arrays[number].shape == shape][:_PLACES]


def _excess(sweep: Sweep, number: int, wrong: Array, true: Part) -> Part:
    z = sweep.arrays[number]
    shaken = ALLOWANCE * np.asarray(sweep.errors[number]) + np.zeros(z.shape)
    row = np.max(shaken, axis=1, keepdims=True)
    # No formula here moves by more than that much with the scores.
    largest = np.abs(wrong) + np.max(np.abs(wrong), axis=1, keepdims=True)
    rounding = _ROUNDINGS * sweep.roundoff(number)
    scale = 1.0 / max(z.shape[0], 1)
    error = largest * (2 * row + rounding) + scale * row + rounding * scale + true.error
    return Part(wrong - true.value, error)
