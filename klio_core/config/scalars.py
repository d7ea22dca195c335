"""What a plain word of YAML means: null, true, false, a number, or else the text itself.

YAML 1.2's core schema, kept to its unmistakable part: `yes`, `no`, `on` and `off` are text, and so are `012`,
`1:30`, `1_000`, `0x1F` and dates, which YAML 1.1 turns into other things than were written.
"""

from __future__ import annotations

import math
import re
from typing import Self

_WORDS: dict[str, bool | None] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
# The digits are bounded because Python refuses to read numbers of thousands of digits.
_INT = re.compile(r"0|-?[1-9][0-9]{0,299}")
_FLOAT = re.compile(r"[-+]?(?:(?:0|[1-9][0-9]*)(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]+)?")
_SPECIAL = re.compile(r"(?P<sign>[-+]?)\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")


class WrittenFloat(float):
    """A number that remembers how it was written, for keys that want text: `1.10` is not `1.1`."""

    written: str

    def __new__(cls, value: float, written: str) -> Self:
        self = super().__new__(cls, value)
        self.written = written
        return self

    def __reduce__(self) -> tuple[object, ...]:
        return (WrittenFloat, (float(self), self.written))


def resolve(text: str) -> bool | int | WrittenFloat | str | None:
    """Return the value that a word without quotes stands for."""
    if text in _WORDS:
        return _WORDS[text]
    if _INT.fullmatch(text):
        return int(text)
    if _FLOAT.fullmatch(text) and any(mark in text for mark in ".eE"):
        value = float(text)
        # A commit such as 12e4567 is text: nobody writes infinity like that.
        return WrittenFloat(value, text) if math.isfinite(value) else text
    special = _SPECIAL.fullmatch(text)
    return WrittenFloat(float(text.replace(".", "")), text) if special else text
