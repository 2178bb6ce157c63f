"""Sections for a terminal, for the README, as JSON. It only renders."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from bench.machine import machine_line
from bench.section import Section

SCHEMA = "fastcheck.bench/2"


def renderable(section: Section) -> RenderableType:
    """Return a section for rich to print."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column, heading in enumerate(section.headings):
        number = section.is_number(column)
        table.add_column(heading, justify="right" if number else "left", no_wrap=number)
    for row in section.rows:
        table.add_row(*map(Text, row))
    below = [Text(line) for line in section.below]
    musts = [Text(str(must), style="" if must.met else "bold red") for must in section.musts]
    return Group(Text(section.title, style="bold"), table, Text(), *below, *musts, Text())


def markdown(section: Section) -> str:
    """Return a section for GitHub."""
    rule = ["---:" if section.is_number(column) else "---" for column in _columns(section)]
    lines = [
        f"**{section.title}**",
        "",
        _markdown_row(section.headings),
        f"|{'|'.join(rule)}|",
        *map(_markdown_row, section.rows),
        "",
    ]
    if section.below:
        lines += ["  \n".join(section.below), ""]  # two spaces break the line
    lines += [f"- {must}" for must in section.musts]
    return "\n".join(lines).rstrip("\n") + "\n"


def machine_words(machine: Mapping[str, Any]) -> str:
    """Return the line about the machine."""
    return f"Machine: {machine_line(dict(machine))}."


def as_json(sections: Mapping[str, Section], machine: Mapping[str, Any]) -> str:
    """Return everything as JSON text."""
    parts = {
        name: {**section.data, "musts": [must.as_dict() for must in section.musts]}
        for name, section in sections.items()
    }
    content = {"schema": SCHEMA, "machine": dict(machine), "parts": parts}
    return json.dumps(content, indent=2) + "\n"


def _columns(section: Section) -> range:
    return range(len(section.headings))


def _markdown_row(cells: tuple[str, ...]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
