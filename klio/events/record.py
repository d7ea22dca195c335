"""A record of several fields as an element: one field, or the whole record as JSON."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any

from klio_core.errors import EventError


def element_of(record: Mapping[str, Any], field: str) -> bytes:
    """Answer the value of one field as an element: bytes, or text in UTF-8.

    Raises EventError where it is anything else. All records of a source have one schema, so this is no single bad
    message: the source is the wrong one, or the field is.
    """
    value = record[field]
    if isinstance(value, bytes):
        return value
    if isinstance(value, str):
        return value.encode()
    raise EventError(
        f"the field {field!r} of a record cannot be an element",
        expected="text or bytes",
        got=f"{type(value).__name__}: {value!r:.80}",
        todo="read another field, or have the source make text of it",
    )


def json_of(record: Mapping[str, Any]) -> bytes:
    """Answer a record as JSON in UTF-8. Bytes are base64 in it, dates and decimals are text."""
    return json.dumps(record, default=_plain).encode()


def _plain(value: Any) -> str:
    return base64.b64encode(value).decode() if isinstance(value, bytes) else str(value)
