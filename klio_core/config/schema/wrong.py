"""One form for everything that a section can find wrong: what, expected, got, to do.

pydantic's own errors are put into that form by the section in which they arise, which still knows its keys.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from pydantic_core import ErrorDetails, InitErrorDetails, PydanticCustomError

from klio_core.config.problems import shown
from klio_core.config.suggest import did_you_mean

KIND = "klio"
# Marks the parts of a pydantic location that name the chosen type of a union, not a key.
TAG = "type="

A_MAPPING = "a mapping (lines of the form 'key: value')"
A_LIST = "a list (each entry begins with '- ')"


def fault(
    what: str, *, expected: str | None = None, got: str | None = None, todo: str | None = None
) -> PydanticCustomError:
    """Return the error that a validator raises; `got` is the value itself unless said otherwise."""
    return PydanticCustomError(KIND, "{what}", {"what": what, "expected": expected, "got": got, "todo": todo})


def wrong(
    what: str,
    loc: tuple[int | str, ...],
    value: object,
    *,
    expected: str | None = None,
    got: str | None = None,
    todo: str | None = None,
) -> InitErrorDetails:
    """Return the same as one line of a ValidationError, at a location."""
    return {"type": fault(what, expected=expected, got=got, todo=todo), "loc": loc, "input": value}


def explain(detail: ErrorDetails, written: Mapping[str, str]) -> InitErrorDetails:
    """Put an error of pydantic's into our form; `written` maps a key to the spelling that was used for it."""
    loc = tuple(part for part in detail["loc"] if not str(part).startswith(TAG))
    value = detail["input"]
    context = detail.get("ctx", {})
    if loc and loc[0] in written:
        loc = (written[str(loc[0])], *loc[1:])
    match detail["type"]:
        case "klio":
            return {"type": PydanticCustomError(KIND, "{what}", context), "loc": loc, "input": value}
        case "missing":
            return wrong("a required key is missing", loc, value, todo=f"add the key {loc[-1]}")
        case "union_tag_invalid":
            return _unknown_type(loc, value, context)
    return wrong("not a value for this key", loc, value, expected=_expected(detail), got=shown(value))


def _unknown_type(loc: tuple[int | str, ...], value: Any, context: Mapping[str, Any]) -> InitErrorDetails:
    if not isinstance(value, dict):
        return wrong("not a value for this key", loc, value, expected=A_MAPPING, got=shown(value))
    known = re.findall(rf"{TAG}(\w+)", context["expected_tags"])
    expected, here = ", ".join(known), (*loc, "type")
    if "type" not in value:
        return wrong("a required key is missing", here, value, expected=expected, todo="add the key type")
    given = value["type"]
    todo = did_you_mean(given, known) if isinstance(given, str) else None
    return wrong("unknown type", here, value, expected=expected, got=shown(given), todo=todo)


def _expected(detail: ErrorDetails) -> str:
    context = detail.get("ctx", {})
    match detail["type"]:
        case "model_type" | "dict_type":
            return A_MAPPING
        case "list_type" | "tuple_type":
            return A_LIST
        case "greater_than_equal":
            return f"at least {context['ge']}"
        case "less_than_equal":
            return f"at most {context['le']}"
        case "greater_than":
            return f"more than {context['gt']}"
        case "too_short":
            return f"at least {context['min_length']} character"
    return detail["msg"].removeprefix("Input should be ")
