"""The JSON schema of a job, made from the table of options."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastcheck.options import Option

_TYPES = {int: "integer", float: "number", str: "string", bool: "boolean", list: "array"}
_MORE: dict[str, dict[str, Any]] = {
    "name": {"type": "string", "minLength": 1},
    "check": {"type": "string", "pattern": r"^.+:[^\W\d][\w.]*$"},
}


def job_schema(options: Sequence[Option], more: Sequence[str] = ()) -> dict[str, Any]:
    """Return the schema of a table that may hold these options.

    Parameters
    ----------
    options
        From `fastcheck.options`.
    more
        Of "name" and "check", those that the table may hold too.
    """
    properties = {option.name: _property(option) for option in options}
    properties |= {name: _MORE[name] for name in more}
    return {"type": "object", "properties": properties, "additionalProperties": False}


def _property(option: Option) -> dict[str, Any]:
    rule: dict[str, Any] = {"type": _TYPES[option.kind]}
    if option.choices:
        rule["enum"] = list(option.choices)
    if option.positive:
        rule["exclusiveMinimum"] = 0
    if option.kind is list:
        rule["items"] = {"type": _TYPES[option.items]}
        if option.minimum is not None:
            rule["items"]["minimum"] = option.minimum
        rule["minItems"] = 1
    elif option.minimum is not None:
        rule["minimum"] = option.minimum
    return rule
