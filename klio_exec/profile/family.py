"""What the processes of a job take: this one, and all that it has started, directly or not."""

from __future__ import annotations

import itertools
import resource
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Any, NamedTuple, Self

from klio.transforms.processes import has_children
from klio_core.message import Message
from klio_exec.profile.extras import needed
from klio_exec.profile.meter import Call, Meter

_NS = 1_000_000_000
_SELDOMER = 2  # looks at memory, which take longest, are so much rarer than what is done also
_KNOWN_FOR_S = 0.1  # to ask for all processes of a machine takes milliseconds
# So long the thread that looks waits for the one that works. The interpreter's own 5 ms are longer than many calls:
# then it would see the work only where that waits for something, and take that for all there is.
_TURN_S = 0.000_5


class Sample(NamedTuple):
    """The family at one moment: ns on the clock `perf_counter_ns`, CPU time so far (ns), memory (bytes)."""

    at: int
    cpu: int
    memory: int


class Span(NamedTuple):
    """When (ns, on that clock) a transform's own code was at an element."""

    transform: str
    element: bytes
    begin: int
    end: int


class Family:
    """The processes of a job. While it is entered, a thread looks at them every `interval_s` seconds.

    It does then what is `also` to be done. Memory is what is resident; what processes share is counted for each of
    them. `spans` are noted on demand. Needs psutil.
    """

    def __init__(self, interval_s: float, *, spans: bool = False, also: Callable[[], None] | None = None) -> None:
        self._psutil = needed("psutil")
        self._self = self._psutil.Process()
        self._others: list[Any] = []
        self._known_until = 0.0
        self._cpu_of_others = 0
        self._interval_s = interval_s
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._look_on, name="klio-profile", daemon=True)
        self.meter = Meter(self.cpu)
        self.samples: list[Sample] = []
        self.spans: list[Span] = []
        self._wants_spans = spans
        self._also = also

    def cpu(self) -> int:
        """Answer the CPU time (ns) that all of them have taken; of the others, as of the last look at them."""
        return time.process_time_ns() + self._cpu_of_others

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
        self.meter.when_left = self._note
        self.meter.when_ended = self._note_span if self._wants_spans else None
        self._turn_s = sys.getswitchinterval()
        sys.setswitchinterval(_TURN_S)
        self._look()
        self._thread.start()
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _: TracebackType | None
    ) -> None:
        self._ended.set()
        self._thread.join()
        sys.setswitchinterval(self._turn_s)
        self._look()

    def _look_on(self) -> None:
        for number in itertools.count():
            if self._ended.wait(self._interval_s):
                return
            if number % _SELDOMER == 0:
                self._look()
            if self._also is not None:
                self._also()

    def _look(self) -> None:
        self._find()
        self._look_at_others()
        memory = self.memory()
        self.samples.append(Sample(time.perf_counter_ns(), self.cpu(), memory))
        self.meter.memory = memory
        if call := self.meter.at_work:
            _take_in(call, memory)

    def _look_at_others(self) -> None:
        ended = resource.getrusage(resource.RUSAGE_CHILDREN)
        alive = sum(self._cpu_of(one) for one in self._others) if self._others else 0
        self._cpu_of_others = int((ended.ru_utime + ended.ru_stime) * _NS) + alive

    def _note(self, call: Call) -> None:
        self._look_at_others()  # what a program took that the code has started is in its own time
        if not call.transform.peak:  # too short a call for the thread to see it
            _take_in(call, self.memory())

    def _note_span(self, call: Call) -> None:
        if call.decorated:
            element = Message.decode(call.given).element
            self.spans += [Span(call.transform.name, element, begin, end) for begin, end in call.stretches]

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


def _take_in(call: Call, memory: int) -> None:
    transform = call.transform
    transform.peak = max(transform.peak, memory)
    transform.growth = max(transform.growth, memory - call.memory)
