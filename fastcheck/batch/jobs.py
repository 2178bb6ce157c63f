"""Read a job file and find all that is wrong with it before anything runs.

.. code-block:: toml

    [defaults]              # for every job that has the option
    batch = 50

    [[job]]
    name = "classic"        # the options of `fastcheck run`

    [[job]]
    name = "mine"
    check = "my_package.my_module:build"   # the options of `fastcheck check`
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

from fastcheck.batch.schema import job_schema
from fastcheck.errors import InvalidArgument, unknown_choice
from fastcheck.options import CHECK, RUN, Option, defaults

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


@dataclass(frozen=True, slots=True)
class Job:
    """One job.

    Attributes
    ----------
    name
        As in the file, or "job 1", "job 2", ...
    target
        What ``check`` names; None for a run of the classic network.
    options
        Every option of that kind of job, the file's defaults and fastcheck's filled in.
    """

    name: str
    target: str | None
    options: Mapping[str, Any]


def load_jobs(path: str | PathLike[str]) -> list[Job]:
    """Return the jobs of a file.

    Raises
    ------
    InvalidArgument
        If the file cannot be read, is no TOML, or breaks a rule; then with every mistake in it,
        each with its place.
    """
    name = Path(path).name
    try:
        content = tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise InvalidArgument(
            f"jobs={str(path)!r} cannot be read ({error.strerror}); name a TOML file"
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InvalidArgument(f"{name}: is no TOML: {error}; mend the file") from None
    problems = list(_problems(content))
    if problems:
        count = f"{len(problems)} mistake{'s' if len(problems) > 1 else ''}"
        raise InvalidArgument("\n  ".join([f"{name}: {count}, nothing was run", *problems]))
    shared = content.get("defaults", {})
    return [_job(number, table, shared) for number, table in enumerate(content["job"], 1)]


def _job(number: int, table: Mapping[str, Any], shared: Mapping[str, Any]) -> Job:
    kind = CHECK if "check" in table else RUN
    given = {**shared, **table}
    options = {name: given.get(name, default) for name, default in defaults(kind).items()}
    return Job(table.get("name", f"job {number}"), table.get("check"), options)


def _problems(content: Mapping[str, Any]) -> Iterator[str]:
    """Yield every mistake, with its place."""
    for name in content:
        if name not in ("defaults", "job"):
            yield f"{name}: {unknown_choice('table', name, ('defaults', 'job'))}"
    yield from _table_problems("defaults", content.get("defaults", {}), RUN, ())
    jobs = content.get("job", [])
    if not isinstance(jobs, list) or not jobs:
        yield "job: there is none; write at least one [[job]]"
        return
    names: dict[str, int] = {}
    for number, table in enumerate(jobs, 1):
        if not isinstance(table, dict):
            yield f"job {number}: must be a table; write [[job]]"
            continue
        place = f"job {number} ({table['name']})" if "name" in table else f"job {number}"
        kind = CHECK if "check" in table else RUN
        yield from _table_problems(place, table, kind, ("name", "check"))
        first = names.setdefault(str(table.get("name", number)), number)
        if first != number:
            yield f"{place}: name={table['name']!r} is job {first}'s already; give it its own"


def _table_problems(
    place: str, table: Any, options: tuple[Option, ...], more: tuple[str, ...]
) -> Iterator[str]:
    schema = job_schema(options, more)
    for error in Draft202012Validator(schema).iter_errors(table):
        if error.validator == "additionalProperties":
            for name in sorted(set(table) - set(schema["properties"])):
                yield f"{place}: {unknown_choice('option', name, schema['properties'])}"
            continue
        name = ".".join(map(str, error.absolute_path)) or place
        if error.validator == "enum":
            yield f"{place}: {unknown_choice(name, error.instance, error.validator_value)}"
        else:
            yield f"{place}: {name}={error.instance!r} {_rule(error)}"


def _rule(error: Any) -> str:
    """Return what a value must be, in the words of the command line."""
    if error.validator == "type":
        return f"must be of type {error.validator_value}; see fastcheck run --help"
    if error.validator in ("minimum", "exclusiveMinimum"):
        sign = ">=" if error.validator == "minimum" else ">"
        return f"must be {sign} {error.validator_value}; leave it out for the default"
    if error.validator == "pattern":
        return "must be package.module:callable or path/to/file.py:callable"
    return f"breaks a rule: {error.message}"
