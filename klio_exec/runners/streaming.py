"""A streaming run on this machine: takes batches from the feed, runs them, and sees that nothing is lost."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from apache_beam import Pipeline
from apache_beam.options.pipeline_options import PipelineOptions

from klio.context import KlioContext
from klio.events.read import format_of, source_of, subscription_of
from klio.gate import Gate
from klio.metrics.counts import DEAD_LETTER, FILTERED
from klio_core.dead_letter import Failure
from klio_core.errors import EventError, KlioError, MessageError, NativeCrash
from klio_core.message import Format, Message
from klio_core.redact import redacted
from klio_core.status import State, text_of
from klio_exec.blame import as_raised, without_beam
from klio_exec.runners.attempts import Attempts, directory_of
from klio_exec.runners.feed import Arrived, Feed
from klio_exec.runners.microbatch import MicroBatchRunner, RunBatch, sources_of
from klio_exec.runners.pace import Pace
from klio_exec.runners.report import Report, Tell, to_nobody
from klio_exec.runners.suspects import Suspect
from klio_exec.runners.tally import Tally
from klio_exec.stop import Stop

log = logging.getLogger("klio.run")
_LOOK_S = 0.2  # how often a waiting run looks whether it is to stop
_LONGEST_PAUSE_S = 60


class StreamingRun:
    """Runs a job's graph over its subscriptions until it is told to stop.

    It ends before that when it has been idle for `exit_when_idle_s` seconds, or is done with `limit` messages.
    """

    def __init__(
        self,
        context: KlioContext,
        stop: Stop,
        exit_when_idle_s: float | None = None,
        *,
        limit: int | None = None,
        tell: Tell = to_nobody,
        alive: Callable[[], None] = lambda: None,
    ) -> None:
        job = context.config.job_config
        self._context = context
        self._stop = stop
        self._idle_s = exit_when_idle_s
        self._limit = limit
        self._tell = tell
        self._alive = alive
        self._max_attempts = job.max_attempts
        self._journal = directory_of(context.config)
        self._lease_s = job.lease_s
        self._pace = Pace(job.max_in_flight)
        self._formats = _formats(context)
        self._origins = _origins(context)
        self.tally = Tally()
        self.runner = MicroBatchRunner(self._loop)

    def run(self, pipeline: Pipeline, options: PipelineOptions) -> Tally:
        """Run the pipeline, which was built with this run's `runner`. Answers what was counted."""
        status = self._context.status
        self._attempts = Attempts(self._journal, self._max_attempts, self._lease_s)
        sources = sources_of(pipeline)
        self._feed = Feed(sources, self._pace, lease_s=self._lease_s, limit=self._limit, renewed=self._renewed)
        status.when_begun = self._attempts.mark
        self._stop.when_asked(self._feed.stop)
        self._stop.when_late(self._give_up)
        self.runner.run_pipeline(pipeline, options)
        return self.tally

    def _renewed(self) -> None:
        self._context.status.renew()
        self._alive()

    def _give_up(self) -> None:
        self._feed.give_back_all()
        self._attempts.close()  # nobody is to blame for what is not done in time

    def _loop(self, run_batch: RunBatch) -> None:
        self._feed.start()
        log.info("%s runs, and reads %s; Ctrl-C stops it", self._context.config.job_name, ", ".join(self._feed.sources))
        try:
            while not self._finished():
                self._alive()
                batch = self._feed.batch(_LOOK_S)
                if not batch:
                    self._report()
                self._work_all(run_batch, batch)
        finally:
            self._feed.close()
            self._attempts.close()

    def _report(self) -> None:
        self._tell(Report(self.tally, self._feed.held > 0, self._feed.quiet_since))

    def _work_all(self, run_batch: RunBatch, batch: list[Arrived]) -> None:
        while batch and not self._stop.asked:
            together, later = self._split(batch)
            self._work(run_batch, together)
            batch = later
        self._feed.give_back(batch)

    def _split(self, batch: Sequence[Arrived]) -> tuple[list[Arrived], list[Arrived]]:
        """Answer what may be worked on together, and what comes after that.

        An element that came twice is worked on once: its second message finds the output of the first. What a worker
        may have died of goes alone, after the others, so that it takes nobody along.
        """
        firsts: dict[bytes, Arrived] = {}
        later = [
            one for one in batch if self._attempts.suspect(one) or firsts.setdefault(self._element(one), one) is not one
        ]
        return (list(firsts.values()), later) if firsts else (later[:1], later[1:])

    def _finished(self) -> bool:
        if self._stop.asked or self._feed.exhausted:
            return True
        return self._idle_s is not None and time.monotonic() - self._feed.quiet_since > self._idle_s

    def _work(self, run_batch: RunBatch, batch: list[Arrived]) -> None:
        batch = [one for one in batch if self._feed.ours(one)]
        if not batch:
            return
        self._report()  # what was done before is not lost, should the work on this end the process
        if self._buried(batch[0]):
            return
        elements = self._leased(batch)
        start = time.monotonic()
        error = self._attempt(run_batch, batch, elements)
        self._pace.learn(len(batch), time.monotonic() - start)
        if error is not None and len(batch) > 1:
            log.warning("a batch of %d messages failed (%s); trying them one by one", len(batch), _short(error))
            for number, arrived in enumerate(batch):
                if self._stop.asked:
                    self._feed.give_back(batch[number:])
                    return
                self._work(run_batch, [arrived])
        elif error is not None:
            self._failed(batch[0], elements[0], error)
        if self._context.failed_too_often and not self._stop.asked:
            log.error("%s (%s)", (lost := self._context.lost_work()).what, lost.where)
            self._stop.ask()

    def _attempt(self, run_batch: RunBatch, batch: Sequence[Arrived], elements: Sequence[bytes]) -> Exception | None:
        by_source: dict[str, list[Any]] = {}
        for arrived in batch:
            by_source.setdefault(arrived.source, []).append(arrived.leased)
        try:
            reported = run_batch(by_source)
        except Exception as error:  # noqa: BLE001  (whatever the graph raises fails its messages, not the run)
            self._attempts.end()
            return as_raised(error) if isinstance(error, KlioError) else error
        self.tally.add(reported)
        self._tell_the_rest(elements)
        self._context.status.settle()
        self._feed.done(batch)
        self._attempts.end()
        self._attempts.done(batch)
        return None

    def _buried(self, arrived: Arrived) -> bool:
        """Make a message a dead letter, without working on it, that has killed as many workers as it may."""
        suspect = self._attempts.suspect(arrived)
        if suspect is None or suspect.faults < self._max_attempts:
            return False
        element = self._element(arrived)
        self._context.status.begin({element: suspect.attempts})
        self._last_attempt_failed(arrived, element, _killer(suspect), suspect.attempts)
        return True

    def _failed(self, arrived: Arrived, element: bytes, error: Exception) -> None:
        """Let the message come again, a while later each time.

        After `max_attempts` it is a dead letter, unless what failed is a service: that may come back, and no message
        is to blame for it.
        """
        if not self._feed.ours(arrived):
            log.warning("%r failed (%s); its lease has ended, so it is somebody else's", element, _short(error))
            return
        attempt = self._attempts.number(arrived)
        transient = isinstance(error, KlioError) and error.transient
        if self._attempts.failed(arrived, counts=not transient):
            self._last_attempt_failed(arrived, element, error, attempt)
            return
        of = "" if transient else f" of {self._max_attempts}"
        line = Failure.of(error).at_line()
        log.warning("%r failed (%s), attempt %d%s%s", element, _short(error), attempt, of, line)
        self._again_later(arrived, element, error, attempt)

    def _last_attempt_failed(self, arrived: Arrived, element: bytes, error: Exception, attempt: int) -> None:
        try:
            self._bury(arrived, element, error)
        except EventError as unkept:
            log.warning("%r failed (%s), and %s (%s)", element, _short(error), unkept.what, unkept.where)
            self._again_later(arrived, element, unkept, attempt)
            return
        self._context.status.settle()
        self._feed.done([arrived])
        self._attempts.done([arrived])

    def _again_later(self, arrived: Arrived, element: bytes, error: Exception, attempt: int) -> None:
        pause_s = min(2 ** min(attempt - 1, 10), _LONGEST_PAUSE_S)
        self.tally.counts["retried"] += 1
        self._context.status.tell(element, State.QUEUED, f"failed ({_short(error)}), comes again in {pause_s} s")
        self._feed.give_back([arrived], pause_s)

    def _bury(self, arrived: Arrived, element: bytes, error: Exception) -> None:
        failure = Failure.of(error)
        failure = replace(failure, text=without_beam(failure.text))
        self._context.bury(arrived.leased.data, element, failure, self._origins.get(arrived.source, arrived.source))
        # Outside of Beam its counters go nowhere.
        for name in ("read", f"verdict/dead letter/{failure.reason}", f"{DEAD_LETTER}{failure.reason}"):
            self.tally.counts[name] += 1

    def _leased(self, batch: Sequence[Arrived]) -> list[bytes]:
        begun = {self._element(arrived): arrived for arrived in batch}
        self._context.status.begin({element: self._attempts.number(one) for element, one in begun.items()})
        self._attempts.begin(begun)
        return list(begun)

    def _tell_the_rest(self, elements: Sequence[bytes]) -> None:
        """No later step spoke of these: they left as other elements, or out of sight, or were filtered out."""
        status = self._context.status
        for element in set(elements) - status.finished:
            if status.unseen:
                status.tell(element, State.COMMITTED)
            elif status.renamed.get(element) in status.finished:
                status.tell(element, State.COMMITTED, f"as {text_of(status.renamed[element])}")
            else:
                self.tally.counts[FILTERED] += 1
                status.tell(element, State.DROPPED, "filtered by the job's code")

    def _element(self, arrived: Arrived) -> bytes:
        raw = arrived.leased.data
        try:
            return Message.decode(raw, self._formats.get(arrived.source, Format.EITHER)).element
        except MessageError:
            return raw


def _formats(context: KlioContext) -> dict[str, Format]:
    config = context.config
    return {
        subscription_of(entry, config.job_name): Gate(config, context.job, format_of(entry)).format
        for entry in config.job_config.events.inputs
        if entry.type == "pubsub"
    }


def _killer(suspect: Suspect) -> NativeCrash:
    return NativeCrash(
        f"the work on it ended {suspect.faults} workers",
        got=f"{suspect.worker} died of it last" + (f": {suspect.how}" if suspect.how else ""),
        todo="look for what crashes or fills the memory, or try it in a process of its own: isolation: subprocess",
    )


def _origins(context: KlioContext) -> dict[str, str]:
    config = context.config
    return {
        subscription_of(entry, config.job_name): source_of(entry)
        for entry in config.job_config.events.inputs
        if entry.type == "pubsub"
    }


def _short(error: Exception) -> str:
    said = without_beam(str(error)).partition("\n")[0]
    details = ", ".join(filter(None, (error.where, error.got))) if isinstance(error, KlioError) else ""
    return redacted(f"{type(error).__name__}: {said}" + (f" ({details})" if details else ""))
