"""What is worked out once per program: base values, templates, and which parameters are proven."""

from __future__ import annotations

from dataclasses import replace
from threading import RLock
from weakref import WeakKeyDictionary

from fastcheck.engine.incremental.template import Template, Templates
from fastcheck.program import Program, base_values

# How many templates of one parameter are kept at most. They read what lies in one memory, a part
# for each: kept templates of every chunk of a large parameter would need its size times the
# program's.
_FEW = 4


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
        # Of a copy: what is kept must not itself keep the program alive.
        self.templates = Templates.of(replace(program), base_values(program))
        self.proven: set[str] = set()
        self.lock = RLock()
        self._kept: dict[str, list[Template] | None] = {}

    def kept(self, name: str) -> list[Template] | None:
        """Return the templates of a parameter; None where there are too many to keep them all.

        There are few where panels are copies of each other, and for a parameter of few elements.
        """
        if name not in self._kept:
            with self.lock:
                found = self.templates.of_weight(name)
                chunks = self.templates.chunks(name)
                if found is None and len(chunks) <= _FEW:
                    found = [self.templates.of_chunk(name, *chunk) for chunk in chunks]
                self._kept[name] = found
        return self._kept[name]


_prepared: WeakKeyDictionary[Program, Prepared] = WeakKeyDictionary()
_lock = RLock()


def prepared(program: Program) -> Prepared:
    """Return what is prepared for a program, kept as long as the program lives."""
    with _lock:
        if program not in _prepared:
            _prepared[program] = Prepared(program)
        return _prepared[program]
