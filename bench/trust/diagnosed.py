"""Table 5: whether what fails is called by its name, and found where it is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import groupby

from bench.section import Section
from bench.trust import planting
from bench.trust.demand import percent, share_of
from bench.trust.extent import Task
from bench.trust.ledger import Record
from fastcheck.planted import MISTAKES

RIGHT, WRONG, CONTAINED, ALONE = 0.90, 0.01, 0.99, 0.90

HEADINGS = (
    "mistake",
    "failed",
    "right one named",
    "wrong one named",
    "one as good named",
    "place contained",
    "that alone",
    "named instead",
)


def measure(task: Task) -> Section:
    """Look at the findings on every mistake that fails."""
    found = [one for one in planting.cases(task) if one["beyond"] and one["verdict"] == "fail"]
    groups = {name: list(some) for name, some in groupby(found, lambda one: one["mistake"])}
    total = len(found)
    return Section(
        title=f"5. Diagnosis: {total:,} planted mistakes that fail",
        headings=HEADINGS,
        words=("named instead",),
        rows=(*(_row(name, some) for name, some in groups.items()), _row("all", found)),
        below=(
            (
                "Place: that of every finding; where one says nothing of it, it is not contained. "
                "Named instead: other kinds, and how often. As good: a mistake of the kind that is "
                "named gives the very gradient that was checked."
            ),
        ),
        musts=(
            share_of("right mistake named", _count(found, is_right), total, RIGHT, at_least=True),
            share_of("wrong mistake named", _count(found, is_wrong), total, WRONG),
            share_of("place contained", _count(found, contains), total, CONTAINED, at_least=True),
            share_of(
                "place that layer alone", _count(found, is_alone), total, ALONE, at_least=True
            ),
        ),
        data={"cases": found},
    )


def is_right(one: Record) -> bool:
    """Tell whether a finding names the mistake."""
    return bool(MISTAKES[one["mistake"]].kinds & set(one["kinds"]))


def other_kinds(one: Record) -> set[str]:
    """Return what else is named."""
    return set(one["kinds"]) - MISTAKES[one["mistake"]].kinds - {"unexplained"}


def is_wrong(one: Record) -> bool:
    """Tell whether a finding names another mistake, which would have given another gradient."""
    return bool(other_kinds(one) - set(one["same"]))


def is_as_good(one: Record) -> bool:
    """Tell whether what is named in place of the mistake would have given the same gradient."""
    return bool(other_kinds(one)) and not is_wrong(one)


def contains(one: Record) -> bool:
    """Tell whether every finding's interval contains the place."""
    return bool(one["where"]) and all(one["place"] in where for where in one["where"])


def is_alone(one: Record) -> bool:
    """Tell whether every finding's interval is the place."""
    return bool(one["where"]) and all([one["place"]] == list(where) for where in one["where"])


def _count(some: Sequence[Record], test: Callable[[Record], bool]) -> int:
    return sum(map(test, some))


def _row(name: str, some: Sequence[Record]) -> tuple[str, ...]:
    shares = [percent(_count(some, test), len(some)) for test in (is_right, is_wrong, is_as_good)]
    shares += [percent(_count(some, test), len(some)) for test in (contains, is_alone)]
    instead = [kind for one in some for kind in other_kinds(one)]
    words = ", ".join(f"{kind} {instead.count(kind)}" for kind in sorted(set(instead)))
    return (name, f"{len(some):,}", *shares, words)
