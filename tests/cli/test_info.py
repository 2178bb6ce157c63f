"""``fastcheck info``."""

from __future__ import annotations

import numba
import numpy as np

from fastcheck.cli import main
from fastcheck.cli.exits import PASSED
from fastcheck.primitives.cache import cache_folder
from fastcheck.version import __version__


def test_it_tells_what_a_bug_report_needs(capsys):
    assert main(["info"]) == PASSED
    out = capsys.readouterr().out
    rows = {line.split("  ")[0].strip(): line for line in out.splitlines()}
    assert __version__ in rows["fastcheck"]
    assert np.__version__ in rows["numpy"]
    assert numba.__version__ in rows["numba"]
    assert "usable by this process" in rows["threads"]
    assert str(cache_folder()) in out
    assert {"Python", "torch", "BLAS", "CPU", "cache folder"} <= rows.keys()


def test_without_a_cache_folder_and_without_torch(capsys, monkeypatch, tmp_path):
    plain_file = tmp_path / "file"
    plain_file.write_text("", encoding="utf-8")
    monkeypatch.setenv("FASTCHECK_CACHE_DIR", str(plain_file / "below"))
    monkeypatch.setattr("fastcheck.cli.info._PACKAGES", ("numpy", "no-such-package"))
    assert main(["info"]) == PASSED
    out = capsys.readouterr().out
    assert "kernels are compiled in memory" in out
    assert "not installed" in out
