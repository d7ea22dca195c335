from __future__ import annotations

from typing import Any

import click

from klio_cli import here, job_dir, options


@click.command()
@options.flags("job_dir")
@click.argument("pytest_args", nargs=-1, type=click.UNPROCESSED, metavar="[-- PYTEST_ARGS]...")
def command(*, pytest_args: tuple[str, ...], **chosen: Any) -> int:
    """Run a job's tests with pytest, whose exit status is ours."""
    job = job_dir.check(options.invocation(chosen))
    return here.klioexec(["test", "--job-dir", str(job.job_dir), "--", *pytest_args])
