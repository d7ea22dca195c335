"""Metrics for an ffwd agent, as klio sent them by the library shumway: a datagram of JSON for each update."""

from __future__ import annotations

import atexit
import json
import socket
from functools import cache
from typing import Any

from klio.metrics.base import AbstractRelayClient
from klio.metrics.registry import TIMER_UNITS

_PORT = 19_000


class ShumwayMetricsClient(AbstractRelayClient):
    """Tells the agent that `job_config.metrics.shumway` names. Nobody waits for it, or learns that it is not there."""

    RELAY_CLIENT_NAME = "shumway"

    def __init__(self, klio_config: Any) -> None:
        super().__init__(klio_config)
        said = getattr(klio_config.job_config.metrics, "shumway", None)
        self._key = getattr(said, "key", None) or klio_config.job_name
        self._unit = getattr(said, "timer_unit", "ns")
        host, _, port = getattr(said, "ffwd_addr", "127.0.0.1").partition(":")
        self._agent = host, int(port or _PORT)

    def unmarshal(self, metric: dict[str, Any]) -> bytes:
        """Answer the datagram."""
        return json.dumps(metric).encode()

    def emit(self, metric: dict[str, Any]) -> None:
        """Send one update. Raises OSError where there is no way to the agent's machine."""
        _outlet().sendto(self.unmarshal(metric), self._agent)

    def counter(self, name: str, value: int = 0, transform: str | None = None, **kwargs: Any) -> dict[str, Any]:
        """Make the update of a counter."""
        return self._metric(name, value, transform, kwargs)

    def gauge(self, name: str, value: int = 0, transform: str | None = None, **kwargs: Any) -> dict[str, Any]:
        """Make the update of a gauge."""
        return self._metric(name, value, transform, kwargs)

    def timer(self, name: str, value: int = 0, transform: str | None = None, **kwargs: Any) -> dict[str, Any]:
        """Make the update of a timer, in the unit that the job file says."""
        kept = value * TIMER_UNITS[kwargs.get("timer_unit", "ns")] // TIMER_UNITS[self._unit]
        return self._metric(name, kept, transform, kwargs, unit=self._unit)

    def _metric(
        self, name: str, value: float, transform: str | None, kwargs: dict[str, Any], **more: str
    ) -> dict[str, Any]:
        about = {"what": name, "transform": transform, **kwargs.get("tags", {}), **more}
        about["job_name"] = self.klio_config.job_name
        return {
            "key": self._key,
            "attributes": about,
            "value": value,
            "type": "metric",
            "tags": [],
            "resources": {},
        }


@cache
def _outlet() -> socket.socket:
    """Answer the one socket of this process that datagrams leave by."""
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    atexit.register(made.close)
    return made
