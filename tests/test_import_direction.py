"""Data flows one way: who may import whom inside the package, and what stays out of an import."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = "fastcheck"

# Unit -> what it may import of fastcheck besides itself. A unit is a sub-package or a top-level
# module; a dotted entry allows that one module only. Imports inside functions and under
# TYPE_CHECKING count like any other: they are dependencies of the reader if not of the interpreter.
ALLOWED: dict[str, set[str]] = {
    "errors": set(),
    "version": set(),
    "locking": {"errors"},
    "model": {"errors"},
    "data": {"errors"},
    "nn": {"data", "errors"},
    "primitives": {"errors"},
    "program": {"errors", "primitives"},
    "recording": {"errors", "locking", "model", "primitives", "program"},
    "engine": {"errors", "locking", "model", "primitives", "program"},
    "verdict": {"engine.result", "errors", "primitives", "program"},
    "diagnose": {"engine.result", "errors", "model", "primitives", "program", "verdict"},
    "options": set(),
    "adapt": {"errors", "program"},
    "second_look": {"engine", "verdict"},
    "own_step": {"engine", "verdict"},
    "report": {"errors", "verdict"},
    "differentiate": {
        "engine",
        "errors",
        "model",
        "options",
        "primitives",
        "program",
        "recording",
    },
    "compare": {"engine.result", "report", "verdict"},
    "honesty": {"engine.result", "errors", "locking", "model", "verdict"},
    "explain": {"diagnose", "locking", "model", "primitives", "program", "report", "verdict"},
    "api": {
        "adapt",
        "compare",
        "differentiate",
        "engine",
        "errors",
        "explain",
        "honesty",
        "locking",
        "model",
        "options",
        "program",
        "report",
        "second_look",
        "own_step",
        "verdict",
    },
    "classic": {"data", "errors", "nn"},
    "planted": {"data", "errors", "model", "nn"},
    "target": {"errors"},
    "batch": {"api", "classic", "engine", "errors", "options", "report", "target"},
    "cli": {
        "api",
        "batch",
        "classic",
        "engine.workers",
        "errors",
        "nn",
        "options",
        "planted",
        "primitives.cache",
        "report",
        "target",
        "version",
    },
}
# Inside the engine: a place -> what of fastcheck it may import besides itself.
INNER: dict[str, set[str]] = {
    "engine.kernels": {"primitives"},
    "engine.incremental": {
        "engine.first_build",
        "engine.first_call",
        "engine.kernels",
        "engine.result",
        "engine.samples",
        "engine.steps",
        "engine.workers",
        "errors",
        "primitives",
        "program",
    },
}
FREE = {"__init__", "__main__"}  # the public names, and `python -m fastcheck`

NUMBA_PLACES = ("primitives", "engine.kernels")
NUMBA_PACKAGES = {"llvmlite", "numba"}
NUMBA_DECORATORS = {
    "cfunc",
    "generated_jit",
    "guvectorize",
    "jit",
    "jit_module",
    "njit",
    "vectorize",
}

HEAVY = {"dask", "llvmlite", "matplotlib", "numba", "rich", "scipy", "torch", "torchvision"}


@dataclass(frozen=True)
class Import:
    """An import of `module`, taking `name` from it ("" for a plain import), at `line`."""

    module: str
    name: str
    line: int

    @property
    def target(self) -> str:
        return f"{self.module}.{self.name}" if self.name else self.module


def imports_of(source: str, module: str, *, is_package: bool) -> list[Import]:
    """All imports in the source of `module`, anywhere in it, with relative ones resolved."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found += [Import(alias.name, "", node.lineno) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            parents = module.split(".") if is_package else module.split(".")[:-1]
            above = parents[: len(parents) - (node.level - 1)] if node.level else []
            origin = ".".join([*above, *([node.module] if node.module else [])])
            found += [Import(origin, alias.name, node.lineno) for alias in node.names]
        elif isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
            called = node.func.attr if isinstance(node.func, ast.Attribute) else None
            called = node.func.id if isinstance(node.func, ast.Name) else called
            argument = node.args[0].value
            if called in {"import_module", "__import__"} and isinstance(argument, str):
                found.append(Import(argument.lstrip("."), "", node.lineno))
    return sorted(found, key=lambda found_import: found_import.line)


def is_within(dotted: str, place: str) -> bool:
    return dotted == place or dotted.startswith(place + ".")


def forbidden_imports(source: str, module: str, *, is_package: bool = False) -> list[str]:
    """What the source of `module` imports against the table, one message each."""
    inner = module.partition(".")[2]
    unit = inner.partition(".")[0]
    if not inner or unit in FREE:
        return []
    if unit not in ALLOWED:
        return [f"{module}: {unit} has no row in the table of tests/test_import_direction.py"]
    allowed = ALLOWED[unit] | {unit}
    messages = []
    for found in imports_of(source, module, is_package=is_package):
        if not is_within(found.module, PACKAGE):
            continue
        target = found.target.partition(".")[2]
        if not any(is_within(target, place) for place in allowed):
            messages.append(f"{module}:{found.line}: {unit} must not import {found.target}")
    return messages


def inner_violations(source: str, module: str, *, is_package: bool = False) -> list[str]:
    """What the source of `module` imports against the inner table, one message each."""
    inner = module.partition(".")[2]
    messages = []
    for place, allowed in INNER.items():
        if not is_within(inner, place):
            continue
        for found in imports_of(source, module, is_package=is_package):
            target = found.target.partition(".")[2]
            if is_within(found.module, PACKAGE) and not any(
                is_within(target, other) for other in (*allowed, place)
            ):
                messages.append(f"{module}:{found.line}: {place} must not import {found.target}")
    return messages


def misplaced_numba(source: str, module: str, *, is_package: bool = False) -> list[str]:
    """Where `module` imports Numba or compiles with it, unless it is a place for kernels."""
    inner = module.partition(".")[2]
    if any(is_within(inner, place) for place in NUMBA_PLACES):
        return []
    messages = [
        f"{module}:{found.line}: imports {found.module}"
        for found in imports_of(source, module, is_package=is_package)
        if found.module.partition(".")[0] in NUMBA_PACKAGES
    ]
    for node in ast.walk(ast.parse(source)):
        for decorator in getattr(node, "decorator_list", []):
            named = decorator.func if isinstance(decorator, ast.Call) else decorator
            name = named.attr if isinstance(named, ast.Attribute) else getattr(named, "id", "")
            # np.vectorize is NumPy's: no compilation.
            is_numpy = isinstance(named, ast.Attribute) and ast.unparse(named.value) == "np"
            if name in NUMBA_DECORATORS and not is_numpy:
                messages.append(f"{module}:{decorator.lineno}: decorated with @{name}")
    return messages


def modules() -> list[tuple[Path, str, bool]]:
    """Path, dotted name and whether it is a package, of every module of fastcheck."""
    found = []
    for path in sorted((ROOT / PACKAGE).rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        is_package = parts[-1] == "__init__"
        found.append((path, ".".join(parts[:-1] if is_package else parts), is_package))
    return found


MODULES = [pytest.param(*found, id=found[1]) for found in modules()]


def test_there_are_modules_to_check():
    assert f"{PACKAGE}.errors" in {name for _, name, _ in modules()}


@pytest.mark.parametrize(("path", "module", "is_package"), MODULES)
def test_imports_follow_the_table(path, module, is_package):
    source = path.read_text(encoding="utf-8")
    assert forbidden_imports(source, module, is_package=is_package) == []


@pytest.mark.parametrize(("path", "module", "is_package"), MODULES)
def test_imports_inside_the_engine_follow_theirs(path, module, is_package):
    source = path.read_text(encoding="utf-8")
    assert inner_violations(source, module, is_package=is_package) == []


@pytest.mark.parametrize(
    ("module", "source", "target"),
    [
        ("fastcheck.engine.kernels.rows", "from fastcheck.engine.plan import Plan", "engine.plan"),
        ("fastcheck.engine.kernels.rows", "from ..workers import cut", "engine.workers.cut"),
        (
            "fastcheck.engine.incremental.walk",
            "from fastcheck.engine.full import full_gradient",
            "engine.full",
        ),
        ("fastcheck.engine.incremental.walk", "from fastcheck.engine import plan", "engine.plan"),
    ],
)
def test_a_planted_violation_inside_the_engine_is_caught(module, source, target):
    assert forbidden_imports(source, module) == []
    (message,) = inner_violations(source, module)
    assert target in message


@pytest.mark.parametrize(("path", "module", "is_package"), MODULES)
def test_numba_only_in_kernel_places(path, module, is_package):
    source = path.read_text(encoding="utf-8")
    assert misplaced_numba(source, module, is_package=is_package) == []


def test_table_has_no_cycles():
    # With a dotted entry counted as the whole unit, so that the table stays a one-way street.
    def reach(unit: str, path: tuple[str, ...]) -> None:
        assert unit not in path, f"cycle: {' -> '.join([*path, unit])}"
        for target in ALLOWED[unit]:
            reach(target.partition(".")[0], (*path, unit))

    for unit in ALLOWED:
        reach(unit, ())


@pytest.mark.parametrize(
    ("module", "source", "target"),
    [
        ("fastcheck.report.text", "from fastcheck.engine import plan", "engine.plan"),
        ("fastcheck.report.text", "from fastcheck.engine.result import Result", "engine.result"),
        ("fastcheck.report.text", "def f():\n    import fastcheck.engine", "fastcheck.engine"),
        (
            "fastcheck.report.text",
            "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from fastcheck import engine",
            "fastcheck.engine",
        ),
        ("fastcheck.report.text", "from ..engine.plan import Plan", "engine.plan.Plan"),
        ("fastcheck.report.text", "from .. import engine", "fastcheck.engine"),
        (
            "fastcheck.report.text",
            "import importlib\nimportlib.import_module('fastcheck.engine')",
            "engine",
        ),
        ("fastcheck.verdict.bounds", "from fastcheck.engine.plan import Plan", "engine.plan"),
        ("fastcheck.verdict.bounds", "import fastcheck.engine", "fastcheck.engine"),
        ("fastcheck.verdict.bounds", "from fastcheck.engine import Result", "engine.Result"),
        ("fastcheck.program.program", "from fastcheck.nn import Affine", "nn.Affine"),
        ("fastcheck.errors", "from fastcheck.data import mnist", "data.mnist"),
        ("fastcheck.cli", "from fastcheck.engine import full", "engine.full"),
        ("fastcheck.api", "from fastcheck.cli import main", "cli.main"),
        ("fastcheck.nn.layers", "import fastcheck", "import fastcheck"),
        ("fastcheck.nn.layers", "from fastcheck import gradcheck", "fastcheck.gradcheck"),
        ("fastcheck.novelty", "", "no row in the table"),
    ],
)
def test_a_planted_violation_is_caught(module, source, target):
    (message,) = forbidden_imports(source, module)
    assert target in message


def test_relative_imports_of_a_package_start_at_itself():
    assert forbidden_imports("from . import text", "fastcheck.report", is_package=True) == []
    (message,) = forbidden_imports("from ..nn import Affine", "fastcheck.report", is_package=True)
    assert message == "fastcheck.report:1: report must not import fastcheck.nn.Affine"


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("fastcheck.verdict.bounds", "from fastcheck.engine.result import Result"),
        ("fastcheck.verdict.bounds", "from fastcheck.engine import result"),
        ("fastcheck.engine.full", "from fastcheck.engine.kernels import forward"),
        ("fastcheck.engine.full", "from .kernels.forward import evaluate"),
        ("fastcheck.engine.full", "import numpy as np"),
        ("fastcheck.__main__", "from fastcheck.cli import main"),
    ],
)
def test_what_the_table_allows_passes(module, source):
    assert forbidden_imports(source, module) == []


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("import numba", "imports numba"),
        ("def f():\n    from numba.core import types", "imports numba.core"),
        ("@njit\ndef f(x): pass", "decorated with @njit"),
        ("@nb.njit(cache=True)\ndef f(x): pass", "decorated with @njit"),
    ],
)
def test_planted_numba_is_caught(source, message):
    (found,) = misplaced_numba(source, "fastcheck.engine.full")
    assert message in found
    assert misplaced_numba(source, "fastcheck.engine.kernels.forward") == []
    assert misplaced_numba(source, "fastcheck.primitives.smooth") == []


def test_import_loads_nothing_heavy():
    code = "import sys, fastcheck; print(*sorted({name.partition('.')[0] for name in sys.modules}))"
    loaded = subprocess.run(
        [sys.executable, "-c", code],
        check=True,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    ).stdout.split()
    assert PACKAGE in loaded
    assert HEAVY.intersection(loaded) == set()
