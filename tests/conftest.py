"""One kernel cache for the whole run: compiled once, and never the user's own."""

from __future__ import annotations

import os
import shutil
import tempfile

import hypothesis
import pytest

# The first example of a property may have to compile the kernels.
hypothesis.settings.register_profile("fastcheck", deadline=None)
hypothesis.settings.load_profile("fastcheck")


def pytest_configure(config: pytest.Config) -> None:
    # Before any test module is imported: the kernels look for their folder when they are.
    if not os.environ.get("FASTCHECK_CACHE_DIR"):
        folder = tempfile.mkdtemp(prefix="fastcheck-kernels-")
        os.environ["FASTCHECK_CACHE_DIR"] = folder
        config.add_cleanup(lambda: shutil.rmtree(folder, ignore_errors=True))
