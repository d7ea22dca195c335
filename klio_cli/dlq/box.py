"""What can be done with dead letters wherever they are kept: read them all, and remove some for good."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from klio_core.dead_letter import DeadLetter
from klio_core.errors import UndecodableMessage


@dataclass(frozen=True, slots=True)
class Held:
    """One letter, and each record of it that the box has: a letter that was written twice has two."""

    letter: DeadLetter
    records: tuple[Any, ...]

    @property
    def name(self) -> str:
        """What the letter is called in every kind of box."""
        return self.letter.name.removesuffix(".json")


@dataclass(frozen=True, slots=True)
class Contents:
    """The letters of a box, the oldest first; `odd` names what is there and is none, `note` is what to know."""

    letters: list[Held]
    odd: list[str] = field(default_factory=list)
    note: str = ""


class Box(Protocol):
    """An open box. Every method raises EventError or CloudError where the place does not do it."""

    def read(self) -> Contents:
        """Answer everything in it. Nothing is changed by that."""

    def remove(self, letters: Sequence[Held]) -> None:
        """Remove these letters as they were read: one that was written again meanwhile stays."""


def contents(records: Iterable[tuple[Any, str, bytes]], note: str = "") -> Contents:
    """Sort what a box has, of which each is a handle, a name and the bytes. Records of one letter come together."""
    found: dict[str, Held] = {}
    odd: list[str] = []
    for handle, name, raw in records:
        try:
            letter = DeadLetter.decode(raw)
        except UndecodableMessage:
            odd.append(name)
            continue
        before = found.get(letter.name)
        newest = letter if before is None or letter.at >= before.letter.at else before.letter
        found[letter.name] = Held(newest, (*(before.records if before else ()), handle))
    return Contents(sorted(found.values(), key=lambda held: (held.letter.at, held.letter.element)), odd, note)
