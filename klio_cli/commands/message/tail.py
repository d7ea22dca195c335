from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, islice
from typing import TYPE_CHECKING, Any

import click

from klio_cli import job_dir, options
from klio_cli.terminal import Terminal
from klio_core.errors import UsageError
from klio_core.invocation import Invocation

if TYPE_CHECKING:
    from klio_cli.pubsub import Receive

_TICK_SECONDS = 1.0


@click.command()
@click.option("--topic", metavar="TOPIC", help="Read this topic instead of the job's output.")
@click.option("--status", is_flag=True, help="Read the job's status records instead of its output.")
@click.option("-n", "count", type=click.IntRange(min=1), metavar="N", help="Stop after N messages.")
@options.flags("local", *options.JOB_FLAGS)
@click.pass_obj
def command(terminal: Terminal, /, *, topic: str | None, status: bool, count: int | None, **chosen: Any) -> None:
    """Print what a job sends on: each element, whom it is for, and the jobs it has been through.

    Starts with what is published from now on; Ctrl-C ends it.
    """
    from klio_cli import lines, local_cloud
    from klio_cli.pubsub import connect

    job = options.invocation(chosen)
    source = _source(job, topic, status=status)
    line = lines.job_status_line if status else lines.event_line
    with connect(local_cloud.of(job)) as pubsub:
        if job.local:
            pubsub.make_topic(source)
        with pubsub.listen(source) as receive:
            terminal.note(f"Reading {source}")
            messages = _messages(receive)
            bodies = chain.from_iterable(map(bytes.splitlines, messages)) if status else messages
            for body in islice(bodies, count):
                terminal.say(line(body))


def _source(job: Invocation, topic: str | None, *, status: bool) -> str:
    from klio_cli import outgoing
    from klio_core.names import parse_resource

    if topic and status:
        raise UsageError("--topic and --status exclude each other", todo="give one of them")
    if topic:
        return str(parse_resource(topic))
    config = job_dir.load(job)
    return outgoing.records_topic(config, local=job.local) if status else outgoing.output_topic(config)


def _messages(receive: Receive) -> Iterator[bytes]:
    while True:
        body = receive(_TICK_SECONDS)
        if body is not None:
            yield body
