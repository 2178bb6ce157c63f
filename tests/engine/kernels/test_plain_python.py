"""The incremental engine's kernels as plain Python functions, against the compiled ones."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import numpy as np
import pytest

SCRIPT = """
import json, sys
import numba
import numpy as np
from fastcheck.engine.incremental.gradient import incremental_gradient
from fastcheck.recording import record

rng = np.random.default_rng(3)
x = rng.standard_normal((3, 4)) * (rng.random((3, 4)) < 0.7)
t = np.eye(3)[[0, 2, 1]]


class Model:
    def __init__(self, loss, **shapes):
        self.params = {name: rng.standard_normal(shape) for name, shape in shapes.items()}
        self._loss = loss

    def loss(self, x, t):
        return self._loss(self.params, x, t)


def cross_entropy(scores):
    shifted = scores - scores.max(axis=1, keepdims=True)
    return -np.sum(t * (shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))))


def dense(p, x, t):
    return cross_entropy(np.maximum(x @ p["W"] + p["b"], 0) @ p["V"]) + np.abs(p["W"]).sum()


def tied(p, x, t):
    z = np.tanh(x @ p["W"])
    z = z / np.sqrt((z**2).mean(axis=0) + 0.1) * np.logaddexp(0.0, z)
    return np.sum(np.where(z > 0.1, z, z * z)) + np.mean((z @ p["W"].T - x) ** 2)


def pooled(p, x, t):
    z = (x @ p["W"]).reshape(3, 2, 2)
    return np.sum(z.max(axis=2) * np.minimum(z, 0.3).min(axis=1)) + np.max(p["W"])


models = [
    Model(dense, W=(4, 3), b=(3,), V=(3, 3)),
    Model(tied, W=(4, 3)),
    Model(pooled, W=(4, 4)),
]
models[0].params["b"][0] = 0.0
out = []
for model in models:
    program = record(model, x, t)
    for options in ({}, {"step": 0.25, "scheme": "central4"}):
        result = incremental_gradient(program, names=list(model.params), threads=1, **options)
        for name, found in result.parameters.items():
            for field in ("central", "left", "right", "step", "switched", "crossed"):
                out.append(getattr(found, field).astype(float).reshape(-1).tolist())
json.dump([bool(numba.config.DISABLE_JIT), out], sys.stdout)
"""


def run(**environment):
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", SCRIPT],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def compiled():
    return run()


def test_uncompiled_kernels_give_what_compiled_ones_give(compiled):
    plain = run(NUMBA_DISABLE_JIT="1")
    assert (plain[0], compiled[0]) == (True, False)
    assert len(plain[1]) == len(compiled[1])
    for mine, theirs in zip(plain[1], compiled[1], strict=True):
        # A product and a sum may be one rounding in compiled code.
        largest = np.abs(theirs).max()
        assert np.abs(np.subtract(mine, theirs)).max() <= 4e-15 * largest
