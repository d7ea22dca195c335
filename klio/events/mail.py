"""Events as whole messages in files of a directory: read and written where jobs run one after the other."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import apache_beam as beam
from apache_beam.coders import BytesCoder

from klio_core import mail


class ReadMail:
    """Reads what is in a directory."""

    def __init__(self, location: str) -> None:
        self._directory = Path(location)

    def read(self, pipeline: Any) -> Any:
        """Answer the messages."""
        # No check: a directory in which nothing lies is no error.
        lines = beam.io.ReadFromText(str(self._directory / mail.PATTERN), coder=BytesCoder(), validate=False)
        return pipeline | "Lines" >> lines | "Open" >> beam.Map(mail.opened)


class WriteMail:
    """Writes into a directory."""

    def __init__(self, location: str) -> None:
        self._directory = Path(location)

    def write(self, messages: Any) -> Any:
        """Write the messages, a file for each bundle."""
        return messages | "Post" >> beam.ParDo(_Post(self._directory))


class _Post(beam.DoFn):
    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def start_bundle(self) -> None:
        self._messages: list[bytes] = []

    def process(self, message: bytes) -> None:
        self._messages.append(message)

    def finish_bundle(self) -> None:
        mail.post(self._directory, self._messages)
