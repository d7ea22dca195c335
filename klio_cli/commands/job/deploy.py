from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from klio_cli import here, job_dir, options
from klio_cli.terminal import Terminal
from klio_cli.where import dataflow
from klio_core.errors import UsageError

if TYPE_CHECKING:
    from klio_core.config import KlioConfig
    from klio_core.invocation import Invocation


@click.command()
@options.flags(*options.JOB_FLAGS, "image_tag", "blocking", "update", "verbose")
@click.option("--drain", is_flag=True, help="Let the job that runs finish what it has read, before it is replaced.")
@click.option("--no-container", is_flag=True, help="Launch with this machine's Python, not from the image.")
@click.option("--force-build", is_flag=True, help="Build the image although it is there, and every layer anew.")
@click.option("--dry-run", is_flag=True, help="Print what would be launched, and do nothing.")
@click.pass_obj
def command(
    terminal: Terminal, /, *, drain: bool, no_container: bool, force_build: bool, dry_run: bool, **chosen: Any
) -> int:
    """Put a job on Dataflow in the place of the one that runs there under its name.

    The new image is built and pushed first. Then the running job is cancelled, or, with --drain, finishes what it has
    read, and the new one is launched when it has ended. With --update Dataflow replaces it in place: nothing stops.
    Where none runs, the job is launched as by `klio job run`.
    """
    job = options.invocation(chosen)
    if drain and job.update:
        raise UsageError("--drain and --update exclude each other", todo="--update alone hands over what is in flight")
    config = job_dir.load(job)
    if config.pipeline_options.runner != dataflow.RUNNER:
        todo = "`klio job run` runs it on this machine"
        raise UsageError(
            f"{config.job_name} does not run on Dataflow", got=f"runner: {config.pipeline_options.runner}", todo=todo
        )
    from klio_cli.container.launch import Launch

    launch = Launch.of(job, config)
    if dry_run:
        launch.show(terminal)
        return 0

    def make_way() -> None:
        if not _in_place(job, config):
            dataflow.OnDataflow.of(config).stop(terminal, drain=drain)

    if no_container:
        make_way()
        return here.run(job)
    return launch.run(terminal, again=force_build, before=make_way)


def _in_place(job: Invocation, config: KlioConfig) -> bool:
    return config.pipeline_options.update if job.update is None else job.update
