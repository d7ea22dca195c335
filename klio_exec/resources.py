"""The topics, subscriptions and buckets of a job: made on the local cloud, looked for everywhere else."""

from __future__ import annotations

import logging

from klio.data.gcs_client import Patience, asked, ensure_bucket
from klio.events import pubsub
from klio.events.read import subscription_of
from klio_core.config import KlioConfig
from klio_core.names import LOCAL_PROJECT, bucket_of
from klio_core.needs import Kind, needs

log = logging.getLogger("klio.run")

_PATIENCE_S = 5.0


def make_missing(config: KlioConfig) -> None:
    """Make every topic, subscription and bucket that the job names, as the local cloud is to have them."""
    for need in needs(config):
        if need.kind is Kind.TOPIC:
            pubsub.ensure_topic(need.name)
        elif need.kind is Kind.SUBSCRIPTION:
            pubsub.ensure_subscription(need.name, **need.made_as)
    make_buckets(config)


def make_buckets(config: KlioConfig) -> None:
    """Make the buckets that the job names and the local cloud does not have."""
    for need in needs(config):
        if need.kind is Kind.BUCKET:
            ensure_bucket(need.name, config.pipeline_options.project or LOCAL_PROJECT)


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
