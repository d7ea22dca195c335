"""What code says of itself while it runs in a test: its metrics, and what it logs."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from apache_beam.metrics.execution import MetricsContainer
from apache_beam.runners.worker import statesampler
from apache_beam.utils.counters import CounterFactory

_STEP = "test"


class Watched:
    """The metrics and the log of this thread while the block of `watched` runs."""

    def __init__(self) -> None:
        self.logs: list[logging.LogRecord] = []
        self.container = MetricsContainer(_STEP)

    @property
    def metrics(self) -> dict[str, int]:
        """What each metric came to, by its name; of the same name in several transforms, the sum."""
        updates = self.container.get_cumulative()
        found: dict[str, int] = {}
        for key, counted in updates.counters.items():
            found[key.metric.name] = found.get(key.metric.name, 0) + int(counted)
        for key, recorded in updates.distributions.items():
            found[key.metric.name] = found.get(key.metric.name, 0) + int(recorded.sum)
        for key, shown in updates.gauges.items():
            found[key.metric.name] = int(shown.value)
        return found


@contextmanager
def watched() -> Iterator[Watched]:
    """Be, to the code in the block, a bundle of Beam, and a listener to all loggers; to klio's from INFO on."""
    seen = Watched()
    sampler = statesampler.StateSampler(_STEP, CounterFactory())
    before = statesampler.get_current_tracker()
    statesampler.set_current_tracker(sampler)
    try:
        with sampler.scoped_state(_STEP, _STEP, metrics_container=seen.container), _listening(seen.logs):
            yield seen
    finally:
        statesampler.set_current_tracker(before)


@contextmanager
def _listening(records: list[logging.LogRecord]) -> Iterator[None]:
    class Keep(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            records.append(record)

    keep, klio = Keep(), logging.getLogger("klio")
    level = klio.level
    logging.getLogger().addHandler(keep)
    if klio.getEffectiveLevel() > logging.INFO:
        klio.setLevel(logging.INFO)
    try:
        yield
    finally:
        klio.setLevel(level)
        logging.getLogger().removeHandler(keep)
