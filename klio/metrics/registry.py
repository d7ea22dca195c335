"""The metrics that an author's code and klio itself update: Beam's own, in the thread that does the work."""

from __future__ import annotations

import threading
import time
from types import TracebackType
from typing import Any, Self

from apache_beam.metrics import Metrics

# What one of these units is in nanoseconds.
TIMER_UNITS = {
    "ns": 1,
    "nanoseconds": 1,
    "us": 1_000,
    "microseconds": 1_000,
    "ms": 1_000_000,
    "milliseconds": 1_000_000,
    "s": 1_000_000_000,
    "seconds": 1_000_000_000,
}


class Counter:
    """A sum over all workers. Beam adds it up."""

    def __init__(self, namespace: str, name: str) -> None:
        self._beam = Metrics.counter(namespace, name)

    def inc(self, value: int = 1) -> None:
        """Add `value`."""
        self._beam.inc(value)


class Gauge:
    """The newest value that any worker set."""

    def __init__(self, namespace: str, name: str) -> None:
        self._beam = Metrics.gauge(namespace, name)

    def set(self, value: int) -> None:
        """Set the value."""
        self._beam.set(value)


class Timer:
    """A distribution of durations. Use it as a context manager, or `start` and `stop` it, in any number of threads."""

    def __init__(self, namespace: str, name: str, timer_unit: str = "ns") -> None:
        self._beam = Metrics.distribution(namespace, name)
        self._divisor = TIMER_UNITS[timer_unit]
        self._started = threading.local()

    def start(self) -> None:
        """Start the clock of this thread."""
        self._started.at = time.perf_counter_ns()

    def stop(self) -> None:
        """Record the time since `start` in this thread; without a start nothing is recorded."""
        at = getattr(self._started, "at", None)
        if at is not None:
            self.update(time.perf_counter_ns() - at)
            self._started.at = None

    def update(self, nanoseconds: int) -> None:
        """Record one duration."""
        self._beam.update(nanoseconds // self._divisor)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()


class MetricsRegistry:
    """The metrics of one job, each made once. The namespace of a metric is its transform, else the job."""

    def __init__(self, job_name: str) -> None:
        self._job_name = job_name
        self._made: dict[tuple[type, str, str], Any] = {}

    def counter(self, name: str, value: int = 0, transform: str | None = None, **_tags: str) -> Counter:
        """Answer the counter `name`; a `value` is added at once. Beam's metrics carry no tags."""
        counter: Counter = self._get(Counter, name, transform)
        if value:
            counter.inc(value)
        return counter

    def gauge(self, name: str, value: int = 0, transform: str | None = None, **_tags: str) -> Gauge:
        """Answer the gauge `name`; a `value` is set at once."""
        gauge: Gauge = self._get(Gauge, name, transform)
        if value:
            gauge.set(value)
        return gauge

    def timer(
        self, name: str, value: int = 0, timer_unit: str = "ns", transform: str | None = None, **_t: str
    ) -> Timer:
        """Answer the timer `name`, recording in `timer_unit` (ns, us, ms or s); a `value` (ns) is recorded at once."""
        timer: Timer = self._get(Timer, name, transform, timer_unit)
        if value:
            timer.update(value)
        return timer

    def _get(self, kind: type, name: str, transform: str | None, *args: str) -> Any:
        namespace = transform or self._job_name
        key = (kind, namespace, name)
        if key not in self._made:
            self._made[key] = kind(namespace, name, *args)
        return self._made[key]
