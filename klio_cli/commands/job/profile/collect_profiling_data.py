from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from klio_cli import cpu_profiles, job_dir, options
from klio_cli.terminal import Terminal
from klio_core.errors import UsageError


@click.command()
@options.job
@click.option("--gcs-location", metavar="PLACE", help="Where they are, if not at pipeline_options.profile_location.")
@click.option("--since", default="1 hour ago", show_default=True, metavar="TIME", help="Those made from then on.")
@click.option("--until", default="now", show_default=True, metavar="TIME", help="Those made until then.")
@click.option("-i", "--input-file", type=click.Path(path_type=Path), metavar="FILE", help="Show what -o has kept.")
@click.option("-o", "--output-file", type=click.Path(path_type=Path), metavar="FILE", help="Keep their sum in a file.")
@click.option(
    "--sort-stats",
    multiple=True,
    default=("tottime",),
    type=click.Choice(cpu_profiles.SORTS),
    help="By what the functions are sorted; may be repeated.",
)
@click.argument("restrictions", nargs=-1, metavar="[RESTRICTION]...")
@click.pass_obj
def command(
    terminal: Terminal,
    /,
    *,
    gcs_location: str | None,
    since: str,
    until: str,
    input_file: Path | None,
    output_file: Path | None,
    sort_stats: tuple[str, ...],
    restrictions: tuple[str, ...],
    **chosen: Any,
) -> None:
    """Add up what the workers of a job on Dataflow have left of their CPU time.

    They do where the job file has pipeline_options.profile_cpu and profile_location. RESTRICTIONs shorten the table: a
    number of functions (20), a part of them (0.1), or a pattern of their names.
    """
    if input_file is not None:
        stats = cpu_profiles.read(input_file)
    else:
        now = datetime.now(UTC)
        location = gcs_location or job_dir.load(options.invocation(chosen)).pipeline_options.profile_location
        if not location:
            raise UsageError(
                "nothing says where the profiles are", todo="--gcs-location, or pipeline_options.profile_location"
            )
        stats = cpu_profiles.collected(location, cpu_profiles.moment(since, now), cpu_profiles.moment(until, now))
    if output_file is not None:
        stats.dump_stats(output_file)
        return
    terminal.say(cpu_profiles.report(stats, sort_stats, restrictions))
