"""Report: numbers only; the modules beside this one render them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from os import PathLike
from typing import Any

from fastcheck.report.image import first_weight, pixel_of
from fastcheck.report.layers import by_layer
from fastcheck.report.parameter import Entry, ParameterReport, badness
from fastcheck.report.resolution import Resolution, resolution
from fastcheck.verdict import Finding, overall


@dataclass(frozen=True)
class Report:
    """The result of a gradient check.

    Attributes
    ----------
    params
        One `ParameterReport` per parameter checked, in the model's order.
    findings
        What is wrong beyond single elements.
    engine, step, threads
        How the numerical gradient was computed; `scheme` too.
    loss
        At the parameters that were checked.
    accuracy
        The model's own ``accuracy(x, t)``, None where it has none.
    batch
        The number of samples in `x`.
    seconds
        Wall time of the whole check.
    engine_seconds, setup_seconds, record_seconds
        Of it: the differences; laying out the program, compiling the kernels or loading them, and
        the proof of the differences; recording and its proof.
    notes
        What the reader should know, such as why another engine was not used.
    second_opinion
        The library whose autograd was asked too, None where none was.
    scheme
        Which points were differenced: "central", "forward", "backward" or "central4".
    image
        (rows, columns) of the images that the first weight reads, None where it reads none.
    """

    params: Mapping[str, ParameterReport]
    findings: tuple[Finding, ...]
    engine: str
    step: float
    threads: int
    loss: float
    accuracy: float | None
    batch: int
    seconds: float
    engine_seconds: float
    setup_seconds: float
    record_seconds: float
    notes: tuple[str, ...]
    second_opinion: str | None = None
    scheme: str = "central"
    image: tuple[int, int] | None = None

    @property
    def verdict(self) -> str:
        """The verdict on the whole: fail, inconclusive, approximate or pass."""
        if any(finding.severe for finding in self.findings):
            return "fail"
        return overall(parameter.verdict for parameter in self.params.values())

    @property
    def passed(self) -> bool:
        """Whether the verdict is pass or approximate."""
        return self.verdict in ("pass", "approximate")

    @property
    def size(self) -> int:
        """How many elements were checked."""
        return sum(parameter.numerical.size for parameter in self.params.values())

    @property
    def parameters_per_second(self) -> float:
        """Elements checked per second of the differences alone."""
        return self.size / self.engine_seconds if self.engine_seconds > 0 else float("inf")

    @cached_property
    def resolution(self) -> Resolution:
        """How small a relative error could have been seen, over all parameters."""
        return resolution(item.relative_bounds for item in self.params.values())

    def worst(self, count: int = 5) -> list[Entry]:
        """Return the worst elements of all parameters: fails first, then by error over bound."""
        entries = [entry for item in self.params.values() for entry in item.worst(count)]
        return self.with_pixels(sorted(entries, key=badness, reverse=True)[:count])

    def unsettled(self, count: int = 5) -> list[Entry]:
        """Return the worst elements that fail or are inconclusive, each layer's together."""
        entries = [entry for item in self.params.values() for entry in item.unsettled(count)]
        return self.with_pixels(by_layer(sorted(entries, key=badness, reverse=True), count))

    def with_pixels(self, entries: Iterable[Entry]) -> list[Entry]:
        """Return the entries, those of the weight that reads the images with their pixel."""
        image = self.image
        first = first_weight({name: item.shape for name, item in self.params.items()})
        if image is None or first is None or self.params[first].shape[0] != image[0] * image[1]:
            return list(entries)
        return [
            replace(entry, pixel=pixel_of(entry.index, image)) if entry.name == first else entry
            for entry in entries
        ]

    def to_dict(self) -> dict[str, Any]:
        """Return the report as plain data, see `fastcheck.report.json`."""
        from fastcheck.report.json import as_dict

        return as_dict(self)

    def to_json(self, path: str | PathLike[str] | None = None) -> str:
        """Return the report as JSON text; with `path`, also write it there."""
        from fastcheck.report.json import as_json

        return as_json(self, path)

    def to_text(self, *, verbose: bool = False) -> str:
        """Return the report as text without colours.

        Parameters
        ----------
        verbose
            Everything; else the worst, and at most a screenful.
        """
        from fastcheck.report.text import plain_text

        return plain_text(self, verbose=verbose)

    def __rich__(self) -> Any:
        from fastcheck.report.text import renderable

        return renderable(self)

    def __str__(self) -> str:
        return self.to_text()
