"""The README's two set-up lines, and that CI runs those very lines."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
CI = ROOT / ".ci" / "run"

TEST_LINE = (
    "python3 -m venv .venv-test"
    ' && .venv-test/bin/pip install ".[test]"'
    " && .venv-test/bin/python -m pytest"
)
RUN_LINE = "python3 -m venv .venv && .venv/bin/pip install . && .venv/bin/fastcheck run"


def sh_blocks(markdown: str) -> list[str]:
    return re.findall(r"^```sh[ \t]*\n(.*?)^```[ \t]*$", markdown, flags=re.DOTALL | re.MULTILINE)


def lines_of_ci(folder: Path, readme: str) -> subprocess.CompletedProcess[str]:
    """Run a copy of .ci/run beside another README, and let it say which lines it takes."""
    (folder / ".ci").mkdir()
    script = shutil.copy2(CI, folder / ".ci" / "run")
    (folder / "README.md").write_text(readme, encoding="utf-8")
    return subprocess.run(["bash", script, "--lines"], capture_output=True, text=True, check=False)


@pytest.mark.parametrize("line", [TEST_LINE, RUN_LINE])
def test_readme_has_each_line_once_in_a_block_of_its_own(line):
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert readme.splitlines().count(line) == 1
    assert sh_blocks(readme).count(line + "\n") == 1


def test_ci_takes_the_lines_from_the_readme():
    shown = subprocess.run(["bash", CI, "--lines"], capture_output=True, text=True, check=True)
    assert shown.stdout.splitlines() == [TEST_LINE, RUN_LINE]


def test_ci_has_no_copies_of_the_lines(tmp_path):
    # With other lines in the README, other lines are run.
    planted_test = "python3 -m venv .a && .a/bin/pip install pytest && .a/bin/python -m pytest -x"
    planted_run = "python3 -m venv .b && .b/bin/fastcheck run --hidden 3"
    done = lines_of_ci(
        tmp_path,
        f"# x\n\n```sh\n{planted_run}\n```\n\n```python\n# {TEST_LINE}\n```\n\n"
        f"Then:\n\n```sh\n{planted_test}\n```\n\n```\n{RUN_LINE}\n```\n",
    )
    assert done.stdout.splitlines() == [planted_test, planted_run]
    assert done.returncode == 0


@pytest.mark.parametrize(
    ("readme", "word", "found"),
    [
        (f"```sh\n{RUN_LINE}\n```\n", "pytest", 0),
        (f"```sh\n{TEST_LINE}\n```\n", "fastcheck run", 0),
        (f"```sh\n{TEST_LINE}\n```\n```sh\n{TEST_LINE}\n```\n", "pytest", 2),
        (f"```sh\n{TEST_LINE}\n```\n{RUN_LINE}\n", "fastcheck run", 0),
    ],
)
def test_ci_fails_unless_each_line_is_there_once(tmp_path, readme, word, found):
    done = lines_of_ci(tmp_path, readme)
    assert done.returncode != 0
    assert done.stdout == ""
    message = f'README.md must have one set-up line with "{word}" in its sh blocks, found {found}\n'
    assert done.stderr == message


def test_ci_is_executable():
    assert os.name == "nt" or os.access(CI, os.X_OK)


def test_ci_stops_at_the_first_failing_step(tmp_path):
    (tmp_path / ".ci").mkdir()
    script = shutil.copy2(CI, tmp_path / ".ci" / "run")
    failing = "python3 -m venv --help > /dev/null && false && echo pytest"
    (tmp_path / "README.md").write_text(
        f"```sh\n{failing}\n```\n```sh\npython3 -m venv --help && fastcheck run\n```\n",
        encoding="utf-8",
    )
    done = subprocess.run(["bash", script], capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "=== Tests, by the README's line" in done.stdout
    assert "=== Tools" not in done.stdout
