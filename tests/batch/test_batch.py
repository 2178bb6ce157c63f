"""``fastcheck batch``: whole files of jobs."""

from __future__ import annotations

import json

import pytest

from fastcheck.batch import Job, load_jobs, run_jobs
from fastcheck.cli import batch as command
from fastcheck.cli import main
from fastcheck.cli.exits import BAD_USAGE, FAILED, INCONCLUSIVE, INTERRUPTED, PASSED
from fastcheck.errors import InvalidArgument

USERS = """
from fastcheck import data, nn


def good():
    net = nn.TwoLayerNet(784, 3, 10, seed=2)
    return net, *data.mnist(4)


def planted():
    net, x, t = good()
    correct = net.gradient

    def wrong(x, t):
        gradient = correct(x, t)
        gradient["W2"] = -gradient["W2"]
        return gradient

    net.gradient = wrong
    return net, x, t


def raising():
    raise RuntimeError("the disk is gone")
"""

SMALL = """
[defaults]
hidden = 3
batch = 4
threads = 2
params = ["b1", "W2", "b2"]
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    (tmp_path / "users.py").write_text(USERS, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def written(folder, text):
    path = folder / "JOBS.toml"
    path.write_text(text, encoding="utf-8")
    return str(path)


def twenty_jobs():
    jobs = [f'[[job]]\nname = "run {seed}"\nseed = {seed}\n' for seed in range(10)]
    jobs += [f'[[job]]\nname = "mine {n}"\ncheck = "users.py:good"\n' for n in range(8)]
    jobs.insert(5, '[[job]]\nname = "raises"\ncheck = "users.py:raising"\n')
    jobs.insert(9, '[[job]]\nname = "planted"\ncheck = "users.py:planted"\n')
    return SMALL + "\n".join(jobs)


def test_twenty_jobs_one_raises_and_one_is_wrong(folder, capsys):
    out = folder / "out.jsonl"
    assert main(["batch", written(folder, twenty_jobs()), "--json", str(out)]) == FAILED
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 21
    assert lines[-1] == "20 jobs: 18 pass, 1 error, 1 fail"
    assert lines[5].startswith("error ")
    assert "raises" in lines[5]
    assert "RuntimeError: the disk is gone" in lines[5]
    assert "users.py:" in lines[5]
    assert lines[9].startswith("fail ")
    assert "planted" in lines[9]
    assert "worst W2[" in lines[9]
    content = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    assert len(content) == 20
    assert [item["verdict"] for item in content].count("pass") == 18
    assert {item["schema"] for item in content} == {"fastcheck.job/1"}
    assert content[5]["report"] is None
    assert content[9]["report"]["params"]["W2"]["verdict"] == "fail"
    assert list(content[0]["report"]["params"]) == ["b1", "W2", "b2"]
    assert content[0]["report"]["threads"] == 2


def test_all_mistakes_at_once_and_nothing_runs(folder, capsys, monkeypatch):
    monkeypatch.setattr(command, "run_jobs", lambda *args: pytest.fail("something ran"))
    text = """
    [[job]]
    engine = "ful"

    [[job]]
    name = "second"
    hiden = 5

    [[job]]
    batch = 0
    """
    out = folder / "out.jsonl"
    assert main(["batch", written(folder, text), "--json", str(out)]) == BAD_USAGE
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "JOBS.toml: 3 mistakes, nothing was run" in captured.err
    assert "job 1: engine='ful' is unknown; choose from 'auto'" in captured.err
    assert "did you mean 'full'" in captured.err
    assert "job 2 (second): option='hiden' is unknown" in captured.err
    assert "did you mean 'hidden'" in captured.err
    assert "job 3: batch=0 must be >= 1" in captured.err
    assert not out.exists()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[[job]]\nname = ", r"JOBS.toml: is no TOML: Invalid value .*; mend the file"),
        ("", "job: there is none"),
        ("job = 3", "job: there is none"),
        ("job = [3]", r"job 1: must be a table"),
        ("[[jobs]]\n[[job]]", "table='jobs' is unknown"),
        ("[defaults]\nspeed = 1\n[[job]]", "defaults: option='speed' is unknown"),
        ("[[job]]\nhidden = 2.5", "job 1: hidden=2.5 must be of type integer"),
        ("[[job]]\nsizes = [4, 0]", "job 1: sizes.1=0 must be >= 1"),
        ("[[job]]\nsizes = []", "job 1: sizes=.* breaks a rule"),
        ("[[job]]\nstep = 0", "job 1: step=0 must be > 0"),
        ("[[job]]\nrtol = 0.0", "job 1: rtol=0.0 must be > 0; leave it out for the default"),
        ("[[job]]\nrtol = '1'", "job 1: rtol='1' must be of type number"),
        ("[[job]]\nstrict = 1", "job 1: strict=1 must be of type boolean"),
        (
            '[[job]]\nscheme = "foreward"',
            r"job 1: scheme='foreward' is unknown; choose from 'central'.*did you mean 'forward'",
        ),
        ("[[job]]\nscheme = 4", "job 1: scheme=4 "),
        ('[[job]]\ncheck = "nocolon"', "check='nocolon' must be package.module:callable"),
        ('[[job]]\ncheck = "a:b"\nhidden = 3', "option='hidden' is unknown"),
        ('[[job]]\nname = "a"\n[[job]]\nname = "a"', "job 2 .a.: name='a' is job 1's already"),
        ("defaults = 3\n[[job]]", "defaults=3 must be of type object"),
    ],
)
def test_bad_files(folder, text, message):
    with pytest.raises(InvalidArgument, match=message):
        load_jobs(written(folder, text))


def test_a_missing_file_and_an_unwritable_json_path(folder, capsys):
    assert main(["batch", "nothing.toml"]) == BAD_USAGE
    assert "jobs='nothing.toml' cannot be read" in capsys.readouterr().err
    jobs = written(folder, SMALL + "[[job]]\n")
    assert main(["batch", jobs, "--json", "/nonexistent/x"]) == BAD_USAGE
    assert "json='/nonexistent/x' cannot be written" in capsys.readouterr().err


def test_defaults_reach_only_jobs_that_have_the_option(folder):
    run, check = load_jobs(written(folder, SMALL + '[[job]]\n[[job]]\ncheck = "users.py:good"\n'))
    assert (run.name, run.target, run.options["hidden"]) == ("job 1", None, 3)
    assert (run.options["engine"], run.options["l2"]) == ("auto", 0.0)
    assert (check.name, check.target) == ("job 2", "users.py:good")
    assert check.options["params"] == ["b1", "W2", "b2"]
    assert "hidden" not in check.options


def test_the_scheme_of_a_job(folder):
    text = SMALL.replace("hidden", "scheme = 'forward'\nhidden") + (
        "[[job]]\n[[job]]\nscheme = 'central4'\n"
        '[[job]]\ncheck = "users.py:good"\nscheme = "backward"\n[[job]]\nengine = "full"\n'
    )
    *outcomes, refused = run_jobs(load_jobs(written(folder, text)))
    assert [outcome.verdict for outcome in outcomes] == ["pass"] * 3
    schemes = [outcome.to_dict()["report"]["scheme"] for outcome in outcomes]
    assert schemes == ["forward", "central4", "backward"]
    # Only the engine can tell: the two options are right by themselves.
    assert "scheme='forward' is not for engine='full'" in refused.error


def test_rtol_and_strict_of_a_job(folder):
    text = SMALL.replace("hidden", "loss = 'clipped-classic'\nhidden", 1) + (
        "[[job]]\n[[job]]\nstrict = true\n[[job]]\nrtol = 1e-12\n"
        '[[job]]\ncheck = "users.py:good"\nrtol = 1\nstrict = false\n'
    )
    jobs = load_jobs(written(folder, text))
    assert [(job.options["rtol"], job.options["strict"]) for job in jobs] == [
        (None, False),
        (None, True),
        (1e-12, False),
        (1, False),
    ]
    outcomes = list(run_jobs(jobs))
    assert [outcome.verdict for outcome in outcomes] == ["approximate", "fail", "fail", "pass"]


def test_a_line_tells_the_gravest_finding(folder):
    (folder / "users.py").write_text(
        USERS.replace('-gradient["W2"]', 'gradient["W2"][:1]'), encoding="utf-8"
    )
    text = SMALL + '[[job]]\ncheck = "users.py:planted"\n'
    (outcome,) = run_jobs(load_jobs(written(folder, text)))
    assert outcome.verdict == "fail"
    assert outcome.summary.count("; ") >= 1
    assert "W2" in outcome.summary


def test_progress_and_quiet(folder, capsys):
    text = SMALL + '[[job]]\n[[job]]\nname = "b"\n'
    seen = []
    outcomes = list(run_jobs(load_jobs(written(folder, text)), lambda *now: seen.append(now)))
    assert seen == [(1, 2), (2, 2)]
    assert [outcome.verdict for outcome in outcomes] == ["pass", "pass"]
    assert main(["batch", written(folder, text), "--quiet"]) == PASSED
    assert capsys.readouterr().out == ""


def test_bad_values_that_only_the_run_can_find_are_failed_jobs(folder):
    jobs = load_jobs(written(folder, SMALL + "[[job]]\noffset = 999\n"))
    (outcome,) = run_jobs(jobs)
    assert outcome.verdict == "error"
    assert "InvalidArgument" in outcome.summary


def test_inconclusive_and_interrupted(folder, monkeypatch):
    text = SMALL + "[[job]]\nengine = 'full'\nstep = 1e-12\nparams = ['b1']\n[[job]]\n"
    assert main(["batch", written(folder, text), "--quiet"]) == INCONCLUSIVE

    def interrupted(*args, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr("fastcheck.batch.runner.gradcheck", interrupted)
    assert main(["batch", written(folder, text), "--quiet"]) == INTERRUPTED


def test_a_job_is_plain_data():
    assert Job("a", None, {"hidden": 3}) == Job("a", None, {"hidden": 3})


def test_two_folders_may_each_have_their_own_module(folder):
    for name, factor in [("alice", 1.0), ("bob", 2.0)]:
        (folder / name).mkdir()
        (folder / name / "layers.py").write_text(f"FACTOR = {factor}\n", encoding="utf-8")
        (folder / name / "net.py").write_text(
            USERS.replace("def good():", "from layers import FACTOR\n\n\ndef good():").replace(
                'gradient["W2"] = -gradient["W2"]', 'gradient["W2"] = FACTOR * gradient["W2"]'
            ),
            encoding="utf-8",
        )
    text = "\n".join(
        f"[[job]]\ncheck = '{folder}/{name}/net.py:planted'\nparams = ['W2']"
        for name in ("alice", "bob", "alice/../alice")
    )
    outcomes = list(run_jobs(load_jobs(written(folder, text))))
    assert [outcome.verdict for outcome in outcomes] == ["pass", "fail", "pass"]


def test_a_job_that_leaves_the_program_is_a_failed_job(folder):
    (folder / "users.py").write_text("import sys\nsys.exit(0)\n", encoding="utf-8")
    text = SMALL + '[[job]]\ncheck = "users.py:good"\n[[job]]\n'
    outcomes = list(run_jobs(load_jobs(written(folder, text))))
    assert [outcome.verdict for outcome in outcomes] == ["error", "pass"]
