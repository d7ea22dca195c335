"""A streaming run on this machine: takes batches from the feed, runs them, and sees that nothing is lost."""

from __future__ import annotations

import logging
import re
import time
from collections import Counter
from collections.abc import Sequence
from typing import Any

from apache_beam import Pipeline
from apache_beam.options.pipeline_options import PipelineOptions

from klio.context import KlioContext
from klio.events.read import subscription_of
from klio_core.dead_letter import Failure
from klio_core.message import Format, Message
from klio_core.status import State
from klio_exec.runners.feed import Arrived, Feed
from klio_exec.runners.microbatch import MicroBatchRunner, RunBatch
from klio_exec.runners.pace import Pace
from klio_exec.runners.tally import Tally
from klio_exec.stop import Stop

log = logging.getLogger("klio.run")
_LOOK_S = 0.2  # how often a waiting run looks whether it is to stop
_LAST_LINE = re.compile(r"^(?P<error>[\w.]*\w): (?P<text>.*)$")


class StreamingRun:
    """Runs a job's graph over its subscriptions until it is told to stop, or has been idle for long enough."""

    def __init__(self, context: KlioContext, stop: Stop, exit_when_idle_s: float | None = None) -> None:
        job = context.config.job_config
        self._context = context
        self._stop = stop
        self._idle_s = exit_when_idle_s
        self._max_attempts = job.max_attempts
        self._attempts: Counter[str] = Counter()
        self._pace = Pace(job.max_in_flight)
        sources = [subscription_of(entry, context.config.job_name) for entry in job.events.inputs]
        self._feed = Feed(sources, self._pace, lease_s=job.lease_s)
        self.tally = Tally()
        self.runner = MicroBatchRunner(self._loop)

    def run(self, pipeline: Pipeline, options: PipelineOptions) -> Tally:
        """Run the pipeline, which was built with this run's `runner`. Answers what was counted."""
        self._context.status.finished = set()
        self._stop.when_late(self._feed.give_back_all)
        self.runner.run_pipeline(pipeline, options)
        return self.tally

    def _loop(self, run_batch: RunBatch) -> None:
        self._feed.start()
        try:
            while not self._finished():
                batch = self._feed.batch(_LOOK_S)
                if batch:
                    self._work(run_batch, batch)
        finally:
            self._feed.close()

    def _finished(self) -> bool:
        if self._stop.asked:
            return True
        return self._idle_s is not None and time.monotonic() - self._feed.quiet_since > self._idle_s

    def _work(self, run_batch: RunBatch, batch: list[Arrived]) -> None:
        elements = self._leased(batch)
        start = time.monotonic()
        failure = self._attempt(run_batch, batch, elements)
        self._pace.learn(len(batch), time.monotonic() - start)
        if failure is not None and len(batch) > 1:
            log.warning("a batch of %d messages failed (%s); trying them one by one", len(batch), failure.text)
            for number, arrived in enumerate(batch):
                if self._stop.asked:
                    self._feed.give_back(batch[number:])
                    return
                self._work(run_batch, [arrived])
        elif failure is not None:
            self._failed(batch[0], elements[0], failure)

    def _attempt(self, run_batch: RunBatch, batch: Sequence[Arrived], elements: Sequence[bytes]) -> Failure | None:
        by_source: dict[str, list[Any]] = {}
        for arrived in batch:
            by_source.setdefault(arrived.source, []).append(arrived.leased)
        try:
            reported = run_batch(by_source)
        except Exception as error:  # noqa: BLE001  (whatever the graph raises fails its messages, not the run)
            return _failure(error)
        self.tally.add(reported)
        self._feed.done(batch)
        self._tell_filtered(elements)
        for arrived in batch:
            self._attempts.pop(arrived.leased.message_id, None)
        return None

    def _failed(self, arrived: Arrived, element: bytes, failure: Failure) -> None:
        """Let the message come again, a while later each time; after `max_attempts` it is a dead letter."""
        leased = arrived.leased
        self._attempts[leased.message_id] += 1
        attempts = max(self._attempts[leased.message_id], leased.attempt)
        if attempts < self._max_attempts:
            after_s = min(2 ** (attempts - 1), 60)
            log.warning("%r failed (%s), attempt %d of %d", element, failure.text, attempts, self._max_attempts)
            self.tally.counts["retried"] += 1
            self._feed.give_back([arrived], after_s)
            return
        self._context.bury(leased.data, element, failure, attempts)
        # Outside of Beam its counters go nowhere.
        self.tally.counts["read"] += 1
        self.tally.counts[f"verdict/dead letter/{failure.reason}"] += 1
        self.tally.counts[f"dead-letter/{failure.reason}"] += 1
        self._attempts.pop(leased.message_id, None)
        self._feed.done([arrived])

    def _leased(self, batch: Sequence[Arrived]) -> list[bytes]:
        elements = [_element(arrived.leased.data) for arrived in batch]
        status = self._context.status
        assert status.finished is not None
        status.finished.clear()
        for element, arrived in zip(elements, batch, strict=True):
            attempt = max(self._attempts[arrived.leased.message_id] + 1, arrived.leased.attempt)
            status.tell(element, State.LEASED, attempt=attempt)
        return elements

    def _tell_filtered(self, elements: Sequence[bytes]) -> None:
        """Those of which no later step spoke were filtered out by the author's code; that is an end, too."""
        status = self._context.status
        for element in set(elements) - (status.finished or set()):
            self.tally.counts["filtered"] += 1
            status.tell(element, State.DROPPED, "filtered by the job's code")


def _element(raw: bytes) -> bytes:
    return Message.decode(raw, Format.EITHER).element


def _failure(error: Exception) -> Failure:
    """Describe what Beam raised: it carries the author's exception as text, the last line of a traceback."""
    text = str(error)
    last = text.strip().splitlines()[-1] if text.strip() else type(error).__name__
    last = re.sub(r" \[while running .*", "", last)
    match = _LAST_LINE.match(last)
    return Failure(
        "exception", match["error"] if match else type(error).__name__, match["text"] if match else last, text
    )
