"""Tables of the reference, read off the code: names, values and defaults are never written twice.

What a key means stands on the page, in lines `key: meaning`. A key without a meaning, or a meaning without a key, is
an error, so neither can change without the other.
"""

from __future__ import annotations

import enum
import importlib
import inspect
import re
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, dataclass, fields, is_dataclass
from pathlib import Path
from typing import Any

from docs._ext.markdown import code, table
from klio_core import errors
from klio_core.config.schema.section import Section
from klio_core.errors import KlioError

ROOT = Path(__file__).parents[2]
WORDS = {
    "boolean": "true or false",
    "string": "text",
    "integer": "whole number",
    "number": "number",
    "object": "mapping",
}


@dataclass(frozen=True)
class Row:
    """One name of a table: what it takes, and what it is where nothing is said."""

    name: str
    takes: str = ""
    default: str = ""


def described(paths: str, meanings: str) -> str:
    """Answer the table of the things at dotted paths, as Markdown. Raises ValueError where a meaning is missing."""
    rows = rows_of(paths)
    said = parse_meanings(meanings)
    if missing := [row.name for row in rows if row.name not in said]:
        raise ValueError(f"{paths}: nothing says what these mean: {', '.join(missing)}")
    if unknown := sorted(said.keys() - {row.name for row in rows}):
        raise ValueError(f"{paths}: these do not exist: {', '.join(unknown)}")
    if not any(row.takes for row in rows):
        return table(("value", "means"), [(code(row.name), said[row.name]) for row in rows])
    lines = [(code(row.name), row.takes, row.default, said[row.name]) for row in rows]
    return table(("key", "takes", "default", "means"), lines)


def parse_meanings(text: str) -> dict[str, str]:
    """Answer the meanings by key; an indented line belongs to the one before."""
    joined = re.sub(r"\n[ \t]+", " ", text.strip())
    pairs = (line.split(": ", 1) for line in joined.splitlines() if line.strip())
    return {key.strip(): meaning.strip() for key, meaning in pairs}


def rows_of(paths: str) -> list[Row]:
    """Answer the rows of the things at one or more dotted paths; a name that several share is one row."""
    merged: dict[str, Row] = {}
    for path in paths.split():
        for row in _rows(found_at(path)):
            before = merged.get(row.name, row)
            takes = " or ".join(dict.fromkeys(part for one in (before, row) for part in one.takes.split(" or ")))
            same = before.default == row.default
            merged[row.name] = Row(row.name, takes if before.takes != row.takes else row.takes, row.default * same)
    return list(merged.values())


def found_at(path: str) -> Any:
    """Answer what stands at a dotted path."""
    module, _, name = path.rpartition(".")
    return getattr(importlib.import_module(module), name)


def _rows(thing: Any) -> Iterator[Row]:
    if issubclass(thing, enum.Enum):
        yield from (Row(str(member.value)) for member in thing)
    elif issubclass(thing, Section):
        yield from _keys(thing)
    elif is_dataclass(thing):
        for field in fields(thing):
            default = "required" if field.default is MISSING else code(repr(field.default))
            yield Row(field.name, str(field.type), default)


def _keys(section: type[Section]) -> Iterator[Row]:
    schema = section.model_json_schema(by_alias=True)
    for name, field in section.model_fields.items():
        key = field.alias or name
        asked = schema["properties"][key]
        default = "required" if field.is_required() or key == "type" else _default(asked.get("default"))
        yield Row(key, " or ".join(dict.fromkeys(_takes(asked))), default)


def _default(value: Any) -> str:
    if value is None or value in ("", []):
        return ""
    return code(str(value).lower() if isinstance(value, bool) else str(value))


def _takes(schema: Mapping[str, Any]) -> Iterator[str]:
    for choice in (*schema.get("anyOf", ()), *schema.get("oneOf", ())):
        yield from _takes(choice)
    if "const" in schema:
        yield code(str(schema["const"]).lower())
    elif "enum" in schema:
        yield ", ".join(code(str(value)) for value in schema["enum"])
    elif schema.get("type") == "array":
        yield "list"
    elif schema.get("type") in WORDS:
        yield WORDS[schema["type"]]
    elif "$ref" in schema:
        yield "section"


def sections() -> set[type[Section]]:
    """Answer every section that a job file may hold; those from which others are made only lend their keys."""
    importlib.import_module("klio_core.config")
    waiting, found = [Section], set()
    while waiting:
        kinds = waiting.pop().__subclasses__()
        waiting += kinds
        found |= {kind for kind in kinds if not kind.__subclasses__()}
    return found


def error_kinds() -> list[type[KlioError]]:
    """Answer every error, in the order of their page."""
    return [kind for kind in vars(errors).values() if inspect.isclass(kind) and issubclass(kind, KlioError)]


def error_table() -> str:
    """Answer all errors with their exit status, the reason that their dead letters bear, and what they say."""
    tree = errors.__doc__ or ""
    said = dict(re.findall(r"(\w+) +(?:exit \d +)?(\S.*)$", tree, re.MULTILINE))
    rows = [
        (code(k.__name__), str(k.exit_code), code(k.reason), "yes" * k.transient, said[k.__name__])
        for k in error_kinds()
    ]
    return table(("error", "exit status", "reason", "may go away", "means"), rows)
