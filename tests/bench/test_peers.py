from __future__ import annotations

import sys

import numpy as np
import pytest
import torch

from bench import peers
from bench.cases import Sizes, example_case, nn_case
from bench.torch_network import Answer, TorchNetwork, autograd, gradcheck, torch_network

MAKES = [nn_case, example_case]


@pytest.fixture(params=MAKES)
def case(request):
    return request.param(Sizes(batch=10, hidden=8))


# --- SciPy ----------------------------------------------------------------------------------------


def test_flat_loss_is_the_models(case):
    loss = peers.FlatLoss(case)
    start = loss.vector()
    assert start.size == case.parameters
    assert loss(start) == case.model.loss(case.x, case.t)
    for name, piece in loss.parameters(start).items():
        np.testing.assert_array_equal(piece, case.model.params[name])


def test_flat_loss_moves_every_element_of_a_copy(case):
    loss = peers.FlatLoss(case)
    start, before = loss.vector(), case.model.loss(case.x, case.t)
    # Along the gradient itself the derivative is its square: each element has a part in it.
    gradient = np.concatenate([np.ravel(g) for g in case.model.gradient(case.x, case.t).values()])
    h = 1e-7
    slope = (loss(start + h * gradient) - loss(start - h * gradient)) / (2 * h)
    assert slope == pytest.approx(gradient @ gradient, rel=1e-6)
    assert case.model.loss(case.x, case.t) == before


def test_scipy_differentiates_every_parameter():
    # Without a ReLU after the scores its step crosses no kink here.
    entrant = peers._scipy(example_case(Sizes(batch=3, hidden=2)))
    assert entrant.error(entrant.run()) < 1e-7


# --- PyTorch --------------------------------------------------------------------------------------


def test_torch_network_is_the_same(case):
    network = torch_network(case)
    loss = network.loss(*network.parameters.values()).item()
    assert loss == pytest.approx(case.model.loss(case.x, case.t), rel=1e-14)
    assert case.error(autograd(network)) < 1e-12


def small_network():
    """Three inputs instead of 784: gradcheck's slow mode in no time, and no kink nearby."""
    rng = np.random.default_rng(0)
    x = torch.tensor(rng.standard_normal((5, 3)))

    def loss(W, b):
        return torch.tanh(x @ W + b).square().sum()

    return TorchNetwork(
        loss,
        {
            "W": torch.tensor(rng.standard_normal((3, 2)), requires_grad=True),
            "b": torch.tensor(rng.standard_normal(2), requires_grad=True),
        },
    )


@pytest.mark.parametrize("fast", [False, True])
def test_gradcheck_accepts_a_right_gradient(fast):
    assert gradcheck(small_network(), fast=fast) == Answer(accepted=True)


@pytest.mark.parametrize("fast", [False, True])
def test_gradcheck_rejects_a_wrong_gradient(fast):
    right = small_network()

    def doubled(W, b):  # b in value, 2 in derivative
        return right.loss(W, 2 * b - b.detach())

    answer = gradcheck(TorchNetwork(doubled, right.parameters), fast=fast)
    assert answer == Answer(
        accepted=False, words="Jacobian mismatch for output 0 with respect to input 1"
    )


def test_fast_mode_is_asked_for(monkeypatch):
    asked = []
    monkeypatch.setattr(torch.autograd, "gradcheck", lambda *_, fast_mode: asked.append(fast_mode))
    case = nn_case(Sizes(batch=1, hidden=1))
    entrants = peers.peers(case, case)
    for entrant in entrants[1:]:
        entrant.run()
    assert asked == [False, True, True]


def test_torch_has_one_thread_while_it_checks():
    before = torch.get_num_threads()
    network, seen = small_network(), set()

    def loss(W, b):
        seen.add(torch.get_num_threads())
        return network.loss(W, b)

    torch.set_num_threads(2)
    try:
        gradcheck(TorchNetwork(loss, network.parameters), fast=True)
        assert seen == {1}
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


# --- rows -----------------------------------------------------------------------------------------


YES, NO = Answer(accepted=True), Answer(accepted=False, words="a mismatch")
ACCEPTS = "says only yes or no: accepts this correct network"
REJECTS = 'says only yes or no: rejects this correct network ("a mismatch")'
ONE = "one random projection per parameter array, cannot say which weight; "
AGAIN = ", after which it runs slow mode for its message"


@pytest.mark.parametrize(
    ("answer", "fast", "words"),
    [
        (YES, False, ACCEPTS),
        (NO, False, REJECTS),
        (YES, True, f"{ONE}{ACCEPTS}"),
        (NO, True, f"{ONE}{REJECTS}{AGAIN}"),
    ],
)
def test_what_torch_says_in_a_note(answer, fast, words):
    assert peers._words(answer, fast=fast) == words


@pytest.mark.parametrize(
    ("module", "names"),
    [
        ("scipy.optimize._numdiff", {peers.SCIPY}),
        ("torch", {peers.TORCH_SLOW, peers.TORCH_FAST, peers.TORCH_FAST_EXAMPLE}),
    ],
)
def test_a_peer_that_is_missing_takes_no_turn(module, names, monkeypatch):
    monkeypatch.setitem(sys.modules, module, None)
    case = nn_case(Sizes(batch=1, hidden=1))
    missing = [entrant for entrant in peers.peers(case, case) if entrant.turns == 0]
    assert {entrant.name for entrant in missing} == names
    for entrant in missing:
        assert module in entrant.note(None)
        assert entrant.note(None).endswith("pip install '.[bench]'")
        assert entrant.error(None) is None
