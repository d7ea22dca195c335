"""What a job needs of Google Cloud: its topics, subscriptions and buckets, and what it does with each. Pure."""

from __future__ import annotations

import enum
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from klio_core.dead_letter import subscription_to
from klio_core.names import Resource, bucket_of, parse_resource, subscription_for

if TYPE_CHECKING:
    from klio_core.config import KlioConfig

_READ = ("storage.objects.get", "storage.objects.list")
_WRITE = (*_READ, "storage.objects.create", "storage.objects.delete")
_PUBLISH = ("pubsub.topics.publish",)
_CONSUME = ("pubsub.subscriptions.consume",)
_ACK_DEADLINE_S = 60


class Kind(enum.StrEnum):
    """What it is, in the order in which such things are made."""

    TOPIC = "topic"
    SUBSCRIPTION = "subscription"
    BUCKET = "bucket"


@dataclass(frozen=True, slots=True)
class Need:
    """One resource. `rights` are IAM permissions that the job uses, `made_as` is how it is made where it is missing.

    `own` says that it is there for this job alone.
    """

    kind: Kind
    name: str
    uses: tuple[str, ...]
    rights: frozenset[str] = frozenset()
    made_as: Mapping[str, Any] = field(default_factory=dict)
    own: bool = False

    def __str__(self) -> str:
        return f"{self.kind} {'gs://' if self.kind is Kind.BUCKET else ''}{self.name}"

    def __or__(self, other: Need) -> Need:
        """Answer the need of both uses of one resource."""
        uses = tuple(dict.fromkeys(self.uses + other.uses))
        return replace(self, uses=uses, rights=self.rights | other.rights, own=self.own and other.own)


def needs(config: KlioConfig) -> list[Need]:
    """Answer all that a job needs, each resource once: topics, then subscriptions, then buckets."""
    found: dict[tuple[Kind, str], Need] = {}
    for need in _all(config):
        known = found.get((need.kind, need.name))
        found[need.kind, need.name] = need if known is None else known | need
    return sorted(found.values(), key=lambda need: list(Kind).index(need.kind))


def topic_of(entry: Any) -> str:
    """Answer the topic of a Pub/Sub input: the one it names, else the one that is called as its subscription."""
    if entry.topic:
        return str(entry.topic)
    resource = parse_resource(entry.subscription)
    return str(Resource(resource.project, "topics", resource.name))


def _all(config: KlioConfig) -> Iterator[Need]:
    yield from _inputs(config)
    events, data = config.job_config.events, config.job_config.data
    for output in events.outputs:
        if output.type == "pubsub" and not output.skip_klio_write:
            yield Need(Kind.TOPIC, output.topic, ("event output",), frozenset(_PUBLISH), own=True)
    for parent in config.job_config.dependencies:
        for topic in parent.input_topics:
            yield Need(Kind.TOPIC, topic, (f"asks {parent.job_name}",), frozenset(_PUBLISH))
    yield from _records(config)
    for use, entries, rights in (("data input", data.inputs, _READ), ("data output", data.outputs, _WRITE)):
        for entry in entries:
            yield from _bucket(getattr(entry, "location", None), use, rights)
    for event in (*events.inputs, *events.outputs):
        yield from _bucket(getattr(event, "location", None), "events in files", _WRITE)
    if config.pipeline_options.runner == "DataflowRunner":
        for place in (config.pipeline_options.staging_location, config.pipeline_options.temp_location):
            yield from _bucket(place, "staging", _WRITE)


def _inputs(config: KlioConfig) -> Iterator[Need]:
    for entry in config.job_config.events.inputs:
        if entry.type == "pubsub":
            topic = topic_of(entry)
            name = entry.subscription or subscription_for(topic, config.job_name)
            yield Need(Kind.TOPIC, topic, ("event input",))
            yield Need(Kind.SUBSCRIPTION, name, ("event input",), frozenset(_CONSUME), _settings(topic), own=True)


def _settings(topic: str) -> dict[str, Any]:
    # A subscription that expires after a month without work would lose what comes then.
    return {"topic": topic, "ack_deadline_seconds": _ACK_DEADLINE_S, "expiration_policy": {}}


def _records(config: KlioConfig) -> Iterator[Need]:
    letters, status = config.job_config.events.dead_letters, config.job_config.events.status
    if letters is not None and letters.type == "pubsub":
        yield Need(Kind.TOPIC, letters.topic, ("dead letters",), frozenset(_PUBLISH))
        asked = subscription_to(letters.topic, config.job_name)
        yield Need(Kind.SUBSCRIPTION, asked.pop("name"), ("dead letters",), frozenset(_CONSUME), asked)
    elif letters is not None:
        yield from _bucket(letters.location, "dead letters", _WRITE)
    if status and status.type == "pubsub":
        yield Need(Kind.TOPIC, status.topic, ("status records",), frozenset(_PUBLISH))


def _bucket(location: str | None, use: str, rights: tuple[str, ...]) -> Iterator[Need]:
    bucket = bucket_of(location or "")
    if bucket:
        yield Need(Kind.BUCKET, bucket, (use,), frozenset(rights))
