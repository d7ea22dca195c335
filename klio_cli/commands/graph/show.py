from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from klio_cli import options
from klio_cli.terminal import Terminal
from klio_core.errors import UsageError

if TYPE_CHECKING:
    from klio_core.graph import Graph, Problem

WRONG = 1


@click.command()
@click.argument("directories", nargs=-1, required=True, metavar="DIR...", type=click.Path(path_type=Path))
@click.option(
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Draw into a file instead: .svg is a picture, .mmd a Mermaid flowchart.",
)
@options.flags("config_file", "override", "template")
@click.pass_obj
def command(terminal: Terminal, /, *, directories: tuple[Path, ...], output: Path | None, **chosen: Any) -> int:
    """Draw jobs that feed each other, and find what is wrong between them.

    A directory is a job's, or holds directories of jobs. Options of the job file hold for each of them.
    The exit status is 1 where elements cannot come through: jobs in a circle, two that write the same data, a
    dependency that asks the wrong job, by the wrong topic or for the wrong data.
    """
    from klio_cli.graph import dirs, text
    from klio_core.graph import Weight, problems_of

    if output is not None and output.suffix not in (".svg", ".mmd"):
        raise UsageError("no picture of this kind", expected="a name that ends in .svg or .mmd", got=output.name)
    graph = dirs.load(directories, chosen)
    found = problems_of(graph)
    if output is None:
        terminal.say(text.drawing(graph, terminal.styled) + "\n")
    else:
        output.write_text(_picture(graph, found, output.suffix))
        terminal.note(f"Drawn: {output}")
    # The drawing itself tells the notes: where elements come in and go out.
    told = [problem for problem in found if output or problem.weight is not Weight.NOTE]
    terminal.say(text.findings(told, terminal.styled))
    return WRONG if any(problem.weight is Weight.ERROR for problem in found) else 0


def _picture(graph: Graph, found: Sequence[Problem], suffix: str) -> str:
    from klio_cli.graph.mermaid import mermaid
    from klio_cli.graph.svg import svg

    return svg(graph, found) if suffix == ".svg" else mermaid(graph)
