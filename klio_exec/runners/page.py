"""What a run has counted, for Prometheus, beside what the job's code counts."""

from __future__ import annotations

from collections.abc import Iterator

from klio.metrics.prometheus import Sample, labelled, page_at
from klio_core.config import KlioConfig
from klio_exec.runners.tally import Tally

_SECOND = 1_000_000_000


def show(tally: Tally, config: KlioConfig) -> None:
    """Let the job's page for Prometheus show a tally, if the job file asks for a page."""
    prometheus = getattr(config.job_config.metrics, "prometheus", None)
    if prometheus is not None:
        page_at(prometheus.port).show(config.job_name, lambda: samples(tally, config.job_name))


def samples(tally: Tally, job: str) -> Iterator[Sample]:
    """Yield what a tally holds now, from any thread."""
    for name, number in dict(tally.counts).items():
        what, _, reason = name.partition("/")
        if what == "verdict":
            verdict, _, reason = reason.partition("/")
            labels = labelled(job=job, verdict=verdict, reason=reason)
            yield "counter", "klio_messages_decided_total", labels, number
        elif what == "dead-letter":
            yield "counter", "klio_messages_dead_total", labelled(job=job, reason=reason), number
        else:
            yield "counter", f"klio_messages_{what}_total", labelled(job=job), number
    yield "counter", "klio_work_seconds_count", labelled(job=job), tally.worked
    yield "counter", "klio_work_seconds_sum", labelled(job=job), tally.work_ns / _SECOND
    yield "gauge", "klio_work_seconds_max", labelled(job=job), tally.slowest_ns / _SECOND
