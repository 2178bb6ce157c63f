"""Every planted mistake gets its diagnosis, and its place."""

from __future__ import annotations

import numpy as np
import pytest

import fastcheck
from fastcheck.diagnose import Case, Suspect, diagnose
from fastcheck.planted import MISTAKES, applicable, plant
from fastcheck.planted.samples import sample_networks
from fastcheck.verdict import CODES

SAMPLES = sample_networks("float64", 0)


@pytest.mark.parametrize("name", list(MISTAKES))
def test_is_named_and_placed(name):
    seen = 0
    for sample in SAMPLES:
        if not applicable(name, sample.net):
            continue
        model = plant(name, sample.net, seed=1)
        report = fastcheck.gradcheck(model, sample.x, sample.t)
        if report.verdict == "pass":
            continue
        seen += 1
        findings = diagnose(_case(model, sample, report))
        assert {item.kind for item in findings} <= MISTAKES[name].kinds, sample.name
        assert {item.where for item in findings} == {(model.place,)}
    assert seen


def _case(model, sample, report):
    suspects = {
        name: Suspect(
            name,
            np.asarray(model.params[name], np.float64),
            np.asarray(item.analytic, np.float64),
            item.numerical,
            item.bound + (0.0 if item.kink is None else item.kink),
            item.codes == CODES["fail"],
        )
        for name, item in report.params.items()
    }
    program = fastcheck.record(sample.net, sample.x, sample.t)
    classes, batch = sample.net.outputs, len(sample.x)
    return Case(
        suspects, batch, classes, model.gradient, sample.x, sample.t, program, model, 2.0**-53
    )
