"""Where dead letters go. A sink answers when the letter is kept; one that cannot keep it raises."""

from __future__ import annotations

import fcntl
import logging
import os
import tempfile
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Protocol

from klio.data.stores import store_for
from klio_core.dead_letter import DeadLetter
from klio_core.errors import DataError, EventError, LostLease

log = logging.getLogger("klio")
DEFAULT_DIRECTORY = ".klio/dead-letters"
_TRIES = 100  # each says that somebody else was quicker
_TOPIC_TAKES = 9_900_000  # bytes; Pub/Sub's limit is 10 MB, attributes and all


class DeadLetters(Protocol):
    """Keeps messages that could not be worked on."""

    def write(self, letter: DeadLetter) -> None:
        """Keep one letter. Raises EventError if it could not be kept: its message must then not be acknowledged."""


class DirectoryOfDeadLetters:
    """A file for each letter, on this machine or, for `gs://…`, in Cloud Storage.

    The same message with the same reason is one file, however often it comes back.
    """

    def __init__(self, location: str) -> None:
        self._location = location.rstrip("/")

    def write(self, letter: DeadLetter) -> None:
        """Keep one letter, whole or not at all, and on the disk."""
        path = f"{self._location}/{letter.name}"
        try:
            with tempfile.NamedTemporaryFile(prefix="klio-") as file:
                file.write(letter.encode())
                file.flush()
                self._commit(Path(file.name), path)
        except DataError as error:
            raise _not_kept(path, f"{error.what}{f': {error.got}' if error.got else ''}", error.todo) from error
        except OSError as error:
            raise _not_kept(path, f"{type(error).__name__}: {error}") from error

    def _commit(self, source: Path, path: str) -> None:
        """Commit over whatever is there: another worker's record of the same letter, or one being removed right now."""
        store = store_for(self._location)
        for _ in range(_TRIES):
            with suppress(LostLease):
                store.commit(source, path, expect=None)
                return
        store.commit(source, path, expect=None)


class FileOfDeadLetters:
    """A line for each letter, added at the end; several processes may share the file."""

    def __init__(self, location: str) -> None:
        self._path = Path(location)

    def write(self, letter: DeadLetter) -> None:
        """Keep one letter: its whole line is on the disk, or nothing of it."""
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with _end_of(self._path) as file:
                end = os.lseek(file, 0, os.SEEK_END)
                torn = end > 0 and os.pread(file, 1, end - 1) != b"\n"
                try:
                    _write(file, (b"\n" if torn else b"") + letter.encode() + b"\n")
                except OSError:
                    os.ftruncate(file, end)
                    raise
        except OSError as error:
            raise _not_kept(str(self._path), f"{type(error).__name__}: {error}") from error


class TopicOfDeadLetters:
    """A Pub/Sub message for each letter, with its reason as an attribute to filter by."""

    def __init__(self, topic: str) -> None:
        self._topic = topic

    def write(self, letter: DeadLetter) -> None:
        """Publish one letter and wait until the service has it."""
        from klio.events import pubsub

        record = letter.encode()
        if len(record) > _TOPIC_TAKES:
            todo = "name a directory under events.dead_letters, in Cloud Storage for one"
            raise _not_kept(self._topic, f"{len(record)} bytes, more than a message of Pub/Sub may have", todo)
        sent = pubsub.publish(self._topic, record, reason=letter.reason, job=letter.job)
        pubsub.wait_for(self._topic, [sent])


class Kept:
    """How many letters this process has kept in one run, by reason. Any thread may add to it."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._lock = threading.Lock()

    def add(self, reason: str) -> None:
        """Count one more."""
        with self._lock:
            self._counts[reason] += 1

    @property
    def by_reason(self) -> Counter[str]:
        """A copy of the counts."""
        with self._lock:
            return self._counts.copy()


@cache
def kept(_run: str) -> Kept:
    """Answer the counts of one run; one for the process, whoever unpickles its context."""
    return Kept()


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


@contextmanager
def _end_of(path: Path) -> Iterator[int]:
    """Open and lock the file that is at the path now: `klio dlq` may have put another one there meanwhile."""
    while True:
        file = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o644)
        try:
            fcntl.flock(file, fcntl.LOCK_EX)
            if _is_at(path, file):
                yield file
                return
        finally:
            os.close(file)  # and with it the lock


def _is_at(path: Path, file: int) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(file))
    except FileNotFoundError:
        return False


def _write(file: int, line: bytes) -> None:
    left = memoryview(line)
    while left:
        left = left[os.write(file, left) :]
    os.fsync(file)


def _not_kept(where: str, got: str, todo: str | None = None) -> EventError:
    todo = todo or "make the place writable, or name another one under events.dead_letters"
    return EventError("a dead letter could not be kept", where=where, got=got, todo=todo)
