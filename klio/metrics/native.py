"""Beam's own metrics as a relay, by the name that klio's jobs import. A registry needs none: it tells Beam itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from klio.metrics.base import AbstractRelayClient
from klio.metrics.registry import Counter, Gauge, Timer


class NativeMetricsClient(AbstractRelayClient):
    """Tells Beam of each update. Tags are left out: Beam's metrics carry none."""

    RELAY_CLIENT_NAME = "beam"

    def unmarshal(self, metric: Any) -> Any:
        """Answer the metric as it is."""
        return metric

    def emit(self, metric: Callable[[], None]) -> None:
        """Tell Beam."""
        metric()

    def counter(self, name: str, value: int = 0, transform: str | None = None, **_others: Any) -> Callable[[], None]:
        """Make the update of a counter."""
        return self._update(Counter, name, value, transform)

    def gauge(self, name: str, value: int = 0, transform: str | None = None, **_others: Any) -> Callable[[], None]:
        """Make the update of a gauge."""
        return self._update(Gauge, name, value, transform)

    def timer(self, name: str, value: int = 0, transform: str | None = None, **_others: Any) -> Callable[[], None]:
        """Make the update of a distribution."""
        return self._update(Timer, name, value, transform)

    def _update(
        self, kind: type[Counter | Gauge | Timer], name: str, value: int, transform: str | None
    ) -> Callable[[], None]:
        metric = kind(transform or self.klio_config.job_name, name)
        return lambda: metric.record(value)
