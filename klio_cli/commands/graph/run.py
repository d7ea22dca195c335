from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from klio_cli import elements, options
from klio_cli.terminal import Terminal
from klio_core.errors import UsageError

if TYPE_CHECKING:
    from klio_cli.graph.children import Child
    from klio_cli.graph.plan import Plan
    from klio_cli.graph.progress import Progress
    from klio_cli.outgoing import Manner
    from klio_core.invocation import Invocation

NOT_ALL_ARRIVED = 1
DEAD_LETTERS = 3


@click.command()
@click.argument("arguments", nargs=-1, required=True, metavar="DIR... [ELEMENT]...")
@click.option("--for", "wanted", metavar="JOB", help="Ask this job alone: it and those above work on what is missing.")
@click.option("--file", metavar="FILE", help="Send each line of FILE too; - is standard input.")
@click.option("-f", "--force", is_flag=True, help="Work although the output exists.")
@click.option("-p", "--ping", is_flag=True, help="Trace the path without work.")
@options.flags("local", "config_file", "override", "template")
@click.pass_obj
def command(
    terminal: Terminal,
    /,
    *,
    arguments: tuple[str, ...],
    wanted: str | None,
    file: str | None,
    force: bool,
    ping: bool,
    **chosen: Any,
) -> int:
    """Run jobs that feed each other on the local cloud, until the elements are through.

    The leading arguments that are directories hold the jobs, as for `klio graph show`; what follows are elements.
    Elements go to the jobs that come first, and every job works (top-down); with --for, to that job, and only what it
    lacks is made (bottom-up). Then all jobs are stopped. Options of the job file hold for each of them.

    Where a job is a batch, all run in rounds: each whenever there is something for it, over files of events that lie
    under .klio, until nothing is left to do. Without elements, the jobs that come first read their own input files.

    The exit status is 3 where anything became a dead letter, 1 where an element did not come through.
    """
    from klio_cli.graph import dirs
    from klio_cli.graph.plan import Plan
    from klio_cli.outgoing import Manner

    if not chosen["local"]:
        raise UsageError("a graph runs on this machine only", todo="say --local")
    directories, named = split(arguments)
    each = options.invocation(chosen)
    plan = Plan.of(dirs.load(directories, chosen), wanted)
    manner = Manner(force=force, ping=ping, top_down=wanted is None)
    own = plan.in_rounds and manner.top_down and not named and file is None
    given = [] if own else elements.gather(named, file, terminal.stdin)
    if own and (force or ping):
        raise UsageError("--force and --ping go with elements", todo="name elements, or --file FILE")
    return _start(terminal, plan, each, given, manner)


def split(arguments: Sequence[str]) -> tuple[list[Path], list[str]]:
    """Answer the leading arguments that are directories, and the rest; the first is taken for one in any case."""
    count = next((n for n, given in enumerate(arguments) if n and not Path(given).is_dir()), len(arguments))
    return [Path(given) for given in arguments[:count]], list(arguments[count:])


def _start(terminal: Terminal, plan: Plan, each: Invocation, named: list[bytes], manner: Manner) -> int:
    from klio_cli.graph.progress import Progress

    jobs, last = ([job.name for job in some] for some in (plan.jobs, plan.last))
    progress = Progress(named, jobs, last, learns=not named)
    ended = (_in_rounds if plan.in_rounds else _all_at_once)(terminal, plan, each, progress, manner)
    if ended is not None:
        return _ended(terminal, ended)
    return _sum_up(terminal, plan, progress)


def _in_rounds(terminal: Terminal, plan: Plan, each: Invocation, progress: Progress, manner: Manner) -> Child | None:
    from klio_cli import local_cloud
    from klio_cli.graph.boxes import Boxes
    from klio_cli.graph.rounds import Rounds

    boxes = Boxes(plan.jobs, begin=[job.name for job in plan.first] if progress.learns else ())
    for job, bodies in plan.outgoing(progress.elements, manner):
        boxes.ask(job.name, bodies)
    local_cloud.start(plan.project)
    return Rounds(plan, each, boxes, progress).run(terminal, upwards=not manner.top_down)


def _all_at_once(terminal: Terminal, plan: Plan, each: Invocation, progress: Progress, manner: Manner) -> Child | None:
    from klio_cli import local_cloud
    from klio_cli.graph import children, follow
    from klio_cli.pubsub import connect

    plan.forget_logs()
    host = local_cloud.start(plan.project).pubsub
    with connect(host) as pubsub, ExitStack() as stack:
        plan.make_places(pubsub)
        receives = [stack.enter_context(pubsub.listen(topic)) for topic in plan.records]
        running = stack.enter_context(children.running(plan.arguments(each), plan.logs))
        for job, bodies in plan.outgoing(progress.elements, manner):
            sent = pubsub.publish(plan.topic_of(job), bodies, lambda: None)
            refused = [one for one in sent if not isinstance(one, str)]
            if refused:
                raise refused[0]
        quiet = partial(follow.quiet_at, host, plan.subscriptions)
        return follow.follow(terminal, progress, receives, running, quiet)


def _ended(terminal: Terminal, child: Child) -> int:
    terminal.error(f"{child.name} has ended by itself\n  at: {child.log}\n{child.last_words}")
    return child.process.returncode or NOT_ALL_ARRIVED


def _sum_up(terminal: Terminal, plan: Plan, progress: Progress) -> int:
    from klio_cli.graph import table
    from klio_core.status import State

    terminal.say()
    terminal.table(*table.summary(progress))
    terminal.say()
    for job in plan.last:
        for node in job.makes:
            terminal.say(f"made by {job.name}: {node.name}")
    for job in plan.jobs:
        if progress.counts(job.name)[State.DEAD_LETTER]:
            terminal.say(f"dead letters of {job.name}: {plan.dead_letters(job)}")
    terminal.say(f"logs: {plan.logs}")
    missing = list(table.stranded(progress))
    if missing:
        terminal.error("not all elements came through\n" + "\n".join(f"  {line}" for line in missing))
    if progress.dead:
        return DEAD_LETTERS
    return NOT_ALL_ARRIVED if missing else 0
