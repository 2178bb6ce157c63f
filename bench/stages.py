"""``python -m bench.stages``: the steps of a first check, timed within one process; JSON.

Each step is what ``fastcheck run`` does, one after the other. What kernels cost, compiled or loaded
from disk, is how much longer the first call takes than the second.
"""

# Nothing is imported before the clock runs.

from __future__ import annotations

import json
from time import perf_counter

IMPORT_NUMPY = "import NumPy"
IMPORT_NUMBA = "import Numba"
IMPORT_REST = "import fastcheck and rich"
NETWORK = "digits and network"
RECORD = "record"
KERNELS = "kernels: compile, or load from disk"
RUN = "differences and proof"
COMPARE = "backprop, comparison, report"

STAGES = (IMPORT_NUMPY, IMPORT_NUMBA, IMPORT_REST, NETWORK, RECORD, KERNELS, RUN, COMPARE)


def stages() -> dict[str, float]:
    """Return the seconds of each stage; once per process."""
    laps = [perf_counter()]

    def lap() -> float:
        laps.append(perf_counter())
        return laps[-1] - laps[-2]

    import numpy as np

    numpy = lap()
    import numba  # noqa: F401 - to be timed

    numba_itself = lap()
    import fastcheck
    from fastcheck.api import gradcheck, numerical_gradient
    from fastcheck.recording import record
    from fastcheck.report.text import renderable  # noqa: F401 - brings rich

    rest = lap()
    model = fastcheck.nn.TwoLayerNet(784, 50, 10)
    x, t = fastcheck.data.mnist(100)
    network = lap()
    program = record(model, x, t)
    cold_record = lap()
    numerical_gradient(program)
    cold = lap()
    # A second Program: what is prepared for one is kept.
    program = record(model, x, t)
    warm_record = lap()
    numerical_gradient(program)
    warm = lap()
    str(gradcheck(model, x, t))
    whole = lap()
    assert np.__name__ == "numpy"
    return {
        IMPORT_NUMPY: numpy,
        IMPORT_NUMBA: numba_itself,
        IMPORT_REST: rest,
        NETWORK: network,
        RECORD: warm_record,
        KERNELS: max(0.0, cold_record - warm_record) + max(0.0, cold - warm),
        RUN: warm,
        COMPARE: max(0.0, whole - warm_record - warm),
    }


if __name__ == "__main__":
    print(json.dumps(stages()))
