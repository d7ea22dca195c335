from __future__ import annotations

from typing import Any

import click

from klio_cli import job_dir, options
from klio_cli.terminal import Terminal
from klio_core.errors import UsageError


@click.command()
@options.job
@click.option("--offline", is_flag=True, help="Look at the job's directory only, ask no service.")
@click.pass_obj
def command(terminal: Terminal, /, *, offline: bool, **chosen: Any) -> int:
    """Check a job before it runs, and say what to do about each fault.

    The exit status is 2 where the job file cannot be used, 1 where anything else is wrong.
    """
    from klio_cli import verify

    if not offline:
        raise UsageError("asking Google Cloud is not built yet", todo="klio job verify --offline")
    found = verify.findings(job_dir.check(options.invocation(chosen)))
    for finding in found:
        mark = terminal.styled(finding.grade.mark, finding.grade.colour)
        terminal.say(f"{mark} {finding.what}" + (f"\n    to do: {finding.todo}" if finding.todo else ""))
    terminal.say(f"\n{verify.summary(found)}")
    return verify.exit_status(found)
