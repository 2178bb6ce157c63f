import importlib.metadata
import os
import shutil
import subprocess
import sys
from pathlib import Path

import llvmlite
import numba
import numpy as np
import pytest

import fastcheck
from fastcheck import data, nn
from fastcheck.engine.kernels.differences import central_differences
from fastcheck.engine.kernels.propagate import propagate
from fastcheck.primitives import cache
from fastcheck.primitives.cache import (
    KERNEL_FOLDERS,
    cache_folder,
    cache_note,
    cache_root,
    cpu_name,
    folder_or_problem,
    kernel_hash,
)

PACKAGE = Path(fastcheck.__file__).parent


@pytest.fixture(autouse=True)
def no_problems():
    """What goes wrong in these tests is not told to the user of a later one."""
    before = cache.problems[:]
    cache.problems.clear()
    yield
    cache.problems[:] = before


@pytest.fixture
def copied(tmp_path):
    """The kernel folders somewhere else."""
    folders = []
    for folder in KERNEL_FOLDERS:
        folders.append(tmp_path / folder.name)
        shutil.copytree(folder, folders[-1])
    return tuple(folders)


def test_the_hash_is_that_of_the_sources_wherever_they_lie(copied):
    assert kernel_hash(copied) == kernel_hash()
    assert len(kernel_hash()) == 16
    int(kernel_hash(), 16)


def test_every_kernel_source_counts():
    # Whoever imports the decorators is in one of the folders.
    with_kernels = {
        path.parent
        for path in PACKAGE.rglob("*.py")
        if "fastcheck.primitives.jit import" in path.read_text(encoding="utf-8")
    }
    assert with_kernels == set(KERNEL_FOLDERS)


def test_any_edit_changes_the_hash(copied):
    seen = {kernel_hash(copied)}
    for folder in copied:
        for path in sorted(folder.glob("*.py")):
            path.write_bytes(path.read_bytes() + b"\n")
            seen.add(kernel_hash(copied))
    assert len(seen) == 1 + sum(len(list(folder.glob("*.py"))) for folder in copied)


def test_a_new_name_or_a_new_file_changes_the_hash(copied):
    before = kernel_hash(copied)
    (copied[0] / "smooth.py").rename(copied[0] / "smoother.py")
    renamed = kernel_hash(copied)
    (copied[1] / "novelty.py").touch()
    added = kernel_hash(copied)
    (copied[1] / "novelty.py").unlink()
    assert len({before, renamed, added}) == 3
    assert kernel_hash(copied) == renamed


def test_what_is_no_source_does_not(copied):
    before = kernel_hash(copied)
    (copied[0] / "notes.txt").write_text("a file of an editor")
    (copied[0] / "__pycache__").mkdir(exist_ok=True)
    (copied[0] / "__pycache__" / "smooth.pyc").write_bytes(b"compiled")
    assert kernel_hash(copied) == before


@pytest.mark.parametrize("module", [numba, np, llvmlite], ids=lambda module: module.__name__)
def test_another_version_changes_the_hash(monkeypatch, module):
    before = kernel_hash()
    monkeypatch.setattr(module, "__version__", module.__version__ + "1")
    assert kernel_hash() != before


def test_another_python_changes_the_hash(monkeypatch):
    before = kernel_hash()
    monkeypatch.setattr("platform.python_version", lambda: "3.99.0")
    assert kernel_hash() != before


VARIABLES = ("FASTCHECK_CACHE_DIR", "NUMBA_CACHE_DIR", "LOCALAPPDATA", "XDG_CACHE_HOME")


@pytest.mark.parametrize(
    ("system", "given", "expected"),
    [
        # fastcheck's own variable before Numba's, and that before the system's custom.
        ("linux", VARIABLES, "FASTCHECK_CACHE_DIR"),
        ("win32", VARIABLES, "FASTCHECK_CACHE_DIR"),
        ("darwin", VARIABLES, "FASTCHECK_CACHE_DIR"),
        ("linux", VARIABLES[1:], "NUMBA_CACHE_DIR/fastcheck"),
        ("win32", VARIABLES[1:], "NUMBA_CACHE_DIR/fastcheck"),
        ("darwin", VARIABLES[1:], "NUMBA_CACHE_DIR/fastcheck"),
        ("linux", VARIABLES[2:], "XDG_CACHE_HOME/fastcheck"),
        ("freebsd14", VARIABLES[2:], "XDG_CACHE_HOME/fastcheck"),
        ("win32", VARIABLES[2:], "LOCALAPPDATA/fastcheck"),
        ("darwin", VARIABLES[2:], "home/Library/Caches/fastcheck"),
        ("linux", (), "home/.cache/fastcheck"),
        ("win32", (), "home/AppData/Local/fastcheck"),
        ("darwin", (), "home/Library/Caches/fastcheck"),
    ],
)
def test_who_decides_where_the_caches_lie(monkeypatch, system, given, expected):
    for variable in VARIABLES:
        monkeypatch.delenv(variable, raising=False)
    for variable in given:
        monkeypatch.setenv(variable, variable)
    monkeypatch.setattr(sys, "platform", system)
    monkeypatch.setattr(Path, "home", lambda: Path("home"))
    assert cache_root() == Path(expected)


def test_a_variable_set_to_nothing_is_not_set(monkeypatch):
    for variable in VARIABLES:
        monkeypatch.setenv(variable, "")
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(Path, "home", lambda: Path("home"))
    assert cache_root() == Path("home/.cache/fastcheck")


def test_the_folder_is_made_and_bears_the_hash(monkeypatch, tmp_path):
    monkeypatch.setenv("FASTCHECK_CACHE_DIR", str(tmp_path / "not" / "yet"))
    folder = cache_folder()
    assert folder == tmp_path / "not" / "yet" / kernel_hash()
    assert list(folder.iterdir()) == []
    assert cache_folder() == folder


def test_where_nothing_can_be_written_there_is_no_folder(monkeypatch, tmp_path):
    # A mode without write permission would not stop root.
    (tmp_path / "file").touch()
    monkeypatch.setenv("FASTCHECK_CACHE_DIR", str(tmp_path / "file" / "caches"))
    assert cache_folder() is None
    folder = tmp_path / "file" / "caches" / kernel_hash()
    assert folder_or_problem()[1] == (
        f"the cache folder {folder} cannot be written (Not a directory)"
    )
    # Asking is not using: only kernels that were to be kept there say so in reports.
    assert cache_note() is None


def test_a_folder_that_cannot_be_written_to_is_none(monkeypatch, tmp_path):
    monkeypatch.setenv("FASTCHECK_CACHE_DIR", str(tmp_path))
    monkeypatch.setattr("tempfile.TemporaryFile", _refuse)
    assert cache_folder() is None
    assert folder_or_problem()[1].endswith("cannot be written (Permission denied)")


def _refuse(**_):
    raise PermissionError(13, "Permission denied")


# The interpreter with one family only, since that compiles in a second or two.
SMALL = """
from fastcheck.primitives import arithmetic, linear, losses, piecewise, reductions, smooth
from fastcheck.primitives.jit import kernel

@kernel
def nothing(*arguments):
    pass

for family in (arithmetic, linear, losses, piecewise, reductions, smooth):
    family.run = nothing
"""
GRADIENT_OF_AN_ELEMENT = """
import fastcheck, numpy
from fastcheck.engine.full import full_gradient
from fastcheck.engine.kernels.differences import central_differences
from fastcheck.primitives.cache import cache_note
from fastcheck.recording import record

class Model:
    params = {"w": numpy.array([2.0, 3.0, 4.0])}
    def loss(self, x, t):
        return self.params["w"][1]

program = record(Model(), numpy.zeros(1), numpy.zeros(1))
gradient = full_gradient(program, names=["w"], threads=2).parameters["w"].central.tolist()
stats = central_differences.stats
loaded, compiled = sum(stats.cache_hits.values()), sum(stats.cache_misses.values())
"""
INCREMENTAL = (
    GRADIENT_OF_AN_ELEMENT.replace("engine.full", "engine.incremental.gradient")
    .replace("full_gradient", "incremental_gradient")
    .replace("kernels.differences", "kernels.propagate")
    .replace("central_differences", "propagate")
)


def run_python(source, folder, **environment):
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", source],
        cwd=folder,  # which is where Python looks for modules first
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def test_a_kernel_edited_is_a_kernel_compiled_anew(tmp_path):
    """The whole way: run, edit a kernel that another file's kernel calls, run again."""
    shutil.copytree(
        PACKAGE, tmp_path / "fastcheck", ignore=shutil.ignore_patterns("__pycache__", "mnist")
    )
    structure = tmp_path / "fastcheck" / "primitives" / "structure.py"
    original = structure.read_text(encoding="utf-8")
    edited = original.replace("out[i] = a[index[i]]\n", "out[i] = 5.0 * a[index[i]]\n")
    assert edited != original

    def run(source):
        structure.write_text(source, encoding="utf-8")
        path, *rest = run_python(
            SMALL
            + GRADIENT_OF_AN_ELEMENT
            + "print(fastcheck.__file__, gradient[1], loaded, compiled)",
            tmp_path,
            PYTHONDONTWRITEBYTECODE="1",
            FASTCHECK_CACHE_DIR=str(tmp_path / "cache"),
        )
        assert Path(path).parent == tmp_path / "fastcheck"
        return rest

    assert run(original) == ["1.0", "0", "1"]
    assert run(edited) == ["5.0", "0", "1"]
    assert len(list((tmp_path / "cache").iterdir())) == 2


def test_a_damaged_file_is_compiled_anew_and_written_again(tmp_path):
    def run():
        return run_python(
            SMALL + GRADIENT_OF_AN_ELEMENT + "print(loaded, compiled, gradient[1])",
            tmp_path,
            FASTCHECK_CACHE_DIR=str(tmp_path / "cache"),
        )

    assert run() == ["0", "1", "1.0"]
    for path in (tmp_path / "cache").rglob("*.nbc"):
        path.write_bytes(path.read_bytes()[:500])
    assert run()[1:] == ["1", "1.0"]
    assert run() == ["1", "0", "1.0"]


def test_without_a_folder_the_engine_compiles_in_memory(tmp_path):
    (tmp_path / "file").touch()
    output = run_python(
        SMALL + GRADIENT_OF_AN_ELEMENT + "print(stats.cache_path, *gradient, cache_note())",
        tmp_path,
        FASTCHECK_CACHE_DIR=str(tmp_path / "file" / "caches"),
    )
    assert output[:4] == ["None", "0.0", "1.0", "0.0"]
    assert " ".join(output[4:]).startswith("kernels are compiled in memory")


@pytest.mark.parametrize("kernel", [central_differences, propagate])
def test_these_tests_leave_the_users_own_cache_alone(kernel):
    used = Path(kernel.stats.cache_path).resolve()
    assert Path(os.environ["FASTCHECK_CACHE_DIR"]).resolve() in used.parents


def test_a_second_process_loads_what_the_first_compiled(apply, tmp_path):
    apply("add", 1.0, 2.0)  # this process has compiled the kernels, or has found them
    output = run_python(GRADIENT_OF_AN_ELEMENT + "print(loaded, compiled, *gradient)", tmp_path)
    assert output == ["1", "0", "0.0", "1.0", "0.0"]


def test_a_second_process_loads_the_incremental_kernel_too(tmp_path):
    net = nn.TwoLayerNet(784, 2, 10)
    fastcheck.numerical_gradient(net, *data.mnist(2), params="b2")  # as above
    output = run_python(INCREMENTAL + "print(loaded, compiled, *gradient)", tmp_path)
    assert output == ["1", "0", "0.0", "1.0", "0.0"]


def test_what_of_the_incremental_kernels_is_damaged_is_compiled_anew(tmp_path):
    def run(folder):
        return run_python(
            INCREMENTAL + "print(loaded, compiled, *gradient)",
            tmp_path,
            FASTCHECK_CACHE_DIR=str(folder),
        )

    run(Path(os.environ["FASTCHECK_CACHE_DIR"]))
    # All of them: a package that is installed and its source have a folder each.
    used = Path(propagate.stats.cache_path).parent
    assert used.name == kernel_hash()
    copy = tmp_path / "cache" / used.name
    shutil.copytree(used, copy)
    assert run(tmp_path / "cache") == ["1", "0", "0.0", "1.0", "0.0"]
    for damaged in copy.glob("*/propagate.*.nbc"):
        damaged.write_bytes(damaged.read_bytes()[:500])
    assert run(tmp_path / "cache") == ["0", "1", "0.0", "1.0", "0.0"]
    assert run(tmp_path / "cache") == ["1", "0", "0.0", "1.0", "0.0"]


def test_without_a_folder_the_incremental_kernel_is_compiled_in_memory(tmp_path):
    (tmp_path / "file").touch()
    output = run_python(
        INCREMENTAL + "print(stats.cache_path, *gradient, cache_note())",
        tmp_path,
        FASTCHECK_CACHE_DIR=str(tmp_path / "file" / "caches"),
    )
    assert output[:4] == ["None", "0.0", "1.0", "0.0"]
    assert " ".join(output[4:]).startswith("kernels are compiled in memory")


def test_other_peoples_numba_caches_stay_where_they_are(tmp_path):
    output = run_python(
        "import numba; before = numba.config.CACHE_DIR\n"
        "import fastcheck.engine.full\n"
        "print(before == numba.config.CACHE_DIR, repr(before))",
        tmp_path,
        NUMBA_CACHE_DIR="elsewhere",
    )
    assert output == ["True", "'elsewhere'"]


def test_the_processor_has_a_name():
    assert cpu_name()
    assert "\n" not in cpu_name()


def test_llvmlite_is_installed_with_numba_so_its_version_is_known():
    # The hash reads it, though only Numba depends on it.
    requirements = importlib.metadata.requires("numba")
    assert any(requirement.startswith("llvmlite") for requirement in requirements)
