"""A path that klio's jobs import."""

from klio.metrics.registry import MetricsRegistry

__all__ = ["MetricsRegistry"]
