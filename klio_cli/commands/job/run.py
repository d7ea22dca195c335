from __future__ import annotations

from typing import Any

import click

from klio_cli import here, job_dir, options
from klio_core.errors import UsageError
from klio_core.invocation import FLAGS, Invocation


@click.command()
@options.flags(*(flag.field for flag in FLAGS))
@click.option("--no-container", is_flag=True, help="Run, or launch, with this machine's Python, not in an image.")
def command(*, no_container: bool, **chosen: Any) -> int:
    """Run a job.

    With --local, on this machine with nothing but Python: the local cloud is started where it is not up.
    With --direct-runner --no-container, on this machine against the services that the job file names.
    With --no-container, on the DataflowRunner that the job file names: launched from here; its workers run the image.
    The exit status is that of the run: 3 where something was lost or became a dead letter.
    """
    job = options.invocation(chosen)
    _check(job, no_container=no_container)
    return here.klioexec(["run", *job_dir.check(job).argv()])


def _check(job: Invocation, *, no_container: bool) -> None:
    if job.local and job.direct_runner:
        raise UsageError(
            "--local and --direct-runner exclude each other",
            expected="--local for the local cloud, --direct-runner for the services that the job file names",
        )
    if not job.local and not no_container:
        raise UsageError(
            "running in a container and on Kubernetes is not built yet",
            todo="`klio job run --local`, or --no-container: with --direct-runner, or on Dataflow",
        )
