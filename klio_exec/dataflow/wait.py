"""Waits for a job on Dataflow, and tells what became of it."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from klio_core.errors import CloudError
from klio_core.on_dataflow.api import DONE, RUNNING, Dataflow, DataflowJob

log = logging.getLogger("klio.run")

_PAUSE_S = 2.0
_LEVELS = {"WARNING": logging.WARNING, "ERROR": logging.ERROR}
_SILENT_POLLS = 30
"""A service that does not answer for so many polls is waited for no longer."""


class Watch:
    """One job, asked again and again; what the service says of it is logged as it comes."""

    def __init__(self, service: Dataflow, job: DataflowJob) -> None:
        self._service = service
        self.job = job
        self._seen: set[str] = set()
        self._since = ""
        self._last_error = ""

    def until_running(self, within_s: float) -> None:
        """Wait until the job runs. Raises CloudError where it ends before that, or does not run within that time."""
        self._poll(lambda job: job.state == RUNNING or job.final, within_s)
        if self.job.final and self.job.state != DONE:
            raise self.failure("the job ended on Dataflow before it ran")
        if not self.job.final and self.job.state != RUNNING:
            raise self.failure(f"the job does not run on Dataflow after {within_s:g} s")

    def until_ended(self) -> None:
        """Wait until the job has ended."""
        self._poll(lambda job: job.final, None)

    def failure(self, what: str) -> CloudError:
        """Answer the error of a job that did not do what was wanted, with what the service said last."""
        return CloudError(
            what,
            where=self._service.page(self.job.id),
            got=f"{self.job.state}{f': {self._last_error}' if self._last_error else ''}",
            todo="`klio job logs` shows what the service and the workers said",
        )

    def _poll(self, enough: Callable[[DataflowJob], bool], within_s: float | None) -> None:
        deadline = None if within_s is None else time.monotonic() + within_s
        silent = 0
        while True:
            try:
                self._look()
                silent = 0
            except CloudError:
                silent += 1
                if silent >= _SILENT_POLLS:
                    raise
            if enough(self.job) or (deadline is not None and time.monotonic() > deadline):
                return
            time.sleep(_PAUSE_S)

    def _look(self) -> None:
        before = self.job.state
        self.job = self._service.job(self.job.id)
        if self.job.state != before:
            log.info("%s is %s", self.job.name, self.job.state)
        for note in self._service.notes(self.job.id, self._since):
            if note.id in self._seen:  # the service tells from a time on, that time included
                continue
            self._seen.add(note.id)
            self._since = max(self._since, note.time)
            if note.importance == "ERROR":
                self._last_error = note.text
            log.log(_LEVELS.get(note.importance, logging.INFO), "%s", note.text)
