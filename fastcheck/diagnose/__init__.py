"""From the pattern of what is wrong with a gradient, the likely mistake and where it sits."""

from fastcheck.diagnose.case import Case, Suspect
from fastcheck.diagnose.diagnosis import diagnose

__all__ = ["Case", "Suspect", "diagnose"]
