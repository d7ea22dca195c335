from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any

import click

from klio_cli import job_dir, options
from klio_cli.terminal import Terminal
from klio_core.errors import EventError

if TYPE_CHECKING:
    from klio_cli.pubsub import PubSub, Receive
    from klio_core.config import KlioConfig

NOT_ALL_PUBLISHED = 1
DEAD_LETTERS = 3
_SHOWN = 20


@click.command()
@click.argument("elements", nargs=-1, metavar="[ELEMENT]...")
@click.option("--file", metavar="FILE", help="Publish each line of FILE too; - is standard input.")
@click.option("-f", "--force", is_flag=True, help="Work although the output exists.")
@click.option("-p", "--ping", is_flag=True, help="Trace the path without work.")
@click.option("-t", "--top-down", is_flag=True, help="Let every job downstream work.")
@click.option("-b", "--bottom-up", is_flag=True, help="Let this job alone work (the default).")
@click.option("-n", "--non-klio", is_flag=True, help="Send the bare element instead of a KlioMessage.")
@click.option("--follow", is_flag=True, help="Show how far each element has come, until all are done.")
@click.option("--topic", metavar="TOPIC", help="Publish to this topic instead of the job's input.")
@options.flags("local", *options.JOB_FLAGS)
@click.pass_obj
def command(
    terminal: Terminal,
    /,
    *,
    elements: tuple[str, ...],
    file: str | None,
    follow: bool,
    topic: str | None,
    **chosen: Any,
) -> int:
    """Publish elements to a job's input, and print the id of each message.

    The exit status is 1 where any could not be published, and with --follow 3 where any became a dead letter.
    """
    from klio_cli import elements as wanted
    from klio_cli import local_cloud, outgoing
    from klio_cli.pubsub import connect

    manner = outgoing.Manner(**{name: chosen.pop(name) for name in outgoing.Manner.__slots__})
    job = options.invocation(chosen)
    config = job_dir.load(job)
    outgoing.check_format(config, manner)
    named = wanted.gather(elements, file, terminal.stdin)
    bodies = outgoing.encode(named, manner, outgoing.job_ref(config))
    to = outgoing.input_topic(config, topic)
    records = outgoing.records_topic(config, local=job.local) if follow else None
    with connect(local_cloud.of(job)) as pubsub:
        if job.local:
            _make_local(pubsub, config, to, records)
        pubsub.require_topic(to)
        with _listening(pubsub, records) as receive:
            sent = send(terminal, pubsub, to, named, bodies)
            dead = receive is not None and _follow(terminal, config, sent, receive)
    if len(sent) < len(named):
        return NOT_ALL_PUBLISHED
    return DEAD_LETTERS if dead else 0


def _make_local(pubsub: PubSub, config: KlioConfig, topic: str, records: str | None) -> None:
    from klio_cli.outgoing import input_subscription

    pubsub.make_topic(topic)
    pubsub.make_subscription(input_subscription(config, topic), topic)
    if records is not None:
        pubsub.make_topic(records)


def _listening(pubsub: PubSub, records: str | None) -> AbstractContextManager[Receive | None]:
    return nullcontext() if records is None else pubsub.listen(records)


def send(
    terminal: Terminal, pubsub: PubSub, topic: str, elements: Sequence[bytes], bodies: Sequence[bytes]
) -> list[bytes]:
    """Publish, print the ids, and answer the elements that went out."""
    from klio_cli.lines import printable

    with terminal.progress("publishing", len(bodies)) as advance:
        results = list(zip(elements, pubsub.publish(topic, bodies, advance), strict=True))
    for element, result in results:
        if isinstance(result, str):
            terminal.say(f"{printable(element)}  {result}")
    failed = [(printable(element), result) for element, result in results if isinstance(result, EventError)]
    if failed:
        terminal.error(f"{len(failed)} of {len(results)} elements were not published:\n{_listed(failed)}")
    return [element for element, result in results if isinstance(result, str)]


def _listed(failed: Sequence[tuple[str, EventError]]) -> str:
    lines = [f"  {element}: {error.what}: {error.got or error.where}" for element, error in failed[:_SHOWN]]
    return "\n".join(lines + ([f"  and {len(failed) - _SHOWN} more"] if len(failed) > _SHOWN else []))


def _follow(terminal: Terminal, config: KlioConfig, elements: Sequence[bytes], receive: Receive) -> bool:
    """Watch until all elements are done; answer whether any became a dead letter."""
    from klio_cli.follow import Follow
    from klio_cli.watch import watch

    following = Follow(elements, config.job_name, time.monotonic())
    watch(terminal, following, receive)
    return following.dead
