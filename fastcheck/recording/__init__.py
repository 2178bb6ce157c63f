"""Record a model's own NumPy loss as a Program.

Not called ``record``: a sub-package of that name would hide the function ``fastcheck.record``.
"""

from fastcheck.recording.recorder import record

__all__ = ["record"]
