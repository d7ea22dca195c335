"""Which of a job's dead letters a command is about. Pure."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from klio_cli.dlq.box import Held
from klio_core.decision import told
from klio_core.errors import UsageError

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}
_AGE = re.compile(r"(\d{1,6})([smhdw])")


@dataclass(frozen=True, slots=True)
class Wanted:
    """Letters of a reason, of an element, older than so many seconds; what is None does not matter."""

    reason: str | None = None
    element: str | None = None
    older_than: float | None = None

    def of(self, letters: Iterable[Held], now: float) -> list[Held]:
        """Answer those that are wanted; `now` is seconds since the epoch."""
        return [held for held in letters if self._fits(held, now)]

    def _fits(self, held: Held, now: float) -> bool:
        letter = held.letter
        return (
            (self.reason is None or letter.reason == self.reason)
            and (self.element is None or letter.element == os.fsencode(self.element))
            and (self.older_than is None or now - letter.at > self.older_than)
        )


def named(letters: Iterable[Held], word: str) -> list[Held]:
    """Answer the letters that somebody means: of this element, or of this name."""
    name = word.removesuffix(".json")
    return [held for held in letters if held.letter.element == os.fsencode(word) or held.name == name]


def age(text: str) -> float:
    """Answer the seconds of `30s`, `10m`, `2h`, `7d` or `4w`. Raises UsageError for anything else."""
    found = _AGE.fullmatch(text)
    if found is None:
        raise UsageError("not an age", expected="a number and s, m, h, d or w, such as 12h or 7d", got=repr(text))
    return int(found[1]) * _SECONDS[found[2]]


def by_reason(letters: Iterable[Held]) -> str:
    """Answer how many there are of each reason: `exception 2, bad-element 1`."""
    counts = Counter(held.letter.reason for held in letters)
    return told(counts)


def counted(number: int) -> str:
    """Answer `1 dead letter`, `2 dead letters`."""
    return f"{number} dead letter{'' if number == 1 else 's'}"
