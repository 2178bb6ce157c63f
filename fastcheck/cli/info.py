"""``fastcheck info``: what a bug report needs."""

from __future__ import annotations

import argparse
import os
import platform
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from fastcheck.engine.workers import usable_threads
from fastcheck.primitives.cache import cache_folder, cache_root, cpu_name
from fastcheck.version import __version__

_PACKAGES = ("numpy", "numba", "llvmlite", "rich", "torch", "torchvision")


def handle(_: argparse.Namespace) -> int:
    """Print the table."""
    table = Table(box=None, show_header=False, pad_edge=False)
    for name, value in _rows():
        table.add_row(name, value)
    Console(soft_wrap=True).print(table)
    return 0


def _rows() -> list[tuple[str, str]]:
    return [
        ("fastcheck", __version__),
        ("Python", f"{platform.python_version()} on {platform.platform()}"),
        *((name, _version(name)) for name in _PACKAGES),
        ("BLAS", _blas()),
        ("CPU", f"{platform.machine()} ({cpu_name()}), {os.cpu_count()} in all"),
        ("threads", f"{usable_threads(None)} usable by this process"),
        ("cache folder", _cache()),
    ]


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def _blas() -> str:
    configuration: Any = np.show_config(mode="dicts")
    blas = configuration.get("Build Dependencies", {}).get("blas", {})
    return f"{blas.get('name', 'unknown')} {blas.get('version', '')}".strip()


def _cache() -> str:
    folder = cache_folder()
    if folder is None:
        return f"none: {cache_root()} cannot be written, kernels are compiled in memory"
    return f"{folder}, {len(list(folder.rglob('*.nbc')))} kernels"
