from __future__ import annotations

from typing import Any

import click

from klio_cli import options
from klio_cli.terminal import Terminal


@click.command()
@options.job
@click.option("--no-tests", is_flag=True, help="Look at the job's files alone, and run nothing of it.")
@click.option("--list", "list_checks", is_flag=True, help="Print what is looked for, and look for nothing.")
@click.option(
    "--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True,
    help="As lines for people, or as one object of JSON.",
)  # fmt: skip
@click.pass_obj
def command(terminal: Terminal, /, *, no_tests: bool, list_checks: bool, form: str, **chosen: Any) -> int:
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

    as_json = form == "json"
    if list_checks:
        say_checks = report.say_checks_json if as_json else report.say_checks
        say_checks(terminal, audit.checks(of_tests=not no_tests))
        return 0
    seen = audit.look(options.invocation(chosen), tests=not no_tests)
    (report.say_json if as_json else report.say)(terminal, seen.found, seen.checks)
    return exit_status(seen.found)
