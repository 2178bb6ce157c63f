"""Other people's rules on the same correct networks: what they say of code that is right."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.torch_network import TorchNetwork, gradcheck
from bench.trust.ledger import Record
from bench.trust.networks import Sample, sample
from bench.trust.torch_sample import torch_sample

LARGEST = 400  # parameters: each of them costs two losses
STEP = 1e-5

# "relative error > 1e-2 usually means the gradient is probably wrong"; above 1e-4 "should make you
# feel uncomfortable"; "1e-7 and less you should be happy" (CS231n, Gradient checks).
WRONG, UNCOMFORTABLE, HAPPY = 1e-2, 1e-4, 1e-7


def is_small(case: Sample) -> bool:
    """Tell whether the other rules are asked about it: float64, and few parameters."""
    return case.net.dtype == np.float64 and case.parameters <= LARGEST


def ask(key: str) -> Record:
    """Ask torch's gradcheck and CS231n's rule about the network of a seed.

    Returns
    -------
    Record
        `torch`: whether it accepts, None without PyTorch; `worst`, the largest relative error, and
        how many entries are `wrong`, `uncomfortable` and `happy`.
    """
    case = sample(int(key))
    try:
        network: TorchNetwork | None = torch_sample(case)
    except ImportError:
        network = None
    analytic = case.net.gradient(case.x, case.t)
    numerical = central(case.net, case.x, case.t, step=STEP)
    found = np.concatenate(
        [relative_error(analytic[name], g).ravel() for name, g in numerical.items()]
    )
    return {
        "seed": case.seed,
        "torch": None if network is None else gradcheck(network, fast=False).accepted,
        "size": case.parameters,
        "worst": float(np.max(found)),
        "wrong": int(np.sum(found > WRONG)),
        "uncomfortable": int(np.sum(found > UNCOMFORTABLE)),
        "happy": int(np.sum(found <= HAPPY)),
    }


def central(model: Any, x: Any, t: Any, *, step: float) -> dict[str, NDArray[np.float64]]:
    """Return (L(w + h) - L(w - h)) / 2h for every weight, by calling the loss."""
    found = {}
    for name, array in model.params.items():
        flat, slopes = array.reshape(-1), np.empty(array.size)
        for i, saved in enumerate(flat.tolist()):
            flat[i] = saved + step
            above = float(model.loss(x, t))
            flat[i] = saved - step
            slopes[i] = (above - float(model.loss(x, t))) / (2 * step)
            flat[i] = saved
        found[name] = slopes.reshape(array.shape)
    return found


def relative_error(a: NDArray[Any], g: NDArray[Any]) -> NDArray[np.float64]:
    """Return |a - g| / max(|a|, |g|), 0 where both are 0."""
    size = np.maximum(np.abs(a), np.abs(g))
    error: NDArray[np.float64] = np.divide(
        np.abs(a - g), size, out=np.zeros(np.shape(a)), where=size > 0
    )
    return error
