"""The honesty of the code under test: what it returns, and what it does besides.

A comparison means something only where loss and gradient repeat themselves, leave the data alone
and return arrays of their own. All that is found is data, an `Evidence`; nothing is raised for it.
"""

from fastcheck.honesty.batch import Batch, kept
from fastcheck.honesty.evidence import Evidence
from fastcheck.honesty.examine import examined, loss_faults
from fastcheck.honesty.repeat import judged_repeat

__all__ = ["Batch", "Evidence", "examined", "judged_repeat", "kept", "loss_faults"]
