"""A mistake: its name, what it is, how it is called rightly, and where it may sit."""

from __future__ import annotations

from dataclasses import dataclass

from fastcheck.nn import Network
from fastcheck.planted.sites import Site

__all__ = ["Mistake"]


@dataclass(frozen=True, slots=True)
class Mistake:
    """A mistake that can be planted.

    Attributes
    ----------
    name : str
        In small letters with hyphens, as on the command line.
    summary : str
        What the wrong code does, in one sentence.
    kinds : frozenset of str
        Which of the kinds of a finding (`fastcheck.verdict.finding`) name it rightly.
    site : Site
        Where it may sit, and the wrong code.
    """

    name: str
    summary: str
    kinds: frozenset[str]
    site: Site

    @property
    def needs(self) -> str:
        """What a network must have for it, as in "a Relu above an Affine"."""
        return self.site.needs

    def places(self, net: Network) -> tuple[str, ...]:
        """Return where in the network it may be planted, in forward order; () if nowhere.

        A layer is called by its class and number, such as "Affine2"; a loss by its class; the
        weight decay "l2".
        """
        return self.site.places(net)
