"""The built wheel and sdist hold what they should, and the wheel works where no checkout is."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

# What the two distributions are made of; the build runs on a copy, so the checkout stays clean.
SOURCES = [
    ".ci",
    ".gitignore",
    ".pre-commit-config.yaml",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "LICENSE",
    "NOTICE",
    "README.md",
    "bench",
    "examples",
    "fastcheck",
    "pyproject.toml",
    "tests",
]


def run(*arguments: str | Path, cwd: Path, env: dict[str, str] | None = None) -> str:
    """Run a command and return its standard output; a failure shows all that it printed."""
    done = subprocess.run(arguments, cwd=cwd, env=env, capture_output=True, text=True, check=False)
    shown = f"{' '.join(map(str, arguments))}\n{done.stdout}\n{done.stderr}"
    assert done.returncode == 0, shown
    return done.stdout


@pytest.fixture(scope="module")
def distributions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder with one wheel, built from the sdist, and that sdist."""
    folder = tmp_path_factory.mktemp("packaging")
    source = folder / "source"
    source.mkdir()
    for name in SOURCES:
        if (ROOT / name).is_dir():
            ignored = shutil.ignore_patterns("__pycache__", ".*_cache")
            shutil.copytree(ROOT / name, source / name, ignore=ignored)
        else:
            shutil.copy2(ROOT / name, source / name)
    # Without a format named, build makes the wheel out of the sdist: this proves both at once.
    run(
        *(sys.executable, "-m", "build", "--no-isolation", "--outdir", folder / "dist"),
        source,
        cwd=folder,
    )
    return folder / "dist"


@pytest.fixture(scope="module")
def installed(distributions: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder into which only the wheel is installed."""
    target = tmp_path_factory.mktemp("installed")
    (wheel,) = distributions.glob("*.whl")
    pip = (sys.executable, "-m", "pip", "--disable-pip-version-check", "install", "--no-index")
    run(*pip, "--no-deps", "--target", target, wheel, cwd=target)
    return target


@pytest.fixture
def environment(installed: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Return an environment that imports the wheel; compiled kernels are shared if so set."""
    cache = os.environ.get("FASTCHECK_CACHE_DIR") or str(tmp_path_factory.mktemp("kernels"))
    return {**os.environ, "PYTHONPATH": str(installed), "FASTCHECK_CACHE_DIR": cache}


def tracked_like(folder: str, pattern: str) -> set[str]:
    return {path.relative_to(ROOT).as_posix() for path in (ROOT / folder).rglob(pattern)}


def test_one_wheel_for_every_platform_and_one_sdist(distributions):
    names = {path.name for path in distributions.iterdir()}
    assert names == {"fastcheck-0.1.0-py3-none-any.whl", "fastcheck-0.1.0.tar.gz"}


def test_wheel_contents(distributions):
    (path,) = distributions.glob("*.whl")
    with zipfile.ZipFile(path) as wheel:
        names = set(wheel.namelist())
        metadata = wheel.read("fastcheck-0.1.0.dist-info/METADATA").decode()
        entry_points = wheel.read("fastcheck-0.1.0.dist-info/entry_points.txt").decode()
    assert tracked_like("fastcheck", "*.py") <= names
    digits = tracked_like("fastcheck/data/mnist", "*.gz")
    assert len(digits) >= 2  # images and labels
    assert digits <= names
    assert "fastcheck/data/mnist/ORIGIN.md" in names
    assert "fastcheck/py.typed" in names
    assert "fastcheck-0.1.0.dist-info/licenses/LICENSE" in names
    assert "fastcheck-0.1.0.dist-info/licenses/NOTICE" in names
    assert {name.split("/")[0] for name in names} == {"fastcheck", "fastcheck-0.1.0.dist-info"}
    assert not any("__pycache__" in name for name in names)
    assert "fastcheck = fastcheck.__main__:run" in entry_points
    assert "Requires-Python: >=3.10" in metadata


def test_sdist_contents(distributions):
    (path,) = distributions.glob("*.tar.gz")
    with tarfile.open(path) as sdist:
        members = {member.name.partition("/")[2]: member for member in sdist.getmembers()}
    names = set(members)
    for folder in ("fastcheck", "tests", "bench", "examples"):
        assert tracked_like(folder, "*.py") <= names
    assert tracked_like("fastcheck/data/mnist", "*.gz") <= names
    assert {
        ".ci/run",
        "CHANGELOG.md",
        "CONTRIBUTING.md",
        "LICENSE",
        "NOTICE",
        "README.md",
        "fastcheck/py.typed",
        "pyproject.toml",
        "tests/test_packaging.py",
    } <= names
    assert members[".ci/run"].mode & 0o100
    assert not any("__pycache__" in name for name in names)


def test_installed_wheel_checks_the_classic_network(installed, environment, tmp_path):
    # Elsewhere than the checkout: `-c` and `-m` put the working directory first on the path.
    where = run(
        sys.executable,
        *("-c", "import fastcheck; print(fastcheck.__file__)"),
        cwd=tmp_path,
        env=environment,
    )
    assert Path(where.strip()).is_relative_to(installed)
    options = ("--hidden", "5", "--batch", "10", "--params", "b2")
    shown = run(sys.executable, "-m", "fastcheck", "run", *options, cwd=tmp_path, env=environment)
    assert "b2" in shown
