"""`--dependency job-name=a input-topic=b`: a parent of a new job, as klio 22.3 has it written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from klio_core.errors import UsageError

_KEYS = {"job-name", "gcp-project", "region", "input-topic", "input-topics"}


def joined(arguments: Sequence[str]) -> list[str]:
    """Answer the arguments with the pairs behind each --dependency as one, which a parser of options wants."""
    found: list[str] = []
    for argument in arguments:
        of_one = len(found) > 1 and found[-2] == "--dependency" and "=" in argument and not argument.startswith("-")
        if of_one:
            found[-1] += f" {argument}"
        else:
            found.append(argument)
    return found


def parsed(written: str) -> Mapping[str, Any]:
    """Answer the keys of a job file's dependency. Raises UsageError for what is no pair, and for an unknown key."""
    pairs = [pair.partition("=") for pair in written.split()]
    for key, equals, _ in pairs:
        if not equals or key not in _KEYS:
            expected = ", ".join(f"{known}=…" for known in sorted(_KEYS))
            raise UsageError("not what a dependency has", where="--dependency", expected=expected, got=repr(key))
    found: dict[str, Any] = {key.replace("-", "_"): value for key, _, value in pairs}
    if "input_topics" in found:
        found["input_topics"] = found["input_topics"].split(",")
    return found
