"""Following the samples through a program."""

from __future__ import annotations

import numpy as np
import pytest

import fastcheck
from fastcheck import data, nn
from fastcheck.engine.samples import Kind, sample_blocks, separable


class Written:
    """A loss of one parameter over a batch of four samples."""

    def __init__(self, loss, shape=(3, 2)):
        self.params = {"w": np.random.default_rng(0).uniform(0.5, 1.0, shape)}
        self._loss = loss

    def loss(self, x, t):
        return self._loss(self.params["w"], x)


X = np.random.default_rng(1).uniform(0.5, 1.0, (4, 3))


def followed(loss, x=X, **options):
    program = fastcheck.record(Written(loss, **options), x, None)
    blocks = sample_blocks(program)
    moving = set(program.parameters.values()) | {item.output for item in program.operations}
    kinds = [blocks[item.output].kind for item in program.operations]
    return program, blocks, kinds, separable(blocks, program, moving)


def test_a_dense_layer_keeps_its_rows_apart_until_the_sum():
    program, blocks, kinds, apart = followed(lambda w, x: np.tanh(x @ w).sum())
    assert kinds == [Kind.SAMPLE, Kind.SAMPLE, Kind.TOTAL]
    assert apart
    block = blocks[program.operations[0].output]
    assert (block.first.tolist(), block.stride) == ([0, 1], 2)


def test_samples_in_columns():
    program, blocks, kinds, apart = followed(lambda w, x: np.exp(w @ x.T).sum(), shape=(2, 3))
    assert kinds[-3:] == [Kind.SAMPLE, Kind.SAMPLE, Kind.TOTAL]
    block = blocks[program.operations[-2].output]
    assert (block.first.tolist(), block.stride) == ([0, 4], 1)
    assert apart


def test_what_hangs_on_the_parameter_alone_is_shared():
    _, _, kinds, apart = followed(lambda w, x: (x @ w).sum() + 0.5 * (w**2).sum())
    assert kinds == [Kind.SAMPLE, Kind.TOTAL, Kind.SHARED, Kind.SHARED, Kind.SHARED, Kind.TOTAL]
    assert apart


@pytest.mark.parametrize(
    "loss",
    [
        lambda w, x: np.tanh(x @ w - (x @ w).mean(axis=0)).sum(),
        lambda w, x: np.max(x @ w),
        lambda w, x: (np.tanh(x @ w)[1:] * np.tanh(x @ w)[:-1]).sum(),
        lambda w, x: ((x @ w) @ (x @ w).T).sum(),
    ],
)
def test_samples_that_meet_before_the_sum_are_not_taken_apart(loss):
    _, _, kinds, apart = followed(loss)
    assert Kind.TOTAL in kinds[:-1] or not apart
    assert not apart


def test_once_joined_always_joined():
    # The mean moves every row again, though each row draws on its own sample otherwise.
    _, _, kinds, _ = followed(lambda w, x: np.sum(x * np.mean(x @ w)))
    assert kinds[-2:] == [Kind.TOTAL, Kind.TOTAL]


def test_a_row_that_is_no_sample_is_not_regular():
    def loss(w, x):
        return np.sum(np.concatenate([x @ w, w]) ** 2)

    _, _, kinds, apart = followed(loss)
    assert Kind.TOTAL in kinds
    assert not apart


def test_a_batch_of_one_is_one_block():
    _, blocks, kinds, apart = followed(lambda w, x: np.tanh(x @ w).sum(), x=X[:1])
    assert kinds == [Kind.SAMPLE] * 3
    assert apart
    assert all(block.stride == 0 for block in blocks.values())


@pytest.mark.parametrize("targets", ["one-hot", "labels"])
def test_the_classic_network(targets):
    net = nn.TwoLayerNet(784, 5, 10)
    x, t = data.mnist(6)
    program = fastcheck.record(net, x, t if targets == "one-hot" else t.argmax(axis=1))
    blocks = sample_blocks(program)
    moving = {item.output for item in program.operations}
    assert separable(blocks, program, moving)
    hidden = next(item for item in program.operations if item.primitive.name == "maximum")
    block = blocks[hidden.output]
    assert (block.kind, block.stride) == (Kind.SAMPLE, 5)
    assert blocks[program.output].kind is Kind.TOTAL
