"""The metrics that an author's code and klio itself update: Beam's own, in the thread that does the work."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from types import TracebackType
from typing import Any, ClassVar, Self

from apache_beam.metrics import Metrics
from apache_beam.metrics.metricbase import MetricName

from klio.metrics.base import AbstractRelayClient
from klio.metrics.cells import Cell, Nowhere, Told

log = logging.getLogger("klio.metrics")
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


# The relays of each job in this process, for metrics that came here inside of something pickled.
_here: dict[str, Sequence[AbstractRelayClient]] = {}


class _Here:
    """The relays that a job has in this process, now."""

    def __init__(self, job_name: str) -> None:
        self.job_name = job_name

    def __iter__(self) -> Iterator[AbstractRelayClient]:
        return iter(_here.get(self.job_name, ()))


class Metric:
    """One metric: Beam is told of every update, and after it each relay.

    Pickled, as in the state of a DoFn, it leaves its relays behind and tells those that its job has where it arrives.
    """

    kind: ClassVar[str]

    def __init__(
        self,
        namespace: str,
        name: str,
        relays: Iterable[AbstractRelayClient] = (),
        transform: str | None = None,
        job_name: str = "",
        **extra: Any,
    ) -> None:
        self._namespace = namespace
        self.name = name
        self._job_name = job_name
        self._relays = relays
        self._transform = transform
        self._extra = extra

    def _tell(self, value: float) -> None:
        for relay in self._relays:
            try:
                made = getattr(relay, self.kind)(self.name, value=value, transform=self._transform, **self._extra)
                relay.emit(made)
            except Exception as error:  # noqa: BLE001  (a relay is anybody's code, and decides nothing about the work)
                log.warning("metric %s was not told to %s: %r", self.name, relay.RELAY_CLIENT_NAME, error)

    def _cell(self, container: Any, kind: str) -> Cell:
        name = MetricName(self._namespace, self.name)
        cell: Cell = Nowhere() if container is None else getattr(container, kind)(name)
        return Told(cell, self._tell) if self._relays else cell

    def __reduce__(self) -> tuple[object, ...]:
        named = (self._namespace, self.name, self._transform, self._job_name)
        return _arrived, (type(self), named, self._extra)


def _arrived(kind: type[Metric], named: tuple[str, str, str | None, str], extra: dict[str, Any]) -> Metric:
    namespace, name, transform, job_name = named
    return kind(namespace, name, _Here(job_name), transform, job_name, **extra)


class Counter(Metric):
    """A sum over all workers. Beam adds it up."""

    kind = "counter"

    def __init__(self, namespace: str, name: str, *args: Any, **kwargs: Any) -> None:
        super().__init__(namespace, name, *args, **kwargs)
        self._add = Metrics.counter(namespace, name).inc

    def inc(self, value: int = 1) -> None:
        """Add `value`."""
        self._add(value)
        if self._relays:
            self._tell(value)

    def record(self, value: int) -> None:
        """Add `value`, as every kind of metric records one."""
        self.inc(value)

    def cell(self, container: Any) -> Cell:
        """Answer where the counter is added up in one bundle; see `klio.metrics.cells`."""
        return self._cell(container, "get_counter")


class Gauge(Metric):
    """The newest value that any worker set."""

    kind = "gauge"

    def __init__(self, namespace: str, name: str, *args: Any, **kwargs: Any) -> None:
        super().__init__(namespace, name, *args, **kwargs)
        self._beam = Metrics.gauge(namespace, name)

    def set(self, value: int) -> None:
        """Set the value."""
        self._beam.set(value)
        if self._relays:
            self._tell(value)

    def record(self, value: int) -> None:
        """Set the value, as every kind of metric records one."""
        self.set(value)


class Timer(Metric):
    """A distribution of durations. Use it as a context manager, or `start` and `stop` it, in any number of threads."""

    kind = "timer"

    def __init__(self, namespace: str, name: str, *args: Any, timer_unit: str = "ns", **kwargs: Any) -> None:
        super().__init__(namespace, name, *args, timer_unit=timer_unit, **kwargs)
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
        self.record(self.in_unit(nanoseconds))

    def in_unit(self, nanoseconds: int) -> int:
        """Answer a duration in the timer's unit, rounded."""
        return round(nanoseconds / self._divisor)

    def record(self, value: int) -> None:
        """Record one duration in the timer's unit."""
        self._beam.update(value)
        if self._relays:
            self._tell(value)

    def cell(self, container: Any) -> Cell:
        """Answer where the timer is added up in one bundle, in its unit; see `klio.metrics.cells`."""
        return self._cell(container, "get_distribution")

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()


class MetricsRegistry:
    """The metrics of one job, each made once. The namespace of a metric is its transform, else the job.

    `relays` are told of every update, too. Beam's metrics carry no tags; relays get them, as they were when the
    metric was made.
    """

    def __init__(self, job_name: str, relays: Sequence[AbstractRelayClient] = ()) -> None:
        self._job_name = job_name
        self._relays = tuple(relays)
        self._made: dict[tuple[type, str, str], Any] = {}
        _here[job_name] = self._relays

    @property
    def names(self) -> set[tuple[str, str]]:
        """The metrics that were made, each with its namespace."""
        return {(name, namespace) for _, namespace, name in self._made}

    def counter(self, name: str, value: int = 0, transform: str | None = None, **tags: Any) -> Counter:
        """Answer the counter `name`; a `value` is added at once."""
        counter: Counter = self._get(Counter, name, transform, tags)
        if value:
            counter.inc(value)
        return counter

    def gauge(self, name: str, value: int = 0, transform: str | None = None, **tags: Any) -> Gauge:
        """Answer the gauge `name`; a `value` is set at once."""
        gauge: Gauge = self._get(Gauge, name, transform, tags)
        if value:
            gauge.set(value)
        return gauge

    def timer(
        self, name: str, value: int = 0, timer_unit: str = "ns", transform: str | None = None, **tags: Any
    ) -> Timer:
        """Answer the timer `name`, recording in `timer_unit` (ns, us, ms or s); a `value` (ns) is recorded at once."""
        timer: Timer = self._get(Timer, name, transform, tags, timer_unit=timer_unit)
        if value:
            timer.update(value)
        return timer

    def _get(self, kind: type, name: str, transform: str | None, tags: dict[str, Any], **extra: Any) -> Any:
        namespace = transform or self._job_name
        key = (kind, namespace, name)
        if key not in self._made:
            kept = tags.pop("tags", None) or tags  # klio takes them as `tags={…}`
            self._made[key] = kind(namespace, name, self._relays, transform, self._job_name, **extra, tags=kept)
        return self._made[key]
