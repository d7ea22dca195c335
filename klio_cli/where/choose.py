"""Which place a command is about: what its options say, else what the job file says."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

import click

from klio_cli import job_dir, options
from klio_cli.where import dataflow
from klio_cli.where.place import Place
from klio_core.errors import UsageError

if TYPE_CHECKING:
    from klio_core.config import KlioConfig

Decorated = TypeVar("Decorated", bound=Callable[..., Any])
_OPTIONS = (
    click.option("--job-name", metavar="NAME", help="Which job, where that is not the one of the job file."),
    click.option("--gcp-project", metavar="PROJECT", help="On Dataflow: whose, if not the project of the job file."),
    click.option("--region", metavar="REGION", help="On Dataflow: where, if not in the region of the job file."),
    click.option("--local", is_flag=True, help="The runs on this machine, wherever the job file says it runs."),
)


def place(command: Decorated) -> Decorated:
    """Add --job-name, --gcp-project, --region and --local, and the options of a job file: they say which job it is."""
    command = options.job(command)
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def chosen_place(chosen: Mapping[str, Any]) -> Place:
    """Answer the place that the options say; the job file fills in what they leave out.

    Raises UsageError where it has no project.
    """
    given = {key: chosen[key] for key in ("job_name", "gcp_project", "region")}
    if all(given.values()) and not chosen["local"]:
        from klio_core.on_dataflow.api import Dataflow

        service = Dataflow(given["gcp_project"], given["region"])
        return dataflow.OnDataflow(service, given["job_name"], given["job_name"])
    job = options.invocation({key: chosen[key] for key in options.JOB_FLAGS})
    config = job_dir.load(job)
    if config.pipeline_options.runner == dataflow.RUNNER and not chosen["local"]:
        return _on_dataflow(config, given)
    from klio_cli.where.here import Here
    from klio_core.local_state import project_of

    return Here(project_of(job), given["job_name"] or config.job_name, given["job_name"])


def _on_dataflow(config: KlioConfig, given: Mapping[str, str | None]) -> Place:
    from klio_core.on_dataflow.api import Dataflow

    said = config.pipeline_options
    project = given["gcp_project"] or said.project
    if not project:
        raise UsageError("no project is named", todo="--gcp-project, or pipeline_options.project in klio-job.yaml")
    service = Dataflow(project, given["region"] or said.region, said.dataflow_endpoint, anonymous=said.no_auth)
    return dataflow.OnDataflow(service, given["job_name"] or str(said.job_name), given["job_name"])
