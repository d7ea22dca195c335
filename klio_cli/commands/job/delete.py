from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from klio_cli import job_dir, options
from klio_cli.terminal import Terminal
from klio_cli.where import dataflow
from klio_core.errors import UsageError

if TYPE_CHECKING:
    from klio_cli.cloud.remove import Removal
    from klio_core.config import KlioConfig


@click.command()
@options.flags("local", *options.JOB_FLAGS)
@click.option("--dry-run", is_flag=True, help="Show what would be deleted, and delete nothing.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def command(terminal: Terminal, /, *, dry_run: bool, yes: bool, **chosen: Any) -> None:
    """Delete what is in the cloud for a job alone: its subscriptions, and its output topics that nobody reads.

    Buckets and input topics stay, and so does all that others use; what stays is said, and why. The job's directory is
    not touched.
    """
    from klio_cli import local_cloud
    from klio_cli.cloud.remove import plan
    from klio_cli.cloud.services import connected
    from klio_core.needs import needs

    job = options.invocation(chosen)
    config = job_dir.load(job)
    if not job.local:
        _must_not_run(config)
    wanted = needs(config)
    with connected(wanted, local_cloud.of(job), local_cloud.objects_of(job)) as services:
        removal = plan(wanted, services)
        _show(terminal, removal)
        if dry_run or not removal.gone:
            return
        if not yes and not terminal.confirm("Delete for good, with the events that wait in it?"):
            raise UsageError("nothing was deleted", todo="answer yes, or say --yes")
        for need in removal.gone:
            services.pubsub.delete(need.name)
            terminal.note(f"deleted {need}")


def _must_not_run(config: KlioConfig) -> None:
    if config.pipeline_options.runner != dataflow.RUNNER:
        return
    running = dataflow.OnDataflow.of(config).running()
    if running is not None:
        name, page = running
        todo = "`klio job stop --drain`, and delete it then"
        raise UsageError(f"{name} runs on Dataflow", where=page, todo=todo)


def _show(terminal: Terminal, removal: Removal) -> None:
    if removal.gone:
        lines = "\n".join(f"  {need}" for need in removal.gone)
        terminal.say(f"To be deleted:\n{lines}")
    else:
        terminal.say("There is nothing to delete.")
    if removal.stays:
        lines = "\n".join(f"  {need}: {why}" for need, why in removal.stays)
        terminal.say(f"What stays:\n{lines}")
