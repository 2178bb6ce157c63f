"""Record a model's own NumPy loss as a Program."""

from fastcheck.record.recorder import record

__all__ = ["record"]
