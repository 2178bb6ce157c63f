"""Planted mistakes in random networks: what tables 3 and 5 are made of."""

from __future__ import annotations

import traceback
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from itertools import chain, islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

import fastcheck
from bench.trust.checked import CRASH, half_width
from bench.trust.extent import Task
from bench.trust.ledger import Record, results
from bench.trust.networks import Sample, sample
from fastcheck import Report, planted
from fastcheck.report.parameter import ParameterReport
from fastcheck.verdict import FAIL
from fastcheck.verdict.finding import MISTAKES

TABLE = "planted"

# Of the largest element: two ways to the same gradient differ by the rounding of a few sums.
_ROUNDINGS = 64


def cases(task: Task) -> list[Record]:
    """Return what was found of every mistake on its networks; both tables share it.

    Networks are drawn until a mistake has been seen to change something on as many as are wanted,
    or until the seeds are used up.
    """
    seeds = {name: suited(name, task.extent.search) for name in planted.MISTAKES}
    found: dict[str, list[Record]] = {name: [] for name in planted.MISTAKES}
    while True:
        task.tell("choosing networks for the mistakes")
        keys = [
            f"{name}:{seed}"
            for name, some in found.items()
            for seed in islice(seeds[name], task.extent.cases - shown(some))
        ]
        if not keys:
            return list(chain.from_iterable(found.values()))
        for one in results(task, TABLE, keys, judge):
            found[one["mistake"]].append(one)


def suited(mistake: str, search: int) -> Iterator[int]:
    """Yield the seeds, out of so many, of the networks that have a place for the mistake."""
    return (seed for seed in range(search) if mistake in mistakes_for(seed))


@cache
def mistakes_for(seed: int) -> frozenset[str]:
    """Return the mistakes that the network of a seed has a place for."""
    net = sample(seed).net
    return frozenset(name for name in planted.MISTAKES if planted.applicable(name, net))


def shown(some: Sequence[Record]) -> int:
    """Return on how many networks the mistake moves an entry by more than 2 B."""
    return sum(one["beyond"] > 0 for one in some)


def judge(key: str) -> Record:
    """Plant a mistake into a network and check it.

    Returns
    -------
    Record
        `beyond`: how many entries the mistake moves by more than 2 B, what a switch within rounding
        allows left out; `unfailed`: how many of these do not fail; `kinds` and `where` of the
        findings that name a mistake; `place`, where it is; `same`: those of the kinds of which a
        planted mistake would have given this very gradient.
    """
    name, seed = key.split(":")
    case = sample(int(seed))
    model = planted.plant(name, case.net, seed=case.seed)
    about: Record = {"mistake": name, "seed": case.seed, "place": model.place}
    about |= {"dtype": str(case.net.dtype), "depth": case.depth}
    try:
        with np.errstate(all="ignore"):
            right = case.net.gradient(case.x, case.t)
            report = fastcheck.gradcheck(model, case.x, case.t, threads=1)
    except Exception:  # noqa: BLE001 - a crash on wrong code is a result too
        trace = traceback.format_exc(limit=-1)
        return {**about, "verdict": CRASH, "beyond": 0, "unfailed": 0, "at_kinks": 0} | {
            "kinds": [],
            "same": [],
            "where": [],
            "words": trace,
        }
    moved = {name: _moved(item, right[name]) for name, item in report.params.items()}
    findings = [finding for finding in report.findings if finding.kind in MISTAKES]
    kinds = {finding.kind for finding in findings}
    other = kinds - planted.MISTAKES[name].kinds
    return {
        **about,
        "verdict": report.verdict,
        "beyond": sum(int(np.sum(beyond)) for beyond, _ in moved.values()),
        "at_kinks": sum(int(np.sum(hidden)) for _, hidden in moved.values()),
        "unfailed": sum(
            int(np.sum(moved[name][0] & (item.codes != FAIL)))
            for name, item in report.params.items()
        ),
        "kinds": sorted(kinds),
        "same": sorted(kind for kind in other if _gives_the_same(kind, case, report)),
        "where": sorted({finding.where for finding in findings}),
        "words": "; ".join(finding.message for finding in findings),
    }


def _gives_the_same(kind: str, case: Sample, report: Report) -> bool:
    """Tell whether a planted mistake of this kind gives the same gradient as was checked."""
    twins = (
        planted.plant(name, case.net, seed=case.seed, place=place)
        for name, mistake in planted.MISTAKES.items()
        if kind in mistake.kinds
        for place in mistake.places(case.net)
    )
    return any(_is_same(twin.gradient(case.x, case.t), report) for twin in twins)


def _is_same(gradients: Mapping[str, Any], report: Report) -> bool:
    """Tell whether these are the gradients that were checked, but for their own rounding."""
    return all(
        np.allclose(
            gradients[name], item.analytic, rtol=0.0, atol=_ROUNDINGS * _rounding(item.analytic)
        )
        for name, item in report.params.items()
    )


def _rounding(array: NDArray[Any]) -> float:
    return float(np.finfo(array.dtype).eps * np.max(np.abs(array), initial=0.0))


def _moved(item: ParameterReport, right: Any) -> tuple[Any, Any]:
    """Return which entries are moved by more than 2 B: surely wrong, and perhaps only at kinks."""
    with np.errstate(invalid="ignore"):
        moved = np.abs(item.analytic.astype(np.float64) - right.astype(np.float64))
    moved[~np.isfinite(moved)] = np.inf
    beyond = moved > 2 * (item.bound + half_width(item))
    return beyond, (moved > 2 * item.bound) & ~beyond
