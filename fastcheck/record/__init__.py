"""Record a model's own NumPy loss as a Program."""

import sys
import types
from typing import Any

from fastcheck.program import Program
from fastcheck.record.recorder import record

__all__ = ["record"]


class _CallablePackage(types.ModuleType):
    """Importing this package puts it where users expect the function: ``fastcheck.record``."""

    def __call__(self, model: Any, x: Any, t: Any) -> Program:
        return record(model, x, t)


sys.modules[__name__].__class__ = _CallablePackage
