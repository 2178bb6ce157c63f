"""One kernel cache for the whole run: compiled once, and never the user's own."""

from __future__ import annotations

import atexit
import importlib
import os
import shutil
import sys
import tempfile

import hypothesis

# Here and not in a hook: the kernels look for their folder when they are imported, and the
# conftest.py files of the folders below do that before any hook is called.
if not os.environ.get("FASTCHECK_CACHE_DIR"):
    _folder = tempfile.mkdtemp(prefix="fastcheck-kernels-")
    os.environ["FASTCHECK_CACHE_DIR"] = _folder
    atexit.register(shutil.rmtree, _folder, ignore_errors=True)

# The first example of a property may have to compile the kernels.
hypothesis.settings.register_profile("fastcheck", deadline=None)
hypothesis.settings.load_profile("fastcheck")

# Kernels that only other kernels call are compiled without a way in from Python. The tests want
# one.
for _module in (
    importlib.import_module("fastcheck.engine.full"),
    importlib.import_module("fastcheck.engine.incremental.gradient"),
    *(module for name, module in list(sys.modules.items()) if name.startswith("fastcheck.")),
):
    for _thing in list(vars(_module).values()):
        for _option in ("no_cpython_wrapper", "no_cfunc_wrapper"):
            if isinstance(getattr(_thing, "targetoptions", None), dict):
                _thing.targetoptions.pop(_option, None)
