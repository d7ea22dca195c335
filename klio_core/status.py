"""Status records: where each element is. Small JSON objects that jobs publish and people read."""

from __future__ import annotations

import enum
import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace

from klio_core.errors import UndecodableMessage


class State(enum.StrEnum):
    """How far an element has come in one job."""

    QUEUED = "queued"
    LEASED = "leased"
    WORKING = "working"
    COMMITTED = "committed"
    PASSED_ON = "passed on"
    DROPPED = "dropped"
    DEAD_LETTER = "dead letter"

    @property
    def final(self) -> bool:
        """Whether the element has left the job, until somebody publishes it again."""
        return self in _FINAL


_FINAL = frozenset(State) - {State.QUEUED, State.LEASED, State.WORKING}


@dataclass(frozen=True, slots=True)
class Status:
    """One record. `progress` is 0 to 1, `at` seconds since the epoch, `seconds` what the work took."""

    element: bytes
    job: str
    state: State
    at: float
    progress: float | None = None
    note: str = ""
    attempt: int = 1
    worker: str = ""
    seconds: float | None = None

    def encode(self) -> bytes:
        """Answer the record as UTF-8 JSON; an element that is no UTF-8 keeps its bytes as escapes."""
        fields = {key: value for key in self.__slots__ if (value := getattr(self, key)) is not None}
        return json.dumps(fields | {"element": text_of(self.element)}).encode()

    @classmethod
    def decode(cls, raw: bytes) -> Status:
        """Read a record. Raises UndecodableMessage for anything else."""
        try:
            fields = json.loads(raw)
            record = cls(**(fields | {"state": State(fields["state"])}))
        except (ValueError, TypeError, KeyError) as error:
            raise UndecodableMessage("not a status record", got=repr(raw[:80])) from error
        return replace(record, element=bytes_of(fields["element"]))


def records_in(body: bytes) -> Iterator[Status]:
    """Yield the records of a message's body, one in each line.

    A line that is none is left out: it is a newer job's, or somebody else's message.
    """
    for line in body.splitlines():
        with suppress(UndecodableMessage):
            yield Status.decode(line)


def text_of(element: bytes) -> str:
    """Answer an element as text that `bytes_of` turns back into the same bytes."""
    return element.decode("utf-8", "surrogateescape")


def bytes_of(text: str) -> bytes:
    """Answer the element that `text_of` wrote."""
    return text.encode("utf-8", "surrogateescape")
