"""One kernel cache for the whole run: compiled once, and never the user's own."""

from __future__ import annotations

import atexit
import os
import shutil
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
