"""Planted mistakes in random networks: what tables 3 and 5 are made of."""

from __future__ import annotations

import traceback
from typing import Any

import numpy as np

import fastcheck
from bench.trust.checked import CRASH, half_width
from bench.trust.extent import Task
from bench.trust.ledger import Record, results
from bench.trust.networks import sample
from fastcheck import planted
from fastcheck.report.parameter import ParameterReport
from fastcheck.verdict import FAIL
from fastcheck.verdict.finding import MISTAKES

TABLE = "planted"


def cases(task: Task) -> list[Record]:
    """Return what was found of every mistake on its first networks; both tables share it."""
    task.tell("choosing networks for the mistakes")
    return results(task, TABLE, chosen(task.extent.cases, task.extent.search), judge)


def chosen(count: int, search: int) -> list[str]:
    """Return "name:seed" for the first networks that have a place for each mistake.

    Parameters
    ----------
    count
        Networks for each mistake.
    search
        How many seeds may be tried: what is rare may get fewer.
    """
    found: dict[str, list[int]] = {name: [] for name in planted.MISTAKES}
    wanting = set(found)
    for seed in range(search):
        if not wanting:
            break
        net = sample(seed).net
        for name in tuple(wanting):
            if planted.applicable(name, net):
                found[name].append(seed)
                if len(found[name]) == count:
                    wanting.remove(name)
    return [f"{name}:{seed}" for name, seeds in found.items() for seed in seeds]


def judge(key: str) -> Record:
    """Plant a mistake into a network and check it.

    Returns
    -------
    Record
        `beyond`: how many entries the mistake moves by more than 2 B, what a switch within rounding
        allows left out; `unfailed`: how many of these do not fail; `kinds` and `where` of the
        findings that name a mistake; `place`, where it is.
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
            "where": [],
            "words": trace,
        }
    moved = {name: _moved(item, right[name]) for name, item in report.params.items()}
    findings = [finding for finding in report.findings if finding.kind in MISTAKES]
    return {
        **about,
        "verdict": report.verdict,
        "beyond": sum(int(np.sum(beyond)) for beyond, _ in moved.values()),
        "at_kinks": sum(int(np.sum(hidden)) for _, hidden in moved.values()),
        "unfailed": sum(
            int(np.sum(moved[name][0] & (item.codes != FAIL)))
            for name, item in report.params.items()
        ),
        "kinds": sorted({finding.kind for finding in findings}),
        "where": sorted({finding.where for finding in findings}),
        "words": "; ".join(finding.message for finding in findings),
    }


def _moved(item: ParameterReport, right: Any) -> tuple[Any, Any]:
    """Return which entries are moved by more than 2 B: surely wrong, and perhaps only at kinks."""
    with np.errstate(invalid="ignore"):
        moved = np.abs(item.analytic.astype(np.float64) - right.astype(np.float64))
    moved[~np.isfinite(moved)] = np.inf
    beyond = moved > 2 * (item.bound + half_width(item))
    return beyond, (moved > 2 * item.bound) & ~beyond
