"""Table 6: what is said of correct code at the classic step, h = 1e-4."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

import fastcheck
from bench.accurate import Gradient
from bench.cases import Case, Sizes, Variant, classic, nn_case
from bench.peers import FlatLoss
from bench.section import Section
from bench.timing import one_blas_thread
from bench.torch_network import TorchNetwork, torch_network
from bench.trust.demand import Demand, none_of
from bench.trust.extent import Task
from bench.trust.rules import UNCOMFORTABLE, WRONG, relative_error
from fastcheck import nn
from fastcheck.report.model import Report
from fastcheck.verdict import CODES

STEP = 1e-4
EPSILON = 1e-7

Row = tuple[str, str, str]


def measure(task: Task) -> Section:
    """Ask everyone about the classic network, then fastcheck about the textbook's clipped pair."""
    sizes = task.extent.sizes
    case = nn_case(sizes)
    model, x, t = case.model, case.x, case.t
    with one_blas_thread():
        task.tell("classic step: the reference loop")
        loop = fastcheck.numerical_gradient(model, x, t, engine="reference", step=STEP)
        rows = [*_loop(model.gradient(x, t), loop), *_scipy(case, task), *_torch(case, task)]
        task.tell("classic step: fastcheck")
        reports = {
            "fastcheck, engine=reference": fastcheck.gradcheck(
                model, x, t, engine="reference", step=STEP
            ),
            "fastcheck, step=1e-4": fastcheck.gradcheck(model, x, t, step=STEP),
            "fastcheck as it comes": fastcheck.gradcheck(model, x, t),
        }
        pair = clipped_pair(sizes)
    rows += [(name, *_said(report)) for name, report in reports.items()]
    rows.append(("fastcheck, the classic clipped pair", *_said(pair)))
    passes = sum(report.verdict == "pass" for report in reports.values())
    return Section(
        title=f"6. Correct code, classic network 784-{sizes.hidden}-10, {len(x)} digits, at the "
        "classic step 1e-4",
        headings=("who", "says", "of what"),
        words=("says", "of what"),
        rows=tuple(rows),
        below=(
            (
                "Correct in all rows but the last: there the loss is -log(p + 1e-7), and the "
                "gradient leaves the epsilon out."
            ),
            *(f"Of the pair: {finding.message}" for finding in pair.findings),
        ),
        musts=(
            none_of("fastcheck's checks of correct code that do not pass", len(reports) - passes),
            _yes("the clipped pair approximate", reached=pair.verdict == "approximate"),
            _yes("its epsilon named", reached=names_epsilon(pair)),
        ),
        data={"rows": [list(row) for row in rows]},
    )


def clipped_pair(sizes: Sizes) -> Report:
    """Check the classic network whose loss has an epsilon that its gradient leaves out."""
    _, x, t = classic(sizes, Variant())
    loss = nn.ClippedSoftmaxCrossEntropy(epsilon=EPSILON, exact=False)
    return fastcheck.gradcheck(nn.TwoLayerNet(784, sizes.hidden, 10, loss=loss), x, t)


def names_epsilon(report: Report) -> bool:
    """Tell whether a finding says that it is the loss, and which epsilon."""
    words = ("1e-07", "1e-7")
    return any(
        finding.kind == "loss" and any(word in finding.message for word in words)
        for finding in report.findings
    )


def _yes(what: str, *, reached: bool) -> Demand:
    return Demand(what=what, measured=reached, limit=1, unit="count", at_least=True)


def _loop(right: Gradient, loop: Gradient) -> list[Row]:
    """Return what is made of the classic loop's differences."""
    errors = {name: np.abs(g - loop[name]) for name, g in right.items()}
    relative = np.concatenate([relative_error(g, loop[name]).ravel() for name, g in right.items()])
    close = [np.isclose(g, loop[name]) for name, g in right.items()]
    far = sum(int(np.sum(~one)) for one in close)
    return [
        ("classic mean |difference|", "a number", _each(errors, np.mean)),
        ("classic largest |difference|", "a number", _each(errors, np.max)),
        *(
            (f"CS231n, relative error <= {limit:.0e}", *_beyond(int(np.sum(relative > limit))))
            for limit in (WRONG, UNCOMFORTABLE)
        ),
        ("numpy.allclose, its own limits", *_beyond(far)),
    ]


def _each(errors: Mapping[str, Any], number: Any) -> str:
    return ", ".join(f"{name} {number(error):.1e}" for name, error in errors.items())


def _beyond(count: int) -> tuple[str, str]:
    return "rejects" if count else "accepts", f"{count:,} entries beyond"


def _scipy(case: Case, task: Task) -> list[Row]:
    name = "SciPy check_grad"
    try:
        from scipy.optimize import check_grad
    except ImportError as error:
        return [(name, "not run", str(error))]
    task.tell(f"classic step: {name}")
    loss = FlatLoss(case)
    gradient = case.model.gradient(case.x, case.t)
    flat = np.concatenate([gradient[name].ravel() for name in case.model.params])
    norm = check_grad(loss, lambda _: flat, loss.vector(), epsilon=STEP)
    return [(name, "a number", f"2-norm {norm:.1e}, one-sided")]


def _torch(case: Case, task: Task) -> list[Row]:
    names = {mode: f"torch gradcheck, {mode} mode, eps=1e-4" for mode in ("slow", "fast")}
    try:
        network = torch_network(case)
    except ImportError as error:
        return [(name, "not run", str(error)) for name in names.values()]
    rows = []
    for mode, name in names.items():
        task.tell(f"classic step: {name}")
        rows.append((name, *_gradcheck(network, fast=mode == "fast")))
    return rows


def _gradcheck(network: TorchNetwork, *, fast: bool) -> tuple[str, str]:
    import torch
    from torch.autograd.gradcheck import GradcheckError

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    inputs = tuple(network.parameters.values())
    try:
        torch.autograd.gradcheck(network.loss, inputs, eps=STEP, fast_mode=fast)
    except GradcheckError as error:
        return "rejects", str(error).splitlines()[0].rstrip(", ")
    finally:
        torch.set_num_threads(before)
    return "accepts", ""


def _said(report: Report) -> tuple[str, str]:
    counts = {name: sum(item.counts[name] for item in report.params.values()) for name in CODES}
    return report.verdict, ", ".join(f"{count:,} {name}" for name, count in counts.items() if count)
