"""Parents: the jobs that make a job's input, whom to ask for what is missing, and in which words."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

from klio_core.message import JobRef, Limited, Message

# So many triggers are remembered at most; the oldest are forgotten first, which costs a repeated trigger at worst.
_REMEMBERED = 100_000


@dataclass(frozen=True, slots=True)
class Parent:
    """A job that makes data of ours, and where it is asked: the first topic that it reads, or a directory."""

    job: JobRef
    place: str
    makes: tuple[int, ...]  # the numbers of our data inputs


def parents_of(config: Any) -> tuple[Parent, ...]:
    """Answer the parents that a job file declares, save those that it names no way to ask."""
    names = tuple(data.name for data in config.job_config.data.inputs)
    project = config.pipeline_options.project or ""
    return tuple(
        Parent(
            JobRef(entry.job_name, entry.gcp_project or project),
            place,
            entry.made_of(names),
        )
        for entry in config.job_config.dependencies
        if (place := entry.inbox or next(iter(entry.input_topics), None))
    )


def asking(message: Message, me: JobRef, parent: JobRef) -> Message:
    """Answer the message that asks `parent` to make what `me` lacks.

    A message that came top-down goes to the parent and to us alone, so that the parent's other children stay idle,
    and is for anyone again when it comes back to us. One that came bottom-up stays so: the parent joins those for
    whom it is. The payload goes along, and comes back where the parent's output says `keep_payload`.
    """
    to = message.recipients
    if isinstance(to, Limited):
        others = tuple(job for job in to.recipients if job != parent)
        return message.with_recipients(Limited((parent, *others), to.trigger_children_of)).leaving(keep_payload=True)
    return message.with_recipients(Limited((parent, me), me)).leaving(keep_payload=True)


def visits(message: Message, me: JobRef) -> int:
    """Answer how often the message has been with `me`, this time included."""
    return sum(visit.job == me for visit in message.audit_log)


class OnTheWay:
    """What has been asked for lately, so that it is not asked for again before it can have come."""

    def __init__(self, ttl_s: float) -> None:
        self._ttl_s = ttl_s
        self._asked: OrderedDict[Hashable, float] = OrderedDict()

    def __contains__(self, what: Hashable) -> bool:
        at = self._asked.get(what)
        return at is not None and time.monotonic() - at < self._ttl_s

    def add(self, what: Hashable) -> None:
        """Note that `what` has been asked for now."""
        self._asked[what] = time.monotonic()
        self._asked.move_to_end(what)
        while len(self._asked) > _REMEMBERED:
            self._asked.popitem(last=False)
