"""The job on Dataflow that a command is about."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

import click

from klio_cli import job_dir, options
from klio_cli.terminal import Terminal
from klio_core.errors import CloudError, UsageError

if TYPE_CHECKING:
    from klio_core.config import KlioConfig
    from klio_core.on_dataflow.api import Dataflow, DataflowJob

Decorated = TypeVar("Decorated", bound=Callable[..., Any])
RUNNER = "DataflowRunner"
_WITHIN_S = 600.0
_OPTIONS = (
    click.option("--job-name", metavar="NAME", help="Which job, where that is not the one of the job file."),
    click.option("--gcp-project", metavar="PROJECT", help="Whose, if not the project of the job file."),
    click.option("--region", metavar="REGION", help="Where, if not in the region of the job file."),
)


def place(command: Decorated) -> Decorated:
    """Add --job-name, --gcp-project and --region, and the options of a job file: together they say which job it is."""
    command = options.job(command)
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def found(chosen: Mapping[str, Any]) -> tuple[Dataflow, str]:
    """Answer the service and the name of the job that the options say; the job file fills in what they leave out.

    Raises UsageError where it has no project, or is the file of a job that runs elsewhere.
    """
    from klio_core.on_dataflow.api import Dataflow

    given = {key: chosen[key] for key in ("job_name", "gcp_project", "region")}
    if all(given.values()):
        return Dataflow(given["gcp_project"], given["region"]), given["job_name"]
    config = job_dir.load(options.invocation({key: chosen[key] for key in options.JOB_FLAGS}))
    said = config.pipeline_options
    if said.runner != RUNNER:
        todo = "a run on this machine ends with Ctrl-C, and prints its log itself"
        raise UsageError(f"{config.job_name} does not run on Dataflow", got=f"runner: {said.runner}", todo=todo)
    project = given["gcp_project"] or said.project
    if not project:
        raise UsageError("no project is named", todo="--gcp-project, or pipeline_options.project in klio-job.yaml")
    service = Dataflow(project, given["region"] or said.region, said.dataflow_endpoint, anonymous=said.no_auth)
    return service, given["job_name"] or str(said.job_name)


def newest(service: Dataflow, name: str) -> DataflowJob:
    """Answer the job of a name that runs, else the one that ran last. Raises UsageError where there was none."""
    job = next(service.jobs(name, active=False), None)
    if job is None:
        todo = "`klio job list --all` lists the jobs there are"
        raise UsageError(f"there is no job {name} on Dataflow", where=f"{service.project}, {service.region}", todo=todo)
    return job


def stop(terminal: Terminal, service: Dataflow, name: str, *, drain: bool) -> None:
    """End the job of a name that runs, and wait until it has ended. Raises CloudError where that takes ten minutes."""
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


def show(terminal: Terminal, config: KlioConfig) -> None:
    """Print how the job of a job file stands on Dataflow, and what klio has counted in it."""
    from klio_core.on_dataflow.api import Dataflow, counters

    service = Dataflow.of(config)
    job = newest(service, str(config.pipeline_options.job_name))
    counts = counters(service.metrics(job.id), "klio")
    dead = sum(number for name, number in counts.items() if name.startswith("dead-letter/"))
    processed = sum(number for name, number in counts.items() if name.startswith("verdict/process/"))
    rows = {"job": job.id, "page": service.page(job.id), "read": counts["read"], "to process": processed}
    lines = [f"  {name:<14}{value}" for name, value in {**rows, "dead letters": dead}.items()]
    terminal.say("\n".join([f"{job.name}  {job.state} since {when(job.since)}", *lines]))


def when(time: str) -> str:
    """Answer a time of Google's services as people of this place read it."""
    try:
        return f"{datetime.fromisoformat(time).astimezone():%Y-%m-%d %H:%M:%S}"
    except ValueError:
        return time
