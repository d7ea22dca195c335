"""Events as lines of text files: one element each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import apache_beam as beam

from klio.events.counted import counted_read, counted_write
from klio.events.lines import ReadLines, WriteLines, messages_of
from klio_core.message import Message


class KlioReadFromText(beam.PTransform):
    """Answers a message for each line of text files: its element is the line, as it is. Blank lines are no elements.

    The arguments are those of Beam's ReadFromText. Raises OSError where `validate` finds no file.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__()
        self._reader = ReadLines(*args, **kwargs)

    def expand(self, pipeline: Any) -> Any:
        """Draw the reader."""
        return pipeline | "Lines" >> self._reader | counted_read(self, _events_of)


class KlioWriteToText(beam.PTransform):
    """Writes the element of each message as a line; its payload is left out.

    The arguments are those of Beam's WriteToText. Unless told otherwise, the files are `<prefix>-SSSSS-of-NNNNN`.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__()
        self._writer = WriteLines(*args, **kwargs)

    def expand(self, messages: Any) -> Any:
        """Draw the writer."""
        return messages | counted_write(self, _elements_of) | "Lines" >> self._writer


def _events_of(lines: Iterable[str | bytes]) -> Iterator[bytes]:
    return (message.encode() for message in messages_of(lines))


def _elements_of(raw: bytes) -> list[bytes]:
    return [Message.decode(raw).element]
