"""Answers with those fields alone that a client asks for ("Partial responses" of the JSON API)."""

from __future__ import annotations

import re
from collections.abc import Sequence

from klio_exec.local.objects.wire import Fields

_PLAIN = re.compile(r"[A-Za-z0-9,()]+")
_FIELD = re.compile(r"([A-Za-z0-9]+)(?:\(([^()]*)\))?")


def partial(content: Fields, fields: str) -> Fields:
    """Answer the fields that are named, as in `items(name,size),nextPageToken`; of what says it otherwise, all."""
    if not _PLAIN.fullmatch(fields):
        return content
    wanted = {name: inner.split(",") if inner else () for name, inner in _FIELD.findall(fields)}
    return {name: _within(content[name], inner) for name, inner in wanted.items() if name in content}


def _within(value: object, names: Sequence[str]) -> object:
    if not names:
        return value
    if isinstance(value, list):
        return [_within(entry, names) for entry in value]
    return {name: value[name] for name in names if name in value} if isinstance(value, dict) else value
