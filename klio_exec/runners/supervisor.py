"""`--workers N`: so many processes work on a job's subscriptions; one that dies is replaced."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable
from dataclasses import replace

from klio.metrics.counts import READ
from klio.utils import processors
from klio_core.config import KlioConfig
from klio_core.errors import JobCodeError, KlioError, UsageError
from klio_core.invocation import Invocation
from klio_exec.runners.attempts import directory_of
from klio_exec.runners.suspects import Suspects
from klio_exec.runners.tally import Tally
from klio_exec.runners.worker import Worker
from klio_exec.stop import Stop

log = logging.getLogger("klio.run")
GRACE_S = 5.0  # a worker ends itself when it has not drained in time; so much later it is killed
_TICK_S = 0.1
_LONGEST_PAUSE_S = 30.0
# What a worker has just pulled is leased by the subscription's own deadline, until it is first renewed.
_FIRST_LEASE_S = 60.0
# Numerical libraries start a thread for each processor, in each process.
_THREADS = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
)


class Supervisor:
    """Keeps `count` workers running until it is told to stop, or all of them have been idle for long enough.

    It holds no message itself: should it be killed, the workers notice, finish what they have begun, and end.
    """

    def __init__(
        self,
        config: KlioConfig,
        count: int,
        stop: Stop,
        exit_when_idle_s: float | None = None,
        alive: Callable[[], None] = lambda: None,
    ) -> None:
        if count < 1:
            raise UsageError("--workers: there must be one at least", expected="1 or more", got=str(count))
        if not config.pipeline_options.streaming:
            raise UsageError(
                "--workers is for streaming jobs",
                got="a batch job, whose input is read once, by one process",
                todo="run it without --workers, split its input over several runs, or make it a streaming job",
            )
        self._job = config.job_name
        self._limits = config.job_config
        self._count = count
        self._stop = stop
        self._idle_s = exit_when_idle_s
        self._alive = alive
        self._directory = directory_of(config)
        self._workers: dict[int, Worker] = {}
        self._due = dict.fromkeys(range(1, count + 1), 0.0)  # when the missing ones are to be started
        self._deaths: dict[int, int] = {}  # in a row, without having done anything
        self._been_ready = False
        self._disturbed = 0.0  # until then, what a dead worker held may come again
        self._killed_at: float | None = None  # when workers that do not end are to be killed
        self._error: KlioError | None = None
        self.tally = Tally()

    def run(self, invocation: Invocation) -> Tally:
        """Run the job that `invocation` names, until its end. Answers what all workers have counted.

        Raises the KlioError that ended a worker, and JobCodeError where the job cannot even be loaded.
        """
        self._arguments = alone(invocation).argv()
        self._max_failures = invocation.max_failures
        self._suspects = Suspects(invocation.job_dir.resolve() / self._directory, self._limits.max_attempts)
        self._stop.when_late(self._end_at_once)
        log.info("%s runs with %d workers; Ctrl-C stops it", self._job, self._count)
        try:
            while self._workers or not self._ending:
                self._tend()
                if self._been_ready:
                    self._alive()
                time.sleep(_TICK_S)
        finally:
            self._kill_all()
        if self._error is not None:
            raise self._error
        return self.tally

    @property
    def so_far(self) -> Tally:
        """What all workers have counted, those that run among them."""
        found = Tally()
        found.join(self.tally)
        for report in (worker.report for worker in list(self._workers.values())):
            if report is not None:
                found.join(report.tally)
        return found

    @property
    def _ending(self) -> bool:
        return self._killed_at is not None

    def _tend(self) -> None:
        for number, worker in list(self._workers.items()):
            self._been_ready = self._been_ready or worker.report is not None
            if worker.ended:
                self._gone(number, worker)
        if self._killed_at is not None:
            if time.monotonic() > self._killed_at:
                self._kill_all()
        elif self._stop.asked or self._idle() or self._failed_too_often():
            self._ask_all()
        else:
            self._start_missing()

    def _start_missing(self) -> None:
        for number, due in list(self._due.items()):
            if time.monotonic() >= due:
                del self._due[number]
                self._workers[number] = Worker(self._arguments, _share(self._count))

    def _gone(self, number: int, worker: Worker) -> None:
        del self._workers[number]
        if worker.report is not None:
            self.tally.join(worker.report.tally)
        self._suspects.died(worker.name, worker.how)
        if self._ending or self._stop.asked:
            return
        self._error = self._fatal(worker)
        if self._error is None:
            self._note_death(number, worker)
        else:
            self._ask_all()

    def _fatal(self, worker: Worker) -> KlioError | None:
        """Answer what ends the whole run: what would end a single worker, and a job that cannot even be loaded."""
        if not self._been_ready and worker.error is None:
            said = "see what it said above"
            return JobCodeError("a worker died before it was ready", where=self._job, got=worker.how, todo=said)
        if worker.error is not None and worker.error.transient and worker.report is None and self._been_ready:
            return None  # others could begin, so a service is away, and will be back
        return worker.error

    def _note_death(self, number: int, worker: Worker) -> None:
        report = worker.report
        did = report is not None and report.tally.counts[READ] > 0
        in_a_row = self._deaths[number] = 0 if did else self._deaths.get(number, 0) + 1
        pause_s = min(2.0 ** (in_a_row - 2), _LONGEST_PAUSE_S) if in_a_row > 1 else 0.0
        when = f"in {pause_s:g} s" if pause_s else "at once"
        log.warning("worker %d (%s): %s; another one starts %s", number, worker.name, worker.how, when)
        self.tally.counts["deaths"] += 1
        self._due[number] = time.monotonic() + pause_s
        if report is None or report.held:
            self._disturbed = time.monotonic() + max(self._limits.lease_s, _FIRST_LEASE_S)

    def _idle(self) -> bool:
        """Whether all workers have been quiet for long enough, and nothing of a dead one can still come again."""
        reports = [worker.report for worker in self._workers.values()]
        told = [report for report in reports if report is not None and not report.held]
        if self._idle_s is None or len(told) < self._count:
            return False
        quiet_since = max(self._disturbed, *(report.quiet_since for report in told))
        return time.monotonic() - quiet_since > self._idle_s

    def _failed_too_often(self) -> bool:
        if self._max_failures is None or self.so_far.dead <= self._max_failures:
            return False
        log.error(
            "more than %d messages became dead letters, so the run is stopped (--max-failures)", self._max_failures
        )
        return True

    def _ask_all(self) -> None:
        self._killed_at = time.monotonic() + self._limits.drain_timeout_s + GRACE_S
        for worker in self._workers.values():
            worker.ask()

    def _end_at_once(self) -> None:
        workers = list(self._workers.values())
        for worker in workers:
            worker.ask()
        deadline = time.monotonic() + GRACE_S
        while time.monotonic() < deadline and not all(worker.ended for worker in workers):
            time.sleep(_TICK_S)
        self._kill_all()

    def _kill_all(self) -> None:
        for worker in list(self._workers.values()):
            if not worker.ended:
                log.warning("%s does not end, and is killed", worker.name)
                worker.kill()
                self._suspects.forgive(worker.name)


def _share(count: int) -> dict[str, str]:
    """Answer the environment by which numerical libraries use a worker's share of the processors, not all of them."""
    share = str(max(1, processors() // count))
    return {name: share for name in _THREADS if name not in os.environ}


def stop_for(config: KlioConfig) -> Stop:
    """Answer what ends a supervisor: it gives its workers the time that they have, and some more."""
    return Stop(config.job_config.drain_timeout_s + 2 * GRACE_S)


def alone(invocation: Invocation) -> Invocation:
    """Answer what each worker is asked to run: the same job, by itself, until it is told to stop."""
    return replace(
        invocation, job_dir=invocation.job_dir.resolve(), workers=None, exit_when_idle=None, max_failures=None
    )
