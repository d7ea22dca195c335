"""Where dead letters go. A sink answers when the letter is kept; one that cannot keep it raises."""

from __future__ import annotations

import fcntl
import logging
import os
from functools import cache
from pathlib import Path
from typing import Protocol

from klio_core.dead_letter import DeadLetter
from klio_core.errors import EventError

log = logging.getLogger("klio")
DEFAULT_DIRECTORY = ".klio/dead-letters"


class DeadLetters(Protocol):
    """Keeps messages that could not be worked on."""

    def write(self, letter: DeadLetter) -> None:
        """Keep one letter. Raises EventError if it could not be kept: its message must then not be acknowledged."""


class DirectoryOfDeadLetters:
    """A file for each letter. The same message with the same reason is one file, however often it comes back."""

    def __init__(self, location: str) -> None:
        self._directory = Path(location)

    def write(self, letter: DeadLetter) -> None:
        """Keep one letter, whole or not at all."""
        path = self._directory / letter.name
        temporary = path.with_suffix(f".{os.getpid()}.tmp")
        try:
            self._directory.mkdir(parents=True, exist_ok=True)
            temporary.write_bytes(letter.encode())
            temporary.replace(path)
        except OSError as error:
            raise _not_kept(str(path), error) from error


class FileOfDeadLetters:
    """A line for each letter, added at the end; several processes may share the file."""

    def __init__(self, location: str) -> None:
        self._path = Path(location)

    def write(self, letter: DeadLetter) -> None:
        """Keep one letter."""
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with self._path.open("ab") as file:
                fcntl.flock(file, fcntl.LOCK_EX)
                file.write(letter.encode() + b"\n")
        except OSError as error:
            raise _not_kept(str(self._path), error) from error


class TopicOfDeadLetters:
    """A Pub/Sub message for each letter, with its reason as an attribute to filter by."""

    def __init__(self, topic: str) -> None:
        self._topic = topic

    def write(self, letter: DeadLetter) -> None:
        """Publish one letter and wait until the service has it."""
        from klio.events import pubsub

        sent = pubsub.publish(self._topic, letter.encode(), reason=letter.reason, job=letter.job)
        pubsub.wait_for(self._topic, [sent])


def dead_letters_for(kind: str, place: str) -> DeadLetters:
    """Answer the sink of one `events.dead_letters` entry: its type, and its topic or location."""
    if kind == "pubsub":
        return TopicOfDeadLetters(place)
    return DirectoryOfDeadLetters(place) if kind == "directory" else FileOfDeadLetters(place)


@cache
def default_dead_letters() -> DeadLetters:
    """Answer the sink of a job that names none, and say so once in each process."""
    log.warning("events.dead_letters is not set: dead letters go to %s", Path(DEFAULT_DIRECTORY).resolve())
    return DirectoryOfDeadLetters(DEFAULT_DIRECTORY)


def _not_kept(where: str, error: OSError) -> EventError:
    return EventError(
        "a dead letter could not be kept, so its message is not acknowledged",
        where=where,
        got=f"{type(error).__name__}: {error}",
        todo="make the directory writable, or name another place under events.dead_letters",
    )
