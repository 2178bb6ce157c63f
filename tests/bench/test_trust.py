"""The tables of ``bench.trust``, a little of each, and the networks they are made of."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice

import numpy as np
import pytest

from bench.section import Section
from bench.torch_network import autograd
from bench.trust import __main__ as command
from bench.trust import (
    checked,
    classic_step,
    cost,
    diagnosed,
    false_alarms,
    missed,
    one_weight,
    planting,
    rules,
    tightness,
    trained,
)
from bench.trust.demand import none_of, share_of
from bench.trust.extent import QUICK, Task
from bench.trust.networks import sample
from bench.trust.torch_sample import torch_sample
from fastcheck import planted

SEEDS = range(300)


@pytest.fixture(scope="module")
def samples():
    return [sample(seed) for seed in SEEDS]


def test_a_seed_gives_one_network():
    for seed in (0, 7, 123):
        one, two = sample(seed), sample(seed)
        assert one.traits == two.traits
        assert repr(one.net) == repr(two.net)
        np.testing.assert_array_equal(one.x, two.x)
        np.testing.assert_array_equal(one.t, two.t)
        for name, array in one.net.params.items():
            np.testing.assert_array_equal(array, two.net.params[name])


def test_networks_differ(samples):
    assert len({repr(one.net) for one in samples}) > 200


@pytest.mark.parametrize(
    "trait",
    [
        "float64 float32 l2 labels Relu LeakyRelu Tanh Sigmoid Softplus SoftmaxCrossEntropy",
        "ClippedSoftmaxCrossEntropy MeanSquaredError",
    ],
)
def test_words_occur(samples, trait):
    for word in trait.split():
        assert sum(word in one.traits for one in samples) >= 10


@pytest.mark.parametrize(
    "trait",
    [
        "dead units",
        "saturated units",
        "on a switch",
        "zero biases",
        "zero inputs",
        "zero rows",
        "no activation",
        "duplicated samples",
        "unit pixels",
        "raw pixels",
        "tiny weights",
        "huge weights",
        "tiny logits",
        "huge logits",
        "one-hot targets",
        "soft targets",
        "real targets",
    ],
)
def test_traits_occur(samples, trait):
    assert sum(trait in one.traits for one in samples) >= 5


def test_sizes_are_those_asked_for(samples):
    assert {one.depth for one in samples} == {1, 2, 3, 4, 5}
    assert min(len(one.x) for one in samples) == 1
    assert 100 < max(len(one.x) for one in samples) <= 200
    widths = [width for one in samples for width in (one.net.inputs, one.net.outputs)]
    assert (min(widths), max(widths)) == (1, 64)


def test_networks_are_finite(samples):
    for one in samples:
        assert np.isfinite(one.net.loss(one.x, one.t))
        assert all(np.all(np.isfinite(g)) for g in one.net.gradient(one.x, one.t).values())


def test_an_interrupted_run_goes_on(tmp_path, monkeypatch):
    extent = replace(QUICK, networks=4, beside=0)
    task = Task(extent=replace(extent, networks=2), folder=tmp_path, workers=1)
    first = false_alarms.measure(task).data["networks"]
    (path,) = tmp_path.iterdir()
    with path.open("a", encoding="utf-8") as file:
        file.write('\n["2", {"see')
    asked = []
    check = false_alarms.check
    monkeypatch.setattr(false_alarms, "check", lambda key: asked.append(key) or check(key))
    again = false_alarms.measure(replace(task, extent=extent)).data["networks"]
    assert asked == ["2", "3"]
    assert again[:2] == first
    assert [one["seed"] for one in again] == [0, 1, 2, 3]


@pytest.fixture
def few_mistakes(monkeypatch):
    some = ("loss-sign", "weights-transposed-and-reshaped", "bias-zero", "l2-missing")
    monkeypatch.setattr(planted, "MISTAKES", {name: planted.MISTAKES[name] for name in some})
    planting.mistakes_for.cache_clear()
    yield some
    planting.mistakes_for.cache_clear()


def test_planted_mistakes_get_the_first_networks_with_a_place():
    for name in planted.MISTAKES:
        seeds = list(islice(planting.suited(name, 300), 2))
        assert len(seeds) == 2
        assert seeds == sorted(set(seeds))
        assert all(planted.applicable(name, sample(seed).net) for seed in seeds)
    every = list(planting.suited("loss-sign", 60))
    assert every == list(range(60))


def test_networks_are_drawn_until_enough_show_the_mistake(monkeypatch, few_mistakes):
    def judge(key):
        name, seed = key.split(":")
        shows = name != "bias-zero" and int(seed) % 3 == 0
        return record(mistake=name, seed=int(seed), beyond=int(shows))

    monkeypatch.setattr(planting, "judge", judge)
    found = planting.cases(Task(extent=replace(QUICK, cases=2, search=30), workers=1))
    by_name = {name: [one for one in found if one["mistake"] == name] for name in few_mistakes}
    assert [one["seed"] for one in by_name["loss-sign"]] == [0, 1, 2, 3]
    assert planting.shown(by_name["l2-missing"]) == 2
    assert len(by_name["bias-zero"]) == 30  # all seeds, in vain


def test_tables_3_and_5_share_their_checks(tmp_path, few_mistakes):
    task = Task(extent=replace(QUICK, cases=2), folder=tmp_path, workers=1)
    table_3 = missed.measure(task)
    assert [row[0] for row in table_3.rows] == [*few_mistakes, "all"]
    (path,) = tmp_path.iterdir()
    before = path.read_text(encoding="utf-8")
    table_5 = diagnosed.measure(task)
    assert path.read_text(encoding="utf-8") == before
    met = {must.what: must.met for must in table_3.musts}
    assert met["mistakes missed"]
    assert not met["mistakes planted"]  # four are too few
    assert table_5.rows[-1][0] == "all"
    assert len(table_5.data["cases"]) > 0


def record(**changes):
    return {
        "mistake": "loss-sign",
        "place": "SoftmaxCrossEntropy",
        "verdict": "fail",
        "beyond": 3,
        "kinds": ["factor"],
        "same": [],
        "where": [["SoftmaxCrossEntropy"]],
        **changes,
    }


def test_what_counts_as_missed():
    assert missed.is_missed(record(verdict="pass"))
    assert missed.is_missed(record(verdict="approximate"))
    assert missed.is_missed(record(verdict="inconclusive"))
    assert not missed.is_missed(record())
    assert not missed.is_missed(record(verdict="pass", beyond=0))


def test_what_counts_as_diagnosed():
    one = record()
    assert diagnosed.is_right(one)
    assert not diagnosed.is_wrong(one)
    assert diagnosed.contains(one)
    assert diagnosed.is_alone(one)
    other = record(kinds=["transposed", "unexplained"], where=[["Relu1", "SoftmaxCrossEntropy"]])
    assert not diagnosed.is_right(other)
    assert diagnosed.other_kinds(other) == {"transposed"}
    assert diagnosed.is_wrong(other)
    assert not diagnosed.is_as_good(other)
    same = {**other, "same": ["transposed"]}
    assert not diagnosed.is_wrong(same)
    assert diagnosed.is_as_good(same)
    assert diagnosed.contains(other)
    assert not diagnosed.is_alone(other)
    assert not diagnosed.contains(record(where=[]))
    assert not diagnosed.contains(record(where=[["Relu1"], ["SoftmaxCrossEntropy"]]))


@pytest.mark.parametrize(
    "module", [false_alarms, tightness, one_weight, classic_step, trained], ids=lambda m: m.__name__
)
def test_quick_tables_meet_their_musts(module):
    section = module.measure(Task(extent=QUICK, workers=1))
    assert section.musts
    assert all(must.met for must in section.musts), list(map(str, section.musts))
    assert all(len(row) == len(section.headings) for row in section.rows)


def test_table_7_is_timed():
    section = cost.measure(Task(extent=QUICK))
    assert [row[0] for row in section.rows][:3] == list(cost.TIMED)
    assert all(must.measured > 0 for must in section.musts)


def test_another_rule_needs_few_parameters_and_notices_its_network():
    case = next(one for one in map(sample, SEEDS) if rules.is_small(one))
    found = rules.ask(str(case.seed))
    assert found["size"] == case.parameters <= rules.LARGEST
    assert found["wrong"] <= found["uncomfortable"] <= found["size"] - found["happy"]


def test_torch_has_the_same_loss_and_gradient(samples):
    for one in samples[:60]:
        if one.net.dtype != np.float64 or "on a switch" in one.traits:
            continue
        network = torch_sample(one)
        loss = network.loss(*network.parameters.values()).item()
        assert loss == pytest.approx(float(one.net.loss(one.x, one.t)), rel=1e-9, abs=1e-12)
        found = autograd(network)
        right = one.net.gradient(one.x, one.t)
        # Where the loss is saturated, what is left of p - t is rounding.
        limit = 1e-12 + 1e-9 * max(np.max(np.abs(g)) for g in right.values())
        for name, g in right.items():
            np.testing.assert_allclose(found[name], g, rtol=1e-6, atol=limit)


def test_musts_say_whether_they_are_met():
    assert str(none_of("networks that fail", 0)) == "must: networks that fail at most 0: met (0)"
    missed_one = share_of("entries inconclusive", 1, 4, 0.001)
    assert str(missed_one) == "must: entries inconclusive at most 0.1 %: MISSED (25 %)"
    assert share_of("named", 0, 0, 0.9, at_least=True).met


@pytest.fixture
def shown(monkeypatch):
    """What the command is made to measure: one table that is met, and one that is not."""
    sections = {
        number: Section(title=f"{number}.", headings=("a",), rows=(("b",),), musts=(must,))
        for number, must in ((1, none_of("x", 0)), (2, none_of("y", 1)))
    }
    monkeypatch.setattr(command, "measure", lambda number, task: sections[number])


@pytest.mark.parametrize(("table", "code"), [("1", 0), ("2", 1)])
def test_the_exit_code_tells_whether_musts_are_met(shown, table, code, tmp_path, capsys):
    assert command.main([table, "--markdown"], folder=tmp_path) == code
    assert f"**{table}.**" in capsys.readouterr().out


def test_an_unknown_table_is_refused(capsys):
    with pytest.raises(SystemExit, match="2"):
        command.main(["9"])
    assert "table=9 must be one of 1, 2, 3" in capsys.readouterr().err


def test_the_command_can_be_asked_for_one_table(tmp_path, capsys):
    assert command.main(["1", "--quick", "--networks", "3", "--workers", "1"], folder=tmp_path) == 0
    out = capsys.readouterr().out
    assert out.startswith("1. False alarms: 3 random networks that are right")
    assert "must: networks that fail, or whose check raised at most 0: met (0)" in out


@pytest.mark.parametrize(
    "seed",
    [
        1830,  # float32: the slope of a softplus that underflows, times an input of 255
        1936,  # log(p + c) of 61 equal scores: a difference through its operations one by one
    ],
)
def test_networks_that_once_failed(seed):
    found = checked.check(str(seed))
    assert found["counts"]["fail"] == found["counts"]["approximate"] == 0
