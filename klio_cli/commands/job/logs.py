from __future__ import annotations

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from klio_cli import dataflow
from klio_cli.terminal import Terminal
from klio_core.logging_api import SEVERITIES

if TYPE_CHECKING:
    from klio_core.logging_api import WorkerLogs
    from klio_core.on_dataflow.api import Dataflow

_PAUSE_S = 2.0
_OF_THE_SERVICE = "dataflow"
# What the service says has an importance of its own.
_SEVERITY = {"DEBUG": "DEBUG", "DETAILED": "DEBUG", "BASIC": "INFO", "WARNING": "WARNING", "ERROR": "ERROR"}
_IMPORTANCE = {"DEBUG": "DEBUG", "INFO": "BASIC", "WARNING": "WARNING", "ERROR": "ERROR", "CRITICAL": "ERROR"}


class _Line(NamedTuple):
    time: str
    id: str
    severity: str
    source: str
    text: str


@click.command()
@click.option("--follow", "-f", is_flag=True, help="Go on until the job has ended.")
@click.option("--severity", type=click.Choice(SEVERITIES), default="INFO", help="This much, or worse.")
@dataflow.place
@click.pass_obj
def command(terminal: Terminal, /, *, follow: bool, severity: str, **chosen: Any) -> None:
    """Show what Dataflow says of a job and what its workers log, the oldest first."""
    from klio_core.logging_api import WorkerLogs

    service, name = dataflow.found(chosen)
    job = dataflow.newest(service, name)
    logs = WorkerLogs(service.project, job.id)
    seen: set[str] = set()
    since = ""
    while True:
        ended = service.job(job.id).final  # asked first: what was said before the end is among the lines
        for line in sorted(_lines(service, logs, job.id, since, severity)):
            since = max(since, line.time)
            if line.id not in seen:
                seen.add(line.id)
                _print(terminal, line)
        if ended or not follow:
            return
        time.sleep(_PAUSE_S)


def _lines(service: Dataflow, logs: WorkerLogs, job_id: str, since: str, severity: str) -> Iterator[_Line]:
    for note in service.notes(job_id, since, _IMPORTANCE[severity]):
        kind = _SEVERITY.get(note.importance, note.importance)
        yield _Line(note.time, f"note {note.id}", kind, _OF_THE_SERVICE, note.text)
    for entry in logs.entries(since, severity):
        yield _Line(entry.time, f"entry {entry.id}", entry.severity, entry.worker, entry.text)


def _print(terminal: Terminal, line: _Line) -> None:
    from klio_core.redact import redacted

    text = redacted(line.text).rstrip("\n")
    terminal.say(f"{dataflow.when(line.time)}  {line.severity:<8} {line.source}  {text}")
