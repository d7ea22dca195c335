"""Which relays a job's metrics are told to: those that the job file asks for, and those that were registered."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from klio.metrics.base import AbstractRelayClient
from klio.metrics.logger import MetricsLoggerClient
from klio.metrics.prometheus import PrometheusClient
from klio.metrics.shumway import ShumwayMetricsClient

MakeRelay = Callable[[Any], AbstractRelayClient]
_registered: list[MakeRelay] = []


def register(make: MakeRelay) -> MakeRelay:
    """Let every job of this process have the relay that `make(config)` answers; a relay's class is such a callable.

    In a module of the job, as a decorator::

        @register
        class Statsd(AbstractRelayClient): ...
    """
    if make not in _registered:
        _registered.append(make)
    return make


def relays_for(config: Any) -> list[AbstractRelayClient]:
    """Answer the relays of a job: the log, Prometheus, an ffwd agent, and what was registered."""
    metrics = config.job_config.metrics
    relays: list[AbstractRelayClient] = []
    if getattr(metrics, "logger", None):
        relays.append(MetricsLoggerClient(config))
    if getattr(metrics, "prometheus", None):
        relays.append(PrometheusClient(config))
    if getattr(metrics, "shumway", None):
        relays.append(ShumwayMetricsClient(config))
    return relays + [make(config) for make in _registered]


def timer_unit(metrics: Any) -> str:
    """Answer the unit of klio's own timers: the job's, else of the first kind that names one, else s."""
    named = getattr(metrics, "timer_unit", None)
    kinds = (getattr(metrics, kind, None) for kind in ("native", "shumway", "logger"))
    units = [getattr(kind, "timer_unit", None) for kind in kinds]
    return str(next((unit for unit in (named, *units) if unit), "s"))
