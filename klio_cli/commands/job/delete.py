from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from klio_cli import job_dir, options
from klio_cli.kubernetes import options as options_of_kubernetes
from klio_cli.kubernetes.spot import RUNNER, Spot
from klio_cli.terminal import Terminal
from klio_cli.where import choose, dataflow
from klio_core.errors import UsageError

if TYPE_CHECKING:
    from klio_cli.cloud.remove import Removal
    from klio_cli.cloud.services import Services
    from klio_cli.kubernetes.remove import Found
    from klio_core.config import KlioConfig
    from klio_core.invocation import Invocation


@click.command()
@options.flags("local", *options.JOB_FLAGS)
@click.option("--dry-run", is_flag=True, help="Show what would be deleted, and delete nothing.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@options_of_kubernetes.spot
@click.pass_obj
def command(
    terminal: Terminal,
    /,
    *,
    dry_run: bool,
    yes: bool,
    kube_context: str | None,
    namespace: str | None,
    **chosen: Any,
) -> None:
    """Delete what is in the cloud for a job alone: its subscriptions, and its output topics that nobody reads.

    For a job on Kubernetes also what klio applied there for it. Buckets, volumes and input topics stay, and so does all
    that others use; what stays is said, and why. The job's directory is not touched.
    """
    from klio_cli import local_cloud
    from klio_cli.cloud.remove import plan
    from klio_cli.cloud.services import connected
    from klio_core.needs import needs

    job = options.invocation(chosen)
    config = job_dir.load(job)
    spot = Spot(kube_context, namespace)
    if not job.local:
        _must_not_run(job, config, spot)
    wanted = needs(config)
    with connected(wanted, local_cloud.of(job), local_cloud.objects_of(job)) as services:
        gone, stays = _decide(plan(wanted, services), () if job.local else _in_the_cluster(job, config, spot), services)
        _show(terminal, [one.what for one in gone], stays)
        if dry_run or not gone:
            return
        if not yes and not terminal.confirm("Delete for good, with the events that wait in it?"):
            raise UsageError("nothing was deleted", todo="answer yes, or say --yes")
        for one in gone:
            one.delete()
            terminal.note(f"deleted {one.what}")


class _Gone(NamedTuple):
    what: str
    delete: Callable[[], None]


def _decide(removal: Removal, objects: Iterable[Found], services: Services) -> tuple[list[_Gone], list[str]]:
    """Answer what goes, workers before the events that they read, and what stays."""
    objects = list(objects)
    gone = [_Gone(str(one), one.delete) for one in objects if not one.stays]
    gone += [_Gone(str(need), partial(services.pubsub.delete, need.name)) for need in removal.gone]
    stays = [f"{one}: {one.stays}" for one in objects if one.stays]
    return gone, [*stays, *(f"{need}: {why}" for need, why in removal.stays)]


def _in_the_cluster(job: Invocation, config: KlioConfig, spot: Spot) -> Iterator[Found]:
    if config.pipeline_options.runner == RUNNER:
        from klio_cli.kubernetes.manifests import Manifests
        from klio_cli.kubernetes.remove import found

        manifests = Manifests.of(job.job_dir)
        yield from found(spot.cluster(config, manifests), manifests, config.job_name)


def _must_not_run(job: Invocation, config: KlioConfig, spot: Spot) -> None:
    if config.pipeline_options.runner not in {dataflow.RUNNER, RUNNER}:
        return
    place = choose.elsewhere(job, config, spot)
    running = place.running()
    if running is not None:
        name, page = running
        todo = "`klio job stop --drain`, and delete it then"
        raise UsageError(f"{name} runs on {place.called}", where=page, todo=todo)


def _show(terminal: Terminal, gone: Sequence[str], stays: Sequence[str]) -> None:
    if gone:
        lines = "\n".join(f"  {one}" for one in gone)
        terminal.say(f"To be deleted:\n{lines}")
    else:
        terminal.say("There is nothing to delete.")
    if stays:
        lines = "\n".join(f"  {one}" for one in stays)
        terminal.say(f"What stays:\n{lines}")
