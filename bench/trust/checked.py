"""What `fastcheck.gradcheck` says of one correct network, as plain data."""

from __future__ import annotations

import traceback
from typing import Any

import numpy as np
from numpy.typing import NDArray

import fastcheck
from bench.trust.ledger import Record
from bench.trust.networks import Sample, sample
from fastcheck.report.parameter import ParameterReport
from fastcheck.verdict import CODES, KINK, PASS

FLOAT64, SHALLOW, DEEP = "float64", "float32, depth 1 to 3", "float32, depth 4 and 5"
STRATA = (FLOAT64, SHALLOW, DEEP)
CRASH = "crash"


def stratum(case: Sample) -> str:
    """Return among which networks it is counted."""
    if case.net.dtype == np.float64:
        return FLOAT64
    return SHALLOW if case.depth <= 3 else DEEP


def check(key: str) -> Record:
    """Check the network of a seed.

    Returns
    -------
    Record
        `verdict`, `counts` of the entries, `ratio` (the largest |a - g| / B of those that pass),
        `unexplained` kinks, and what the network was. Where the check raised, the verdict is
        "crash".
    """
    case = sample(int(key))
    about = {"seed": case.seed, "stratum": stratum(case), "size": case.parameters}
    about |= {"traits": sorted(case.traits), "depth": case.depth}
    try:
        with np.errstate(all="ignore"):
            report = fastcheck.gradcheck(case.net, case.x, case.t, threads=1)
    except Exception:  # noqa: BLE001 - a crash on correct code is a result too
        nothing = dict.fromkeys(CODES, 0)
        trace = traceback.format_exc(limit=-1)
        return {**about, "verdict": CRASH, "counts": nothing, "ratio": 0.0, "unexplained": 0} | {
            "words": trace
        }
    params = report.params.values()
    return {
        **about,
        "verdict": report.verdict,
        "counts": {name: sum(item.counts[name] for item in params) for name in CODES},
        "ratio": max(map(largest_ratio, params)),
        "unexplained": sum(map(unexplained_kinks, params)),
        "words": "; ".join(finding.message for finding in report.findings),
    }


def largest_ratio(item: ParameterReport) -> float:
    """Return the largest |a - g| / B over entries that pass away from kinks; 0 if none is off."""
    judged = (item.codes == PASS) & (item.error > 0) & (half_width(item) == 0)
    return float(np.max(item.error[judged] / item.bound[judged], initial=0.0))


def unexplained_kinks(item: ParameterReport) -> int:
    """Return how many entries are kinks without a switch in reach, or further off than it allows.

    Both gradients lie in an interval of twice `kink`; where the step crossed a switch, also between
    the slopes of both sides.
    """
    at_kink = item.codes == KINK
    if not np.any(at_kink):
        return 0
    half = half_width(item)
    explained = (half > 0) & (item.error <= 2 * half + item.bound)
    apart = np.abs(item.right - item.left) + item.bound
    explained |= item.switched & (item.error <= apart)
    return int(np.sum(at_kink & ~explained))


def half_width(item: ParameterReport) -> NDArray[np.float64]:
    """Return half of how far correct gradients may lie apart, 0 where that is not known."""
    kink: Any = getattr(item, "kink", None)
    return np.zeros(item.shape) if kink is None else np.asarray(kink)
