"""Table 1: what is said of random networks that are right."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import Any

from bench.quantities import error
from bench.section import Section
from bench.trust import rules
from bench.trust.checked import CRASH, DEEP, STRATA, check
from bench.trust.demand import Demand, none_of, percent, share_of
from bench.trust.extent import Task
from bench.trust.ledger import Record, results
from bench.trust.networks import sample
from fastcheck.verdict import CODES

INCONCLUSIVE = 1e-3  # of all entries, at most

HEADINGS = ("right", "of", "all", *CODES, "kinks unexplained", "largest |a-g|/B")


def measure(task: Task) -> Section:
    """Check the networks of the first seeds, and ask the other rules about small ones."""
    seeds = range(task.extent.networks)
    found = results(task, "false_alarms", [str(seed) for seed in seeds], check)
    small = _small(task)
    beside = results(task, "other_rules", small, rules.ask)
    return Section(
        title=f"1. False alarms: {len(found):,} random networks that are right",
        headings=HEADINGS,
        words=("of",),
        rows=(
            *chain.from_iterable(_rows(name, _of(found, name)) for name in STRATA),
            *_rows("all", found),
        ),
        below=(*_alarms(found), *_others(beside)),
        musts=_musts(found),
        data={"networks": found, "beside": beside},
    )


def _small(task: Task) -> list[str]:
    """Return the first seeds of small networks."""
    found: list[str] = []
    for seed in range(task.extent.networks):
        if len(found) == task.extent.beside:
            break
        if rules.is_small(sample(seed)):
            found.append(str(seed))
    return found


def _of(found: Sequence[Record], stratum: str) -> list[Record]:
    return [one for one in found if one["stratum"] == stratum]


def _rows(name: str, found: Sequence[Record]) -> tuple[tuple[str, ...], ...]:
    """Return a row that counts networks, by the verdict on the whole, and one for entries."""
    entries = [_entries(found, verdict) for verdict in CODES]
    networks = [_networks(found, verdict) for verdict in CODES]
    total, unexplained = sum(entries), sum(one["unexplained"] for one in found)
    parts = (*map("{:,}".format, entries[:-1]), f"{entries[-1]:,} ({percent(entries[-1], total)})")
    return (
        (name, "networks", f"{len(found):,}", *map("{:,}".format, networks), "", ""),
        ("", "entries", f"{total:,}", *parts, f"{unexplained:,}", error(_largest(found))),
    )


def _musts(found: Sequence[Record]) -> tuple[Any, ...]:
    return (
        none_of("networks that fail, or whose check raised", _failing(found)),
        none_of("networks with an approximate entry", _with(found, "approximate")),
        *(_few_inconclusive(name, _of(found, name)) for name in STRATA if name != DEEP),
        none_of("entries at kinks unexplained", sum(one["unexplained"] for one in found)),
    )


def _few_inconclusive(name: str, found: Sequence[Record]) -> Demand:
    total = sum(_entries(found, verdict) for verdict in CODES)
    some = _entries(found, "inconclusive")
    return share_of(f"entries inconclusive, {name},", some, total, INCONCLUSIVE)


def _alarms(found: Sequence[Record]) -> list[str]:
    """Return a line for each kind of false alarm, with the seeds."""
    lines = [f"Largest |a-g|/B of an entry that passes: {error(_largest(found))}."]
    for verdict in ("fail", CRASH, "approximate"):
        seeds = [
            one["seed"]
            for one in found
            if one["verdict"] == verdict or one["counts"].get(verdict, 0)
        ]
        if seeds:
            lines.append(f"{verdict}: seeds {', '.join(map(str, seeds))}.")
    return lines


def _others(beside: Sequence[Record]) -> list[str]:
    if not beside:
        return []
    asked = [one for one in beside if one["torch"] is not None]
    rejected = sum(not one["torch"] for one in asked)
    entries = sum(one["size"] for one in beside)
    wrong, uneasy, happy = (
        sum(one[name] for one in beside) for name in ("wrong", "uncomfortable", "happy")
    )
    wrong_networks = sum(one["wrong"] > 0 for one in beside)
    uneasy_networks = sum(one["uncomfortable"] > 0 for one in beside)
    unhappy_networks = sum(one["happy"] < one["size"] for one in beside)
    return [
        (
            f"Beside it, {len(beside)} of them in float64 with at most {rules.LARGEST} "
            f"parameters, {entries:,} entries, all right:"
        ),
        (
            "torch.autograd.gradcheck as it comes (eps 1e-6, atol 1e-5, rtol 1e-3) rejects "
            f"{rejected} of {len(asked)} networks."
        ),
        (
            f"CS231n (h = 1e-5): relative error above 1e-2, wrong: {wrong:,} entries in "
            f"{wrong_networks} networks; above 1e-4: {uneasy:,} in {uneasy_networks}; not the "
            f"happy 1e-7: {entries - happy:,} in {unhappy_networks}."
        ),
    ]


def _networks(found: Sequence[Record], verdict: str) -> int:
    return sum(one["verdict"] == verdict for one in found)


def _failing(found: Sequence[Record]) -> int:
    return sum(one["verdict"] in ("fail", CRASH) or one["counts"]["fail"] > 0 for one in found)


def _with(found: Sequence[Record], verdict: str) -> int:
    return sum(one["counts"][verdict] > 0 for one in found)


def _entries(found: Sequence[Record], verdict: str) -> int:
    return sum(one["counts"][verdict] for one in found)


def _largest(found: Sequence[Record]) -> float:
    return max((one["ratio"] for one in found), default=0.0)
