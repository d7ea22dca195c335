"""How many threads of one process may run an author's code at the same time."""

from __future__ import annotations

import enum
import logging
import math
import os
import threading
import uuid
import weakref
from collections.abc import Callable
from functools import partial
from pathlib import Path
from queue import SimpleQueue
from types import TracebackType
from typing import Self, TypeAlias

__all__ = ["ThreadLimit", "ThreadLimiter"]

log = logging.getLogger("klio.concurrency")
_CGROUP = Path("/sys/fs/cgroup/cpu.max")


class ThreadLimit(enum.Enum):
    """The two limits that are no number."""

    NONE = 0
    """As many threads as the runner starts."""
    DEFAULT = 1
    """As many as this process has processors: what the container or the scheduler leaves it, not what there are."""


ThreadCount: TypeAlias = "int | ThreadLimit | Callable[[], int]"


class ThreadLimiter:
    """A number of slots, shared by all threads of a process.

    `max_thread_count` is a number, a `ThreadLimit`, or a callable that answers a number. One limiter may serve several
    callables, chained ones too: a slot is held while the author's code runs, and free while others work on what it
    yielded. It travels inside what is pickled; in one process all its copies are the same limiter.

    Raises ValueError for a negative number, TypeError for what is none.
    """

    def __init__(self, max_thread_count: ThreadCount = ThreadLimit.DEFAULT, name: str | None = None) -> None:
        self.set_up(uuid.uuid4().hex, _number(max_thread_count), name)

    def set_up(self, key: str, count: int | None, name: str | None) -> None:
        """Become the limiter that this process knows by `key`; for unpickling."""
        self.name = name
        self.count = count
        self._key = key
        # A slot is a token in here: ten times as quick as a semaphore, and taken twice for a message.
        self._slots: SimpleQueue[None] = SimpleQueue()
        for _ in range(count or 0):
            self._slots.put(None)
        # `acquire` and `release` without a word and without a check, for who is sure to give back what it took.
        self.take: Callable[[], None] = self._slots.get if count is not None else _nothing
        self.give: Callable[[], None] = partial(self._slots.put, None) if count is not None else _nothing
        _limiters[key] = self
        log.debug("%r: %s threads at the same time", self, "any number of" if count is None else count)

    def of_size(self, count: int) -> ThreadLimiter:
        """Answer the limiter of `count` slots that stands for this one: in one process it is always the same."""
        return _same(f"{self._key}/{count}", count, self.name)

    def acquire(self) -> None:
        """Wait for a slot."""
        if self.count is not None:
            if self._slots.empty():
                log.debug("%r: waits for a slot", self)
            self._slots.get()

    def release(self) -> None:
        """Give the slot back. Raises ValueError where there was none to give."""
        if self.count is not None:
            if self._slots.qsize() >= self.count:
                raise ValueError(f"{self!r}: released too many times")
            self._slots.put(None)

    def __enter__(self) -> Self:
        self.acquire()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.release()

    def __repr__(self) -> str:
        return f"KlioThreadLimiter(name={self.name})" if self.name else f"KlioThreadLimiter(id={id(self)})"

    def __reduce__(self) -> tuple[object, ...]:
        return _same, (self._key, self.count, self.name)


def _nothing() -> None:
    """Where there is no limit there is no slot."""


_limiters: weakref.WeakValueDictionary[str, ThreadLimiter] = weakref.WeakValueDictionary()
_arriving = threading.Lock()


def _same(key: str, count: int | None, name: str | None) -> ThreadLimiter:
    with _arriving:
        limiter = _limiters.get(key)
        if limiter is None:
            limiter = ThreadLimiter.__new__(ThreadLimiter)
            limiter.set_up(key, count, name)
        return limiter


def _number(count: ThreadCount) -> int | None:
    if count is ThreadLimit.NONE:
        return None
    if count is ThreadLimit.DEFAULT:
        return processors()
    number = count() if callable(count) else count
    if not isinstance(number, int):
        raise TypeError(f"max_thread_count: a number, a ThreadLimit or a callable is expected, got {number!r}")
    if number < 0:
        raise ValueError(f"max_thread_count: at least 0 is expected, got {number}")
    return number


def processors(cgroup: Path = _CGROUP) -> int:
    """Answer how many processors this process may keep busy: its affinity, and its control group's quota."""
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    try:
        quota, period = cgroup.read_text().split()[:2]
    except (OSError, ValueError):  # no control group of version 2 here
        return allowed
    return allowed if quota == "max" else max(1, min(allowed, math.ceil(int(quota) / int(period))))
