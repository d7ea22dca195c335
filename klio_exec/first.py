"""The first messages of a batch: what its inputs hold beyond them is read, and left as it is."""

from __future__ import annotations

import threading
import uuid
from collections import Counter
from collections.abc import Iterator
from typing import Any

import apache_beam as beam

_lock = threading.Lock()
_passed: Counter[str] = Counter()  # by limit: each of the inputs has copies of it, all in this process


class First(beam.DoFn):
    """Lets `limit` messages through, of all inputs that it is put behind together. For a run in one process."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._id = uuid.uuid4().hex

    def process(self, message: Any) -> Iterator[Any]:
        """Yield the message, or nothing."""
        with _lock:
            _passed[self._id] += 1
            passes = _passed[self._id] <= self._limit
        if passes:
            yield message
