"""Outputs that the gate looked for and did not find: what the work that follows may count on, and replace nothing."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

# What is noted and never taken belongs to elements that no handled code of this process saw; the oldest are forgotten.
_REMEMBERED = 100_000


class Absent:
    """The outputs of elements that are about to be worked on, noted by the gate and taken by the work, once."""

    def __init__(self) -> None:
        self._paths: dict[bytes, Sequence[str]] = {}

    def note(self, element: bytes, paths: Sequence[str]) -> None:
        """Note what was not there; no paths take back what was noted before."""
        self._paths.pop(element, None)
        if paths:
            self._paths[element] = paths
            if len(self._paths) > _REMEMBERED:
                self._paths.pop(next(iter(self._paths)), None)

    def take(self, element: bytes) -> Sequence[str]:
        """Answer what was noted of an element, and forget it: what comes next may have made it."""
        return self._paths.pop(element, ())


@cache
def absent_in(_run: str) -> Absent:
    """Answer the notes of one run, one for the process."""
    return Absent()
