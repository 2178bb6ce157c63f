"""What is worked out once per program: base values, templates, and which parameters are proven."""

from __future__ import annotations

from threading import RLock
from weakref import WeakKeyDictionary

from fastcheck.engine.incremental.template import Template, Templates
from fastcheck.program import Program


class Prepared:
    """A program's templates.

    Attributes
    ----------
    templates
        Makes them.
    proven
        The parameters for which the proof was given.
    lock
        To be held while templates are made: all share one memory.
    """

    def __init__(self, program: Program) -> None:
        self.templates = Templates.of(program)
        self.proven: set[str] = set()
        self.lock = RLock()
        self._of_weight: dict[str, list[Template] | None] = {}

    def of_weight(self, name: str) -> list[Template] | None:
        """Return the templates of a parameter whose panels are copies of each other, else None."""
        if name not in self._of_weight:
            self._of_weight[name] = self.templates.of_weight(name)
        return self._of_weight[name]


_prepared: WeakKeyDictionary[Program, Prepared] = WeakKeyDictionary()
_lock = RLock()


def prepared(program: Program) -> Prepared:
    """Return what is prepared for a program, kept as long as the program lives."""
    with _lock:
        if program not in _prepared:
            _prepared[program] = Prepared(program)
        return _prepared[program]
