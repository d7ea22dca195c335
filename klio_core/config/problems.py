"""What is wrong with a configuration, all of it at once, each with its file, line and path."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from klio_core.errors import ConfigError

KeyPath = tuple[object, ...]


# Of a file that is no configuration at all, the first problems say enough.
_MOST_SHOWN = 50
_LONGEST = 80


class Place(NamedTuple):
    """Where a value was written: a file and its line (from 1), or an override given by hand."""

    source: str
    line: int | None = None

    def __str__(self) -> str:
        return self.source if self.line is None else f"{self.source}:{self.line}"


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong; `path` is written as in an override: `job_config.events.inputs[0].topic`."""

    what: str
    place: Place
    path: str = ""
    expected: str | None = None
    got: str | None = None
    todo: str | None = None

    def __str__(self) -> str:
        head = ": ".join(part for part in (str(self.place), self.path, self.what) if part)
        rest = (("expected", self.expected), ("got", self.got), ("to do", self.todo))
        return "\n".join([head, *(f"  {name}: {text}" for name, text in rest if text)])


class InvalidConfig(ConfigError):
    """A configuration that cannot be used; `problems` holds every reason, in the order of the lines."""

    def __init__(self, source: str, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(problems, key=_order))
        count = "1 problem" if len(self.problems) == 1 else f"{len(self.problems)} problems"
        super().__init__(f"{source} cannot be used: {count}")

    def __str__(self) -> str:
        more = len(self.problems) - _MOST_SHOWN
        rest = [f"and {more} more"] if more > 0 else []
        return "\n".join([self.what, *map(str, self.problems[:_MOST_SHOWN]), *rest])


def dotted(path: KeyPath) -> str:
    """Write a path as an override writes it."""
    return "".join(map(_step, path)).removeprefix(".")


def shown(value: object) -> str:
    """Write a value as YAML would have it, short enough for one line of an error."""
    match value:
        case None:
            return "nothing"
        case bool():
            return str(value).lower()
        case dict():
            return "a mapping" if value else "an empty mapping"
        case list() | tuple():
            return "a list" if value else "an empty list"
    text = repr(value)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 4]}...{text[-1]}"


def _step(key: object) -> str:
    if isinstance(key, int) and not isinstance(key, bool):
        return f"[{key}]"
    if isinstance(key, str) and key.isprintable() and len(key) <= _LONGEST:
        return f".{key}"
    return f".{shown(key)}"


def _order(problem: Problem) -> tuple[bool, str, int]:
    return (problem.place.line is None, problem.place.source, problem.place.line or 0)
