"""The topics, subscriptions and buckets of a job: made on the local cloud, looked for everywhere else."""

from __future__ import annotations

import logging

from klio.data.gcs_client import Patience, asked, ensure_bucket
from klio.events import pubsub
from klio.events.read import subscription_of
from klio_core.config import KlioConfig
from klio_core.dead_letter import subscription_to
from klio_core.names import LOCAL_PROJECT, Resource, bucket_of, parse_resource

log = logging.getLogger("klio.run")

_PATIENCE_S = 5.0


def make_missing(config: KlioConfig) -> None:
    """Make every topic, subscription and bucket that the job names, as the local cloud is to have them."""
    events = config.job_config.events
    for topic in _topics(config):
        pubsub.ensure_topic(topic)
    make_buckets(config)
    for entry in events.inputs:
        if entry.type == "pubsub":
            subscription = subscription_of(entry, config.job_name)
            pubsub.ensure_subscription(subscription, entry.topic or _topic_of(subscription))
    if events.dead_letters is not None and events.dead_letters.type == "pubsub":
        wanted = subscription_to(events.dead_letters.topic, config.job_name)
        pubsub.ensure_subscription(wanted.pop("name"), **wanted)


def make_buckets(config: KlioConfig) -> None:
    """Make the buckets that the job names and the local cloud does not have."""
    for bucket in _buckets(config):
        ensure_bucket(bucket, config.pipeline_options.project or LOCAL_PROJECT)


def check(config: KlioConfig) -> None:
    """Raise EventError where a topic or subscription of the job is missing."""
    events = config.job_config.events
    for entry in events.inputs:
        if entry.type == "pubsub":
            pubsub.check_subscription(subscription_of(entry, config.job_name))
    for output in events.outputs:
        if output.type == "pubsub" and not output.skip_klio_write:
            pubsub.check_topic(output.topic)
    if events.dead_letters is not None and events.dead_letters.type == "pubsub":
        _check_letters(events.dead_letters.topic)


def check_bucket(location: str) -> None:
    """Raise DataError where the bucket of a `gs://` location is missing, or not to be used by this account."""
    patience = Patience(patience_s=_PATIENCE_S)
    bucket = bucket_of(location)
    patience.of("storage.buckets.get", f"gs://{bucket}", lambda: asked(f"/b/{bucket}", {}, patience.timeout))


def _check_letters(topic: str) -> None:
    pubsub.check_topic(topic)
    if not pubsub.is_subscribed(topic):
        log.warning("nobody subscribes to %s: dead letters would be lost. `klio dlq list` makes a subscription", topic)


def _buckets(config: KlioConfig) -> set[str]:
    data, letters = config.job_config.data, config.job_config.events.dead_letters
    locations = [entry.location for entry in (*data.inputs, *data.outputs)] + [getattr(letters, "location", "")]
    return {bucket for location in locations if (bucket := bucket_of(location))}


def _topics(config: KlioConfig) -> list[str]:
    events = config.job_config.events
    entries = [*events.inputs, *events.outputs, events.dead_letters, events.status]
    named = [getattr(entry, "topic", None) for entry in entries]
    unnamed = [
        _topic_of(entry.subscription)
        for entry in events.inputs
        if entry.type == "pubsub" and entry.topic is None and entry.subscription is not None
    ]
    return list(dict.fromkeys([topic for topic in named if topic] + unnamed))


def _topic_of(subscription: str) -> str:
    """A job file may name a subscription alone; the local cloud gives it a topic of the same name."""
    resource = parse_resource(subscription)
    return str(Resource(resource.project, "topics", resource.name))
