"""Which code is not the user's: following it leads into the whole interpreter."""

from __future__ import annotations

import functools
import sys
import sysconfig
from pathlib import Path

_PACKAGES = frozenset(
    {
        "IPython",
        "_pytest",
        "builtins",
        "dask",
        "ipykernel",
        "jax",
        "jaxlib",
        "llvmlite",
        "matplotlib",
        "numba",
        "numpy",
        "pandas",
        "pluggy",
        "pytest",
        "rich",
        "scipy",
        "sklearn",
        "tensorflow",
        "torch",
        "torchvision",
        "tqdm",
    }
)


@functools.cache
def _standard_folder() -> str:
    return str(Path(sysconfig.get_path("stdlib")).resolve())


def is_foreign(module: object) -> bool:
    """Tell whether the module of that name is the interpreter's, a known library's or our own.

    What compiled code gives for ``__module__`` may be no name at all; it is not the user's.
    """
    if module is not None and not isinstance(module, str):
        return True
    return _is_foreign_name(module or "builtins")


@functools.cache
def _is_foreign_name(module: str) -> bool:
    package, _, rest = module.partition(".")
    if package == "fastcheck":
        # Our own layers are recorded like anyone's; swapping inside the recorder would be a
        # disaster.
        return rest.partition(".")[0] != "nn"
    # The module of Cython's own classes is named after its version: _cython_3_2_4.
    if package.startswith("_cython_"):
        return True
    return package in _PACKAGES or (package in sys.stdlib_module_names and _is_standard(package))


@functools.cache
def _is_standard(package: str) -> bool:
    """Tell whether a module with the name of a standard one, such as ``code``, really is it."""
    loaded = sys.modules.get(package)
    filename = getattr(loaded, "__file__", None)
    # Without a file it is built in.
    return filename is None or str(Path(filename).resolve()).startswith(_standard_folder())
