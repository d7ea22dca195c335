"""Jobs on Dataflow."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Self

from klio_cli.terminal import Terminal
from klio_cli.where.place import Line, Ran, when
from klio_core.errors import CloudError, UsageError

if TYPE_CHECKING:
    from klio_core.config import KlioConfig
    from klio_core.logging_api import WorkerLogs
    from klio_core.on_dataflow.api import Dataflow, DataflowJob

RUNNER = "DataflowRunner"
_WITHIN_S = 600.0
_OF_THE_SERVICE = "dataflow"
# What the service says has an importance of its own.
_SEVERITY = {"DEBUG": "DEBUG", "DETAILED": "DEBUG", "BASIC": "INFO", "WARNING": "WARNING", "ERROR": "ERROR"}
_IMPORTANCE = {"DEBUG": "DEBUG", "INFO": "BASIC", "WARNING": "WARNING", "ERROR": "ERROR", "CRITICAL": "ERROR"}


class OnDataflow:
    """A Place: a project and a region of Dataflow, and the name of a job. With no name all jobs are listed."""

    called = "Dataflow"

    def __init__(self, service: Dataflow, name: str, only: str | None = None) -> None:
        self._service = service
        self._name = name
        self._only = only

    @classmethod
    def of(cls, config: KlioConfig) -> Self:
        """Answer where the job of a job file runs. Raises ConfigError where it names no project."""
        from klio_core.on_dataflow.api import Dataflow

        return cls(Dataflow.of(config), str(config.pipeline_options.job_name))

    def jobs(self, *, everything: bool) -> Iterator[Ran]:
        """Yield the jobs of the project and the region, the newest first."""
        for job in self._service.jobs(self._only, active=not everything):
            yield Ran(job.name, job.state, job.since, "streaming" if job.streaming else "batch", job.id)

    def none(self) -> str:
        """Answer what is said where no job runs."""
        return f"no job runs on Dataflow in {self._service.project}, {self._service.region}"

    def running(self) -> tuple[str, str] | None:
        """Answer the name and the page of the job, where it runs."""
        job = self._service.active(self._name)
        return None if job is None else (job.name, self._service.page(job.id))

    def show(self, terminal: Terminal) -> None:
        """Print how the job stands, and what klio has counted in it. Raises UsageError where there is none."""
        from klio_core.on_dataflow.api import counters

        job = self._newest()
        counts = counters(self._service.metrics(job.id), "klio")
        dead = sum(number for name, number in counts.items() if name.startswith("dead-letter/"))
        processed = sum(number for name, number in counts.items() if name.startswith("verdict/process/"))
        page = self._service.page(job.id)
        rows = {"job": job.id, "page": page, "read": counts["read"], "to process": processed, "dead letters": dead}
        lines = [f"  {name:<14}{value}" for name, value in rows.items()]
        terminal.say("\n".join([f"{job.name}  {job.state} since {when(job.since)}", *lines]))

    def stop(self, terminal: Terminal, *, drain: bool) -> None:
        """Cancel the job, or drain it, and wait. Raises CloudError where that takes ten minutes."""
        service, name = self._service, self._name
        job = service.active(name)
        if job is None:
            terminal.note(f"no job {name} runs on Dataflow in {service.project}, {service.region}")
            return
        service.end(job.id, drain=drain)
        terminal.note(f"{name} ({job.id}) {'drains' if drain else 'is cancelled'}")
        ended = service.ended(job, _WITHIN_S)
        if not ended.final:
            raise CloudError(
                f"{name} has not ended within {_WITHIN_S:g} s",
                where=service.page(job.id),
                got=ended.state,
                todo="it goes on ending: `klio job status --remote` shows how far it is",
            )
        terminal.say(f"{name}: {ended.state}")

    def log(self) -> DataflowLog:
        """Answer what the service says of the newest job of the name, and what its workers log."""
        from klio_core.logging_api import WorkerLogs

        job = self._newest()
        return DataflowLog(self._service, job.id, WorkerLogs(self._service.project, job.id))

    def _newest(self) -> DataflowJob:
        job = next(self._service.jobs(self._name, active=False), None)
        if job is None:
            todo = "`klio job list --all` lists the jobs there are"
            where = f"{self._service.project}, {self._service.region}"
            raise UsageError(f"there is no job {self._name} on Dataflow", where=where, todo=todo)
        return job


class DataflowLog:
    """A Log: what the service says of a job, and what its workers log."""

    pause_s = 2.0

    def __init__(self, service: Dataflow, job_id: str, workers: WorkerLogs) -> None:
        self._service = service
        self._job_id = job_id
        self._workers = workers

    def ended(self) -> bool:
        """Whether the job has ended."""
        return self._service.job(self._job_id).final

    def lines(self, since: str, severity: str) -> Iterator[Line]:
        """Yield the lines of the service, and then those of the workers."""
        for note in self._service.notes(self._job_id, since, _IMPORTANCE[severity]):
            kind = _SEVERITY.get(note.importance, note.importance)
            yield Line(note.time, f"note {note.id}", kind, _OF_THE_SERVICE, note.text)
        for entry in self._workers.entries(since, severity):
            yield Line(entry.time, f"entry {entry.id}", entry.severity, entry.worker, entry.text)
