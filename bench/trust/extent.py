"""How much is measured, and where results are kept."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from bench.cases import Sizes
from bench.section import Tell

WORKERS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Extent:
    """How much is measured.

    Attributes
    ----------
    networks
        Correct ones, for the false alarms.
    beside
        Of these the first small ones in float64, for the other rules.
    cases
        Networks for each planted mistake.
    search
        How many seeds may be tried to find them.
    weights
        Wrong ones for each relative error.
    sizes
        Of the classic network.
    rounds
        Of the timings.
    hidden
        Units of the networks that are trained.
    losses
        To which they are trained.
    steps
        Of their training, at most.
    singles
        Wrong weights in each trained network.
    """

    networks: int = 2000
    beside: int = 200
    cases: int = 50
    search: int = 20_000
    weights: int = 20
    sizes: Sizes = field(default_factory=Sizes)
    rounds: int = 3
    hidden: int = 16
    losses: tuple[float, ...] = (1e-2, 1e-4, 1e-6)
    steps: int = 20_000
    singles: int = 10


FULL = Extent()
QUICK = Extent(
    networks=40,
    beside=4,
    cases=1,
    search=150,
    weights=1,
    sizes=Sizes(batch=10, hidden=4),
    rounds=1,
    losses=(1e-2,),
    steps=1000,
    singles=2,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """What a table is asked for.

    Attributes
    ----------
    extent
        How much.
    folder
        Where results are kept, so that an interrupted run goes on; None: nowhere.
    workers
        Processes; 1: this one.
    tell
        Called with what is about to run.
    """

    extent: Extent = FULL
    folder: Path | None = None
    workers: int = WORKERS
    tell: Tell = lambda _: None
