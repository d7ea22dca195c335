"""Metrics of a child process: noted there, and told again in the process that Beam listens to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from klio.metrics.base import AbstractRelayClient, BaseMetric
from klio.metrics.registry import MetricsRegistry


@dataclass(frozen=True, slots=True)
class Told:
    """One update: of which kind and name, in which transform, by how much (a timer: in its unit)."""

    kind: str
    name: str
    transform: str | None
    value: float
    extra: dict[str, Any]


class Forward(AbstractRelayClient):
    """Notes every update."""

    RELAY_CLIENT_NAME = "forward"

    def __init__(self) -> None:
        super().__init__(None)
        self.told: list[Told] = []

    def take_over(self, context: Any) -> None:
        """Make the metrics of `context` be noted here, and only here."""
        context.metrics = MetricsRegistry(context.config.job_name if context.bound else "no job", [self])

    def unmarshal(self, metric: BaseMetric) -> BaseMetric:
        """Answer the metric as it is."""
        return metric

    def emit(self, metric: Told) -> None:
        """Note one update."""
        self.told.append(metric)

    def counter(self, name: str, value: int = 0, transform: str | None = None, **kwargs: Any) -> Told:
        """Make the note of an increment."""
        return Told("counter", name, transform, value, kwargs)

    def gauge(self, name: str, value: int = 0, transform: str | None = None, **kwargs: Any) -> Told:
        """Make the note of a value that was set."""
        return Told("gauge", name, transform, value, kwargs)

    def timer(self, name: str, value: int = 0, transform: str | None = None, **kwargs: Any) -> Told:
        """Make the note of a time."""
        return Told("timer", name, transform, value, kwargs)


def replay(told: list[Told], metrics: MetricsRegistry) -> None:
    """Tell again, here, what was told there."""
    for one in told:
        metric = getattr(metrics, one.kind)(one.name, transform=one.transform, **one.extra)
        metric.record(one.value)
