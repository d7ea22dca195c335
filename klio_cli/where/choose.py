"""Which place a command is about: what its options say, else what the job file says."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

import click

from klio_cli import job_dir, options
from klio_cli.kubernetes import options as options_of_kubernetes
from klio_cli.kubernetes.spot import RUNNER as ON_KUBERNETES
from klio_cli.kubernetes.spot import Spot
from klio_cli.where import dataflow
from klio_cli.where.place import Place
from klio_core.errors import UsageError

if TYPE_CHECKING:
    from klio_cli.where.kubernetes import OnKubernetes
    from klio_core.config import KlioConfig
    from klio_core.invocation import Invocation

Decorated = TypeVar("Decorated", bound=Callable[..., Any])
_OPTIONS = (
    click.option("--job-name", metavar="NAME", help="Which job, where that is not the one of the job file."),
    click.option("--gcp-project", metavar="PROJECT", help="On Dataflow: whose, if not the project of the job file."),
    click.option("--region", metavar="REGION", help="On Dataflow: where, if not in the region of the job file."),
    click.option("--local", is_flag=True, help="The runs on this machine, wherever the job file says it runs."),
)


def place(command: Decorated) -> Decorated:
    """Add --job-name, --gcp-project, --region, --local, those of Kubernetes and of a job file: which job it is."""
    command = options.job(options_of_kubernetes.spot(command))
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
    spot = Spot(chosen["kube_context"], chosen["namespace"])
    if spot.is_given and not chosen["local"] and not job.config_path.is_file():
        return _without_job_file(spot, given["job_name"])
    config = job_dir.load(job)
    runner = None if chosen["local"] else config.pipeline_options.runner
    if runner == dataflow.RUNNER:
        return _on_dataflow(config, given)
    if runner == ON_KUBERNETES:
        return on_kubernetes(job, config, spot, given["job_name"])
    from klio_cli.where.here import Here
    from klio_core.local_state import project_of

    return Here(project_of(job), given["job_name"] or config.job_name, given["job_name"])


def _without_job_file(spot: Spot, name: str | None) -> OnKubernetes:
    from klio_cli.where.kubernetes import OnKubernetes

    return OnKubernetes(spot.cluster(), name or "", name)


def elsewhere(job: Invocation, config: KlioConfig, spot: Spot) -> dataflow.OnDataflow | OnKubernetes:
    """Answer where a job runs that its file puts elsewhere: on Kubernetes, else on Dataflow. Raises as the two do."""
    if config.pipeline_options.runner == ON_KUBERNETES:
        return on_kubernetes(job, config, spot)
    return dataflow.OnDataflow.of(config)


def on_kubernetes(job: Invocation, config: KlioConfig, spot: Spot, name: str | None = None) -> OnKubernetes:
    """Answer where a job is on Kubernetes, or the one named, as the manifests and `spot` say.

    Raises UsageError for manifests that cannot be read, EngineError and CloudError where no cluster is named.
    """
    from klio_cli.kubernetes.manifests import DIRECTORY, Manifests
    from klio_cli.where.kubernetes import OnKubernetes

    manifests = Manifests.of(job.job_dir) if not name and (job.job_dir / DIRECTORY).is_dir() else None
    return OnKubernetes(spot.cluster(config, manifests), name or config.job_name, name)


def _on_dataflow(config: KlioConfig, given: Mapping[str, str | None]) -> Place:
    from klio_core.on_dataflow.api import Dataflow

    said = config.pipeline_options
    project = given["gcp_project"] or said.project
    if not project:
        raise UsageError("no project is named", todo="--gcp-project, or pipeline_options.project in klio-job.yaml")
    service = Dataflow(project, given["region"] or said.region, said.dataflow_endpoint, anonymous=said.no_auth)
    return dataflow.OnDataflow(service, given["job_name"] or str(said.job_name), given["job_name"])
