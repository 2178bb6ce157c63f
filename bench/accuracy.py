"""Errors of the numerical gradient, over seeds, the output ReLU, pixels and losses."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from itertools import product
from statistics import median
from typing import Any

import fastcheck
from bench.accurate import precision
from bench.cases import Sizes, Variant, nn_case
from bench.musts import Must
from bench.quantities import error
from bench.sampled import drawn_of_each, error_at, reference_at
from bench.section import Section, Tell
from bench.timing import one_blas_thread

SEEDS = 10
LARGEST = 1e-13  # that is allowed

# Of each of W1, b1, W2; b2 has 10, and all are taken.
_SAMPLE = 50

HEADINGS = (
    "scores",
    "pixels",
    "loss",
    "fastcheck, median",
    "largest",
    "reference loop, median",
    "largest",
)


@dataclass(frozen=True, slots=True)
class Errors:
    """Errors of one network: of the engine over all entries, of the loop over a sample."""

    engine: float
    loop: float


def measure(*, tell: Tell, seeds: int = SEEDS, sizes: Sizes | None = None) -> Section:
    """Measure the errors.

    Parameters
    ----------
    seeds
        Of the weights; each with digits of its own.
    sizes
        Of the network; by default the classic ones.
    """
    sizes = sizes or Sizes()
    found = []
    with one_blas_thread():
        for output_relu, scale, clipped in kinds():
            tell(f"errors: {', '.join(_words(output_relu, scale, clipped))}")
            variants = [Variant(seed, output_relu, scale, clipped) for seed in range(seeds)]
            errors = [errors_of(variant, sizes) for variant in variants]
            found.append(((output_relu, scale, clipped), errors))
    every = [one for _, errors in found for one in errors]
    return Section(
        title=f"Errors, relative to the largest entry of each parameter's gradient: "
        f"{len(every)} networks 784-{sizes.hidden}-10, batch {sizes.batch}",
        headings=HEADINGS,
        words=HEADINGS[:3],
        rows=(
            *((*_words(*kind), *_cells(errors)) for kind, errors in found),
            ("all", "", "", *_cells(every)),
        ),
        below=(
            (
                f"{seeds} seeds each, with digits of their own. fastcheck: every entry; the "
                f"reference loop: {_SAMPLE} entries of each parameter, drawn at random; "
                f"{precision()}."
            ),
        ),
        musts=(
            Must(
                what=f"largest error over {len(every)} networks",
                measured=max(one.engine for one in every),
                limit=LARGEST,
                unit="error",
            ),
        ),
        data={
            "seeds": seeds,
            "batch": sizes.batch,
            "hidden": sizes.hidden,
            "sample": _SAMPLE,
            "errors": [
                {
                    "output_relu": output_relu,
                    "scale": scale,
                    "clipped": clipped,
                    "networks": [asdict(one) for one in errors],
                }
                for (output_relu, scale, clipped), errors in found
            ],
        },
    )


def kinds() -> Iterator[tuple[bool, str, bool]]:
    """Yield (output_relu, scale, clipped), all eight."""
    return product((True, False), ("unit", "raw"), (False, True))


def errors_of(variant: Variant, sizes: Sizes) -> Errors:
    """Return the errors on one network."""
    case = nn_case(sizes, variant)
    places = drawn_of_each(case.model.params, _SAMPLE, seed=variant.seed)
    loop = reference_at(case.model, case.x, case.t, places)
    return Errors(
        engine=case.error(fastcheck.numerical_gradient(case.model, case.x, case.t)),
        loop=error_at(loop, case.accurate, places),
    )


def _words(output_relu: bool, scale: str, clipped: bool) -> tuple[str, str, str]:
    return (
        "ReLU" if output_relu else "as they are",
        scale,
        "-log(p + 1e-7)" if clipped else "softmax",
    )


def _cells(errors: list[Errors]) -> tuple[str, ...]:
    numbers: list[Any] = []
    for values in ([one.engine for one in errors], [one.loop for one in errors]):
        numbers += [median(values), max(values)]
    return tuple(map(error, numbers))
