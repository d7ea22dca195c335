"""klio's names of the metrics, for jobs that import them."""

from klio.metrics.registry import Counter as CounterDispatcher
from klio.metrics.registry import Gauge as GaugeDispatcher
from klio.metrics.registry import Timer as TimerDispatcher

__all__ = ["CounterDispatcher", "GaugeDispatcher", "TimerDispatcher"]
