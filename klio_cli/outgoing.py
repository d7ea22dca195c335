"""What is sent to a job, and where to: its topic, and each element's bytes on the wire."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from klio_core.errors import UsageError
from klio_core.message import ANYONE, JobRef, Limited, Message
from klio_core.names import parse_resource, status_topic, subscription_for

if TYPE_CHECKING:
    from klio_core.config import KlioConfig, PubSubEventInput


@dataclass(frozen=True, slots=True)
class Manner:
    """How elements are sent. Raises UsageError for flags that exclude each other."""

    force: bool = False
    ping: bool = False
    top_down: bool = False
    bottom_up: bool = False
    non_klio: bool = False

    def __post_init__(self) -> None:
        if self.top_down and self.bottom_up:
            raise UsageError("--top-down and --bottom-up exclude each other", todo="give one of them")
        if self.non_klio and (self.force or self.ping or self.top_down or self.bottom_up):
            raise UsageError(
                "--non-klio sends bare elements, which carry no flags",
                todo="leave out --force, --ping, --top-down and --bottom-up, or --non-klio",
            )


def encode(elements: Iterable[bytes], manner: Manner, job: JobRef) -> list[bytes]:
    """Answer the bytes for the wire. Unless sent top-down, only `job` is to work: bottom-up."""
    if manner.non_klio:
        return list(elements)
    to = ANYONE if manner.top_down else Limited((job,))
    return [Message.of(e, recipients=to, force=manner.force, ping=manner.ping).encode() for e in elements]


def job_ref(config: KlioConfig) -> JobRef:
    """Answer the job as messages name it."""
    return JobRef(config.job_name, config.pipeline_options.project or "")


def pubsub_input(config: KlioConfig) -> PubSubEventInput:
    """Answer the first Pub/Sub input of the job. Raises UsageError where it has none."""
    inputs = config.job_config.events.inputs
    found = next((one for one in inputs if one.type == "pubsub"), None)
    if found is None:
        kinds = ", ".join(one.type for one in inputs) or "none"
        raise UsageError(
            f"{config.job_name} reads no messages",
            expected="an event input of type pubsub",
            got=kinds,
            todo="a batch job reads its elements from its input when it runs: put them there, then `klio job run`",
        )
    return found


def check_format(config: KlioConfig, manner: Manner) -> None:
    """Raise UsageError where the job's input cannot read what `manner` sends."""
    raw = pubsub_input(config).format == "raw"
    if raw and not manner.non_klio:
        raise UsageError(f"{config.job_name} reads bare elements (`format: raw`)", todo="--non-klio sends them")
    if manner.non_klio and not raw and not config.job_config.allow_non_klio_messages:
        raise UsageError(
            f"{config.job_name} takes KlioMessages only",
            todo="set `allow_non_klio_messages: true` in its job_config, or `format: raw` on its input",
        )


def input_topic(config: KlioConfig, given: str | None) -> str:
    """Answer the topic to publish to: as given, else that of the job's input."""
    topic = given or pubsub_input(config).topic
    if topic is None:
        raise UsageError(
            f"the input of {config.job_name} names a subscription and no topic",
            todo="--topic projects/PROJECT/topics/NAME says which topic the subscription is of",
        )
    return str(parse_resource(topic))


def input_subscription(config: KlioConfig, topic: str) -> str:
    """Answer the subscription by which the job reads `topic`."""
    return pubsub_input(config).subscription or subscription_for(topic, config.job_name)


def records_topic(config: KlioConfig, *, local: bool) -> str:
    """Answer the topic of the job's status records. Raises UsageError where it publishes none."""
    status = config.job_config.events.status
    if status is None and local:
        return status_topic(config.pipeline_options.project)
    if not status or status.type != "pubsub":
        raise UsageError(
            f"{config.job_name} publishes no status records",
            expected="`status: {type: pubsub, topic: …}` under job_config.events; --local sets it where nothing does",
            todo="add it, or publish without --follow",
        )
    return status.topic


def output_topic(config: KlioConfig) -> str:
    """Answer the topic that the job's output events go to. Raises UsageError where they go to none."""
    for output in config.job_config.events.outputs:
        if output.type == "pubsub":
            return output.topic
    raise UsageError(f"{config.job_name} sends no messages", expected="an event output of type pubsub")
