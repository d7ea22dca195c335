"""What the processes of a job take: this one, and all that it has started, directly or not."""

from __future__ import annotations

import resource
import sys
import threading
import time
from contextlib import suppress
from types import TracebackType
from typing import Any, NamedTuple, Self

from klio.transforms.processes import has_children
from klio_exec.profile.extras import needed
from klio_exec.profile.meter import Call, Meter

_NS = 1_000_000_000
_KNOWN_FOR_S = 0.1  # to ask for all processes of a machine takes milliseconds
_LONG_NS = 5_000_000  # a call for whose end alone memory is looked at


class Sample(NamedTuple):
    """The family at one moment: ns on the clock `perf_counter_ns`, CPU time so far (ns), memory (bytes)."""

    at: int
    cpu: int
    memory: int


class Family:
    """The processes of a job. While it is entered, a thread looks at them every `interval_s` seconds.

    Memory is what is resident; what processes share is counted for each of them. Needs psutil.
    """

    def __init__(self, interval_s: float) -> None:
        self._psutil = needed("psutil")
        self._self = self._psutil.Process()
        self._others: list[Any] = []
        self._known_until = 0.0
        self._interval_s = interval_s
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._look_on, name="klio-profile", daemon=True)
        self.meter = Meter(self.cpu)
        self.samples: list[Sample] = []

    def cpu(self) -> int:
        """Answer the CPU time (ns) that all of them have taken."""
        ended = resource.getrusage(resource.RUSAGE_CHILDREN)
        own = time.process_time_ns() + int((ended.ru_utime + ended.ru_stime) * _NS)
        return own + sum(self._cpu_of(one) for one in self._others) if self._others else own

    def memory(self) -> int:
        """Answer the memory (bytes) that all of them have now."""
        found: int = self._self.memory_info().rss
        for one in self._others:
            with suppress(self._psutil.Error):  # it has ended
                found += one.memory_info().rss
        return found

    @property
    def peak(self) -> int:
        """The most memory (bytes) that was seen."""
        return max((sample.memory for sample in self.samples), default=0)

    def __enter__(self) -> Self:
        self.meter.when_ended = self._note
        self._look()
        self._thread.start()
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _: TracebackType | None
    ) -> None:
        self._ended.set()
        self._thread.join()
        self._look()

    def _look_on(self) -> None:
        while not self._ended.wait(self._interval_s):
            self._look()

    def _look(self) -> None:
        self._find()
        memory = self.memory()
        self.samples.append(Sample(time.perf_counter_ns(), self.cpu(), memory))
        if call := self.meter.at_work:
            call.transform.peak = max(call.transform.peak, memory)

    def _note(self, call: Call) -> None:
        transform = call.transform
        if not transform.peak or call.code.wall > _LONG_NS:
            transform.peak = max(transform.peak, self.memory())

    def _find(self) -> None:
        if time.monotonic() > self._known_until:
            with suppress(self._psutil.Error):
                self._others = self._self.children(recursive=True) if has_children() else []
            self._known_until = time.monotonic() + _KNOWN_FOR_S

    def _cpu_of(self, process: Any) -> int:
        if sys.platform == "linux":
            with suppress(OSError):  # it has ended, and is in the usage of our children
                return time.clock_gettime_ns(~process.pid << 3 | 2)  # the kernel's number for the clock of a process
            return 0
        with suppress(self._psutil.Error):
            times = process.cpu_times()
            return int((times.user + times.system) * _NS)
        return 0
