"""Where status records go. Writing one never decides the outcome of the work: a failure is logged, once."""

from __future__ import annotations

import atexit
import logging
import os
import socket
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, wait
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Protocol

from klio.events.outbox import Outbox
from klio_core.errors import KlioError
from klio_core.status import State, Status

log = logging.getLogger("klio.status")
# Progress of one element is told this often at most; people do not read faster.
_PROGRESS_S = 0.2
# The time that so many elements took is kept at most, until their end is told.
_REMEMBERED = 10_000
# A process that ends waits so long for its last records to leave.
_LAST_S = 5.0
# Before messages are acknowledged, so long: what is told of them then is told for the last time.
_SETTLED_S = 1.0
# Queued again: a parent was asked.
_THE_RUNNER_IS_DONE = frozenset(state for state in State if state.final or state is State.QUEUED)


class Records(Protocol):
    """A place for status records."""

    def write(self, status: Status) -> None:
        """Take one record. Must neither wait for a service nor raise."""

    def settle(self) -> None:
        """See that what was written would outlive this process. Waits for about a second at most, and never raises."""


class NoRecords:
    """Nobody asked for records."""

    def write(self, status: Status) -> None:
        """Forget the record."""

    def settle(self) -> None:
        """There is nothing to see to."""


class TopicOfRecords:
    """Publishes the records of a moment together, a line for each; nobody waits for it."""

    def __init__(self, topic: str, job: str) -> None:
        self._topic = topic
        self._job = job
        self._outbox = Outbox(self._publish)
        self._complained = False
        self._answers = True
        self._last: Future[str] | None = None
        atexit.register(self._wait, _LAST_S)  # before the outbox has anything to flush: so this is called after that

    def write(self, status: Status) -> None:
        """Send the record on its way."""
        self._outbox.put(status)

    def settle(self) -> None:
        """Wait until the service has what was written; one that did not answer is not waited for until it does."""
        self._outbox.flush()
        if self._answers:
            self._answers = self._wait(_SETTLED_S)

    def _publish(self, records: Sequence[Status]) -> None:
        from klio.events import pubsub

        lines = b"\n".join(record.encode() for record in records)
        try:
            self._last = pubsub.publish(self._topic, lines, job=self._job)
        except KlioError as error:  # no credentials, or too much at once: the next records may leave
            self._failed(error)
        else:
            self._last.add_done_callback(self._sent)

    def _wait(self, seconds: float) -> bool:
        return self._last is None or not wait([self._last], seconds).not_done

    def _sent(self, future: Future[str]) -> None:
        error = future.exception()
        if error is None:
            self._answers = True
        else:
            self._failed(error)

    def _failed(self, error: BaseException) -> None:
        self._answers = False
        if not self._complained:
            self._complained = True
            log.warning("status records cannot be written to %s (%s); the work goes on", self._topic, error)


class DirectoryOfRecords:
    """A line for each record, in one file for each worker."""

    def __init__(self, location: str) -> None:
        self._path = Path(location) / f"{worker_name()}.jsonl"
        self._fd: int | None = None
        self._complained = False

    def write(self, status: Status) -> None:
        """Add one line, at once: it is there even if the worker dies of what comes next."""
        try:
            if self._fd is None:
                self._fd = self._opened()
            os.write(self._fd, status.encode() + b"\n")
        except OSError as error:
            if not self._complained:
                self._complained = True
                log.warning("status records cannot be written to %s (%s); the work goes on", self._path, error)

    def settle(self) -> None:
        """Each line is there already."""

    def _opened(self) -> int:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        return os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)


class SeveralRecords:
    """Several places for the same records."""

    def __init__(self, *places: Records) -> None:
        self._places = places

    def write(self, status: Status) -> None:
        """Hand the record to each of them."""
        for place in self._places:
            place.write(status)

    def settle(self) -> None:
        """Let each of them see to it."""
        for place in self._places:
            place.settle()


class Recorder:
    """What a job tells of its elements.

    A runner that hands out messages in batches says so with `begin`. From then on `finished` are the elements of the
    batch that came to a final state, and `renamed` says which went on under another name, so that the runner can tell
    of the others. `unseen` says that the author's code keeps its results from klio. `when_begun` is called with each
    element that the author's code begins to work on.
    """

    def __init__(self, job: str, records: Records) -> None:
        self._job = job
        self._records = records
        self.silent = isinstance(records, NoRecords)
        """Whether nobody listens, so that callers may save themselves the work."""
        self.worker = worker_name()
        """What the records call this process."""
        self._told: dict[bytes, float] = {}
        self._unfinished: dict[bytes, Status] = {}
        self._attempts: dict[bytes, int] = {}
        self._spent_ns: dict[bytes, int] = {}
        self.finished: set[bytes] = set()
        self.renamed: dict[bytes, bytes] = {}
        self.unseen = False
        self.when_begun: Callable[[bytes], None] = lambda _element: None

    def tell_too(self, records: Records) -> None:
        """From now on, write to this place, too."""
        self._records = records if self.silent else SeveralRecords(self._records, records)
        self.silent = False

    def begin(self, attempts: Mapping[bytes, int]) -> None:
        """Record that these elements are leased, each for its n-th attempt, which their next records repeat."""
        self._attempts = dict(attempts)
        self._spent_ns.clear()
        self._unfinished.clear()
        self.finished.clear()
        self.renamed.clear()
        for element in attempts:
            self.tell(element, State.LEASED)

    def attempt(self, element: bytes) -> int:
        """Answer how often the work on `element` has been begun, as far as the runner knows."""
        return self._attempts.get(element, 1)

    def worked(self, element: bytes, nanoseconds: int) -> None:
        """Note how long the author's code worked on `element`, for the record of its end."""
        if not self.silent:
            if len(self._spent_ns) >= _REMEMBERED:  # elements that the author's code kept: no end was ever told
                self._spent_ns.clear()
            self._spent_ns[element] = self._spent_ns.get(element, 0) + nanoseconds

    def tell(self, element: bytes, state: State, note: str = "") -> None:
        """Record that `element` has come to `state`."""
        if state is State.WORKING:
            self.when_begun(element)
        elif self._attempts and state in _THE_RUNNER_IS_DONE:
            self.finished.add(element)
        if not self.silent:
            self._write(element, state, None, note)

    def rename(self, element: bytes, other: bytes) -> None:
        """Note that the author's code made another element of this one."""
        if self._attempts:
            self.renamed[element] = other

    def progress(self, element: bytes, fraction: float, note: str = "") -> None:
        """Record how far the work on `element` is, 0 to 1; records closer than 0.2 s to the last one are left out."""
        now = time.monotonic()
        if self.silent or now - self._told.get(element, 0.0) < _PROGRESS_S:
            return
        self._told = {element: now}
        self._write(element, State.WORKING, min(max(fraction, 0.0), 1.0), note)

    def renew(self) -> None:
        """Repeat what was said last of what is being worked on: whoever reads it sees that the worker lives."""
        for status in list(self._unfinished.values()):
            if status.element not in self.finished:
                self._records.write(replace(status, at=time.time()))

    def settle(self) -> None:
        """See that what was told outlives this process, before messages are acknowledged: nobody tells it again."""
        self._records.settle()

    def _write(self, element: bytes, state: State, fraction: float | None, note: str) -> None:
        attempt = self.attempt(element)
        spent = self._spent_ns.get(element) if state.final else None
        seconds = None if spent is None else spent / 1e9
        if state.final and not self._attempts:  # no runner begins anew, so nothing is kept for long
            self._spent_ns.pop(element, None)
        status = Status(element, self._job, state, time.time(), fraction, note, attempt, self.worker, seconds)
        if self._attempts:
            self._unfinished[element] = status
        self._records.write(status)


@cache
def recorder_for(job: str, topic: str | None, location: str | None) -> Recorder:
    """Answer the recorder of one `events.status` entry, by what it names; one for the process."""
    places: list[Records] = [TopicOfRecords(topic, job)] if topic else []
    if location:
        places.append(DirectoryOfRecords(location))
    return Recorder(job, SeveralRecords(*places) if places else NoRecords())


def worker_name(pid: int | None = None) -> str:
    """Answer the name of this process, or of another one of this machine, among all workers."""
    return f"{socket.gethostname()}-{os.getpid() if pid is None else pid}"
