"""Table 3: planted mistakes that pass."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from bench.section import Section
from bench.trust import planting
from bench.trust.checked import CRASH
from bench.trust.demand import Demand, none_of
from bench.trust.extent import Task
from bench.trust.ledger import Record

_SHOWN = 20  # seeds in a line

HEADINGS = (
    "mistake",
    "networks",
    "beyond 2B",
    "nothing beyond",
    "kinks only",
    "failed",
    "missed",
    "entries not failed",
)


def measure(task: Task) -> Section:
    """Check every mistake on its networks."""
    found = planting.cases(task)
    groups = {name: list(some) for name, some in groupby(found, lambda one: one["mistake"])}
    wanted = task.extent.cases
    missed = [one for one in found if is_missed(one)]
    crashed = [one for one in found if one["verdict"] == CRASH]
    short = sum(planting.shown(some) < wanted for some in groups.values())
    return Section(
        title=f"3. Missed: {len(groups)} mistakes, each on {wanted} random networks that show it",
        headings=HEADINGS,
        rows=(*(_row(name, some) for name, some in groups.items()), _row("all", found)),
        below=(
            (
                "Beyond 2B: networks where the mistake moves an entry by more than twice its "
                "bound, and by more than a switch within rounding allows. Missed: one of these "
                "that does not fail."
            ),
            *(f"{words}: {_seeds(some)}." for words, some in _listed(missed, crashed)),
        ),
        musts=(
            none_of("mistakes missed", len(missed)),
            none_of("checks that raised", len(crashed)),
            Demand(
                what="mistakes planted", measured=len(groups), limit=30, unit="count", at_least=True
            ),
            none_of(f"mistakes that fewer than {wanted} networks show", short),
        ),
        data={"cases": found},
    )


def is_missed(one: Record) -> bool:
    """Tell whether a mistake that shows does not fail."""
    return bool(one["beyond"] > 0 and one["verdict"] != "fail")


def _row(name: str, some: Sequence[Record]) -> tuple[str, ...]:
    beyond = [one for one in some if one["beyond"]]
    numbers = (
        len(some),
        len(beyond),
        sum(not one["beyond"] and not one["at_kinks"] for one in some),
        sum(not one["beyond"] and one["at_kinks"] > 0 for one in some),
        sum(one["verdict"] == "fail" for one in beyond),
        sum(map(is_missed, some)),
        sum(one["unfailed"] for one in some),
    )
    return (name, *map("{:,}".format, numbers))


def _listed(
    missed: Sequence[Record], crashed: Sequence[Record]
) -> list[tuple[str, Sequence[Record]]]:
    return [(words, some) for words, some in (("Missed", missed), ("Crashed", crashed)) if some]


def _seeds(some: Sequence[Record]) -> str:
    words = ", ".join(f"{one['mistake']} in {one['seed']}" for one in some[:_SHOWN])
    return words + (", ..." if len(some) > _SHOWN else "")
