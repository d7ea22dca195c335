from __future__ import annotations

from pathlib import Path

import click

from klio_cli.replace import replace
from klio_cli.terminal import Terminal


@click.command()
@click.option("--output", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE", help="Write it to a file.")
@click.pass_obj
def command(terminal: Terminal, /, output: Path | None) -> None:
    """Print the JSON Schema of klio-job.yaml, for editors that complete and check while one types.

    The first line of a new job's klio-job.yaml names the schema that lies beside it; after an update of klio,
    `klio config schema --output .klio-job.schema.json` brings that up to date.
    """
    from klio_core.config.json_schema import schema_text

    if output is None:
        terminal.say(schema_text().rstrip("\n"))
    else:
        replace(output, schema_text())
        terminal.say(f"Wrote {output}")
