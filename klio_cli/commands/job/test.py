from __future__ import annotations

from typing import Any

import click

from klio_cli import here, job_dir, options
from klio_cli.terminal import Terminal
from klio_core.errors import UsageError


@click.command()
@options.flags("job_dir")
@click.option("--container", is_flag=True, help="Run them in the job's image, which is built if need be.")
@click.option("--force-build", is_flag=True, help="Build the image although it is there, and every layer anew.")
@click.argument("pytest_args", nargs=-1, type=click.UNPROCESSED, metavar="[-- PYTEST_ARGS]...")
@click.pass_obj
def command(
    terminal: Terminal, /, *, container: bool, force_build: bool, pytest_args: tuple[str, ...], **chosen: Any
) -> int:
    """Run a job's tests with pytest, whose exit status is ours.

    What stands behind -- is pytest's. With --container they run in the job's image: with its Python and its libraries,
    on the files that are in it, without credentials.
    """
    job = job_dir.check(options.invocation(chosen))
    if container:
        from klio_cli.container import job_tests

        return job_tests.run(job, terminal, job_dir.load(job), pytest_args, again=force_build)
    if force_build:
        raise UsageError("--force-build is for --container: without it there is no image")
    return here.klioexec(["test", "--job-dir", str(job.job_dir), "--", *pytest_args])
