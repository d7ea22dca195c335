"""Metrics as lines of the log: `job_config.metrics.logger`."""

from __future__ import annotations

import logging
from typing import Any

from klio.metrics.base import AbstractRelayClient, BaseMetric
from klio.metrics.registry import TIMER_UNITS

log = logging.getLogger("klio.metrics")


class LoggerMetric(BaseMetric):
    """One update as one line."""

    def __str__(self) -> str:
        return f"[{self.name}] value: {self.value} transform: '{self.transform}' tags: {self.tags}"


class MetricsLoggerClient(AbstractRelayClient):
    """Writes a line to the logger `klio.metrics` for each update, at the `level` that the job file says."""

    RELAY_CLIENT_NAME = "logger"

    def __init__(self, klio_config: Any) -> None:
        super().__init__(klio_config)
        said = getattr(klio_config.job_config.metrics, "logger", None)
        self._level = logging.getLevelNamesMapping()[getattr(said, "level", "debug").upper()]
        self._unit = getattr(said, "timer_unit", "ns")

    def unmarshal(self, metric: LoggerMetric) -> str:
        """Answer the line."""
        return str(metric)

    def emit(self, metric: LoggerMetric) -> None:
        """Write the line."""
        if log.isEnabledFor(self._level):
            log.log(self._level, "%s", metric)

    def counter(self, name: str, value: int = 0, transform: str | None = None, **kwargs: Any) -> LoggerMetric:
        """Make the line of an increment."""
        return _metric("counter", name, value, transform, kwargs)

    def gauge(self, name: str, value: int = 0, transform: str | None = None, **kwargs: Any) -> LoggerMetric:
        """Make the line of a value that was set."""
        return _metric("gauge", name, value, transform, kwargs)

    def timer(self, name: str, value: int = 0, transform: str | None = None, **kwargs: Any) -> LoggerMetric:
        """Make the line of a time, in the unit of the log."""
        kept = value * TIMER_UNITS[kwargs.get("timer_unit", "ns")] // TIMER_UNITS[self._unit]
        return _metric("timer", name, kept, transform, kwargs, unit=self._unit)


def _metric(
    kind: str, name: str, value: float, transform: str | None, kwargs: dict[str, Any], **tags: str
) -> LoggerMetric:
    return LoggerMetric(name, value, transform, tags={**kwargs.get("tags", {}), "metric_type": kind, **tags})
