from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from klio_cli import job_dir, options
from klio_cli.terminal import Terminal
from klio_core.errors import UsageError

if TYPE_CHECKING:
    from klio_cli.audit.watched import Report
    from klio_core.config import KlioConfig
    from klio_core.invocation import Invocation


@click.command()
@options.flags(*options.JOB_FLAGS, "image_tag")
@click.option("--no-tests", is_flag=True, help="Look at the job's files alone, and run nothing of it.")
@click.option("--container", is_flag=True, help="Run its tests in its image, which is built if need be.")
@click.option("--force-build", is_flag=True, help="Build the image although it is there, and every layer anew.")
@click.option("--list", "list_checks", is_flag=True, help="Print what is looked for, and look for nothing.")
@click.option(
    "--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True,
    help="As lines for people, or as one object of JSON.",
)  # fmt: skip
@click.pass_obj
def command(
    terminal: Terminal,
    /,
    *,
    no_tests: bool,
    container: bool,
    force_build: bool,
    list_checks: bool,
    form: str,
    **chosen: Any,
) -> int:
    """Look for what is wrong with a job though it runs: what leaks, is slow, or breaks with the next element.

    The job's files are read; then its tests run, and what its code leaves behind is seen. Each finding says where it
    is, why it bites, and what to do. job_config.audit.skip names checks that are not for this job; a comment on the
    line, or on the one before it, turns off one finding:

    \b
    print(name)  # klio: audit-off print-in-process a tool reads it

    The exit status is 1 where there are errors; warnings are none.
    """  # noqa: D301 - \b tells click not to wrap
    from klio_cli.audit import audit, report
    from klio_core.finding import exit_status

    _check(no_tests=no_tests, container=container, force_build=force_build)
    as_json = form == "json"
    if list_checks:
        say_checks = report.say_checks_json if as_json else report.say_checks
        say_checks(terminal, audit.checks(of_tests=not no_tests))
        return 0
    job = options.invocation(chosen)
    config = job_dir.load(job)
    run_tests = None if no_tests else _run_tests(job, config, terminal, container=container, again=force_build)
    seen = audit.look(job, config, run_tests)
    (report.say_json if as_json else report.say)(terminal, seen.found, seen.checks)
    return exit_status(seen.found)


def _check(*, no_tests: bool, container: bool, force_build: bool) -> None:
    if no_tests and container:
        raise UsageError("--no-tests and --container exclude each other", todo="leave out --no-tests")
    if force_build and not container:
        raise UsageError("--force-build is for --container: without it there is no image")


def _run_tests(
    job: Invocation, config: KlioConfig, terminal: Terminal, *, container: bool, again: bool
) -> Callable[[], Report]:
    from klio_cli.audit import watched

    if container:
        return partial(watched.in_its_image, job, terminal, config, again=again)
    return partial(watched.by_this_python, job)
