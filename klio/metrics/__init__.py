"""Counters, gauges and timers of a job."""

from klio.metrics.registry import Counter, Gauge, MetricsRegistry, Timer

__all__ = ["Counter", "Gauge", "MetricsRegistry", "Timer"]
