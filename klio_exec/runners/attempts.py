"""How often each message has been tried, by this worker and by those that died of it."""

from __future__ import annotations

import logging
import os
import tempfile
import time
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from pathlib import Path

from klio.events.status import worker_name
from klio_core.config import KlioConfig
from klio_exec.runners.feed import Arrived
from klio_exec.runners.journal import Journal
from klio_exec.runners.suspects import Suspect, Suspects

log = logging.getLogger("klio.run")
# A worker renews its leases three times while they last, so a dead one's are seen here before they end.
_LOOKS_PER_LEASE = 4
_REMEMBERED = 10_000  # of messages that failed here and were then done elsewhere


class Attempts:
    """Counts the attempts at messages, across the deaths of workers that share a `directory`.

    Where that cannot be written to, attempts are counted while the worker lives.
    """

    def __init__(self, directory: Path, max_attempts: int, lease_s: float) -> None:
        self._max_attempts = max_attempts
        self._look_s = lease_s / _LOOKS_PER_LEASE
        self._looked = -float("inf")
        self._failed: OrderedDict[str, Suspect] = OrderedDict()
        self._numbers: dict[bytes, int] = {}
        self._suspects = Suspects(directory, max_attempts)
        self._journal = self._opened(directory)

    def _opened(self, directory: Path) -> Journal | None:
        try:
            self._suspects.died(worker_name())  # in a container, the worker before us had our number
            return Journal(directory, worker_name())
        except OSError as error:
            log.warning("attempts are not counted across crashes: %s cannot be written to (%s)", directory, error)
            return None

    def suspect(self, one: Arrived) -> Suspect | None:
        """Answer what is known against a message that workers died of; None for nearly all."""
        self._look()
        return self._suspects.of(_key(one))

    def number(self, one: Arrived) -> int:
        """Answer which attempt at a message the next one is, from 1."""
        here, suspect = self._failed.get(_key(one)), self._suspects.of(_key(one))
        before = (here.attempts if here else 0) + (suspect.attempts if suspect else 0)
        return max(before + 1, one.leased.attempt)

    def failed(self, one: Arrived, *, counts: bool) -> bool:
        """Note that an attempt failed. Answers whether it was the last one; those that do not count never are."""
        key = _key(one)
        known = self._failed.pop(key, None) or Suspect()
        self._failed[key] = known = Suspect(known.attempts + 1, known.faults + counts)
        if len(self._failed) > _REMEMBERED:
            self._failed.popitem(last=False)
        suspect = self._suspects.of(key)
        return counts and known.faults + (suspect.faults if suspect else 0) >= self._max_attempts

    def done(self, batch: Sequence[Arrived]) -> None:
        """Forget these messages."""
        for one in batch:
            self._failed.pop(_key(one), None)
            self._suspects.clear(_key(one))

    def begin(self, batch: Mapping[bytes, Arrived]) -> None:
        """Note that these elements' messages are in the graph from now on."""
        if self._journal is not None:
            self._numbers = {element: number for number, element in enumerate(batch)}
            self._journal.begin([_key(one) for one in batch.values()])

    def mark(self, element: bytes) -> None:
        """Note that the author's code has begun to work on an element."""
        number = self._numbers.get(element)
        if self._journal is not None and number is not None:
            self._journal.mark(number)

    def end(self) -> None:
        """Note that nothing is in the graph."""
        if self._journal is not None:
            self._journal.end()

    def close(self) -> None:
        """Leave nothing behind but what is known against messages."""
        if self._journal is not None:
            self._journal.discard()
            self._journal = None

    def _look(self) -> None:
        now = time.monotonic()
        if self._journal is not None and now - self._looked >= self._look_s:
            self._looked = now
            self._suspects.look(worker_name())


def directory_of(config: KlioConfig) -> Path:
    """Answer where a job's workers note what they have begun; a relative one is in the job's directory.

    Unless the job file says, it is a place that survives the worker, and perhaps the machine.
    """
    unsaid = Path(tempfile.gettempdir(), f"klio-journal-{os.getuid()}", config.job_name)
    return Path(config.job_config.journal or unsaid)


def _key(one: Arrived) -> str:
    """Name a message as a file: within a subscription, its id is its own."""
    return f"{one.source.rpartition('/')[2]}-{one.leased.message_id}"
