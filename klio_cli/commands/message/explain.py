from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from klio_cli import here, job_dir, options
from klio_cli.terminal import Terminal

if TYPE_CHECKING:
    from klio_cli.outgoing import Manner
    from klio_core.invocation import Invocation


@click.command()
@click.argument("element")
@click.option("-f", "--force", is_flag=True, help="A message that is to be worked on although the output exists.")
@click.option("-p", "--ping", is_flag=True, help="A message that only traces the path.")
@click.option("-t", "--top-down", is_flag=True, help="A message for every job downstream.")
@click.option("-b", "--bottom-up", is_flag=True, help="A message for this job alone (the default).")
@click.option(
    "--graph",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="The job in DIR, or the jobs right below it, in the order of the graph; may be given several times.",
)
@options.flags("local", *options.JOB_FLAGS)
@click.pass_obj
def command(terminal: Terminal, /, *, element: str, graph: tuple[Path, ...], **chosen: Any) -> int:
    """Say what a job would do with a message, and why. Nothing is worked on, and nothing is sent.

    Shows each fact that the rules ask for, what the stores answer, the row of the table of decisions that applies,
    and which parents would be asked. With --graph each job is asked as if the message had come to it.
    """
    from klio_cli import elements, outgoing

    flags = {name: chosen.pop(name) for name in ("force", "ping", "top_down", "bottom_up")}
    manner = outgoing.Manner(**flags)
    job = options.invocation(chosen)
    (named,) = elements.gather([element], None, terminal.stdin)
    statuses: list[int] = []
    for one in _in_order(graph, job) if graph else [job]:
        if statuses:
            terminal.say()
        statuses.append(_explain(one, named, manner))
    return max(statuses)


def _in_order(directories: tuple[Path, ...], each: Invocation) -> list[Invocation]:
    from klio_cli.graph import dirs

    chosen = {name: getattr(each, name) for name in ("local", "config_file", "override", "template")}
    graph = dirs.load(directories, chosen)
    return [replace(each, job_dir=graph.jobs[name].directory) for name in graph.order]


def _explain(job: Invocation, element: bytes, manner: Manner) -> int:
    from klio_cli import outgoing

    config = job_dir.load(job)
    (raw,) = outgoing.encode([element], manner, outgoing.job_ref(config))
    return here.klioexec(["explain", raw.hex(), *job.argv()])
