"""What services say of a job: whether all that it needs is there, and may be used."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from klio_cli.cloud.look import Seen
from klio_core.errors import CloudError, KlioError
from klio_core.finding import Finding, Grade

if TYPE_CHECKING:
    from klio_cli.kubernetes.spot import Spot
    from klio_core.config import KlioConfig
    from klio_core.invocation import Invocation

# The role that holds a permission and least besides.
_ROLES = {
    "pubsub.topics.publish": "roles/pubsub.publisher",
    "pubsub.subscriptions.consume": "roles/pubsub.subscriber",
    "storage.objects.get": "roles/storage.objectViewer",
    "storage.objects.list": "roles/storage.objectViewer",
    "storage.objects.create": "roles/storage.objectUser",
    "storage.objects.delete": "roles/storage.objectUser",
}
_MAKE = "`klio job verify --create-resources` makes it"


def findings(seen: Iterable[Seen]) -> Iterator[Finding]:
    """Say of each resource how it was found."""
    return (_of(one) for one in seen)


def service(config: KlioConfig) -> Iterator[Finding]:
    """Ask Dataflow, where the job is to run there."""
    from klio_core.on_dataflow.api import Dataflow

    dataflow, name = Dataflow.of(config), str(config.pipeline_options.job_name)
    where = f"Dataflow in {dataflow.project}, {dataflow.region}"
    try:
        running = dataflow.active(name)
    except CloudError as error:
        yield refused(error)
        return
    yield Finding(Grade.FINE, f"{where}: {f'{name} is {running.state}' if running else f'no job {name} runs'}")


def cluster(job: Invocation, config: KlioConfig, spot: Spot) -> Iterator[Finding]:
    """Ask the cluster, where the job is to run there, whether it would take it."""
    from klio_cli.kubernetes.launch import Launch
    from klio_cli.where.kubernetes import OnKubernetes

    try:
        launch = Launch.of(job, config, spot, build=True)
        there = spot.cluster(config, launch.manifests)
        launch.rehearse(there)
        running = OnKubernetes(there, config.job_name).running()
    except KlioError as error:
        yield refused(error)
        return
    how = f"{config.job_name} runs" if running else f"no job {config.job_name} runs"
    yield Finding(Grade.FINE, f"Kubernetes, {there}: it takes the manifests; {how}")


def refused(error: KlioError) -> Finding:
    """Say why a service could not be asked."""
    what = error.what + "".join(f": {part}" for part in (error.where, error.got) if part)
    return Finding(Grade.FAULT, what, error.todo or "", status=error.exit_code)


def _of(seen: Seen) -> Finding:
    need = seen.need
    what = f"{need}, {' and '.join(need.uses)}"
    if seen.refused is not None:
        return refused(seen.refused)
    if not seen.there:
        return Finding(Grade.FAULT, f"{what}: it is not there", _MAKE)
    if seen.wrong:
        return Finding(Grade.FAULT, f"{what}: {seen.wrong}", "name another one in the job file, or make this one anew")
    if seen.lacking:
        roles = " and ".join(sorted({_ROLES[right] for right in seen.lacking}))
        return Finding(Grade.FAULT, f"{what}: this account lacks {', '.join(seen.lacking)}", f"ask for {roles} on it")
    return Finding(Grade.FINE, what)
