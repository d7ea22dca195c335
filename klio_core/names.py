"""Names of resources: topics, subscriptions, buckets. Pure: nothing here asks a service."""

from __future__ import annotations

import re
from dataclasses import dataclass

from klio_core.errors import UsageError

LOCAL_PROJECT = "klio-local"
STATUS_TOPIC = "klio-status"

_RESOURCE = re.compile(r"projects/(?P<project>[^/]+)/(?P<kind>topics|subscriptions)/(?P<name>[^/]+)")


@dataclass(frozen=True, slots=True)
class Resource:
    """A Pub/Sub topic or subscription: `projects/PROJECT/topics/NAME`."""

    project: str
    kind: str
    name: str

    def __str__(self) -> str:
        return f"projects/{self.project}/{self.kind}/{self.name}"


def parse_resource(path: str) -> Resource:
    """Take a topic's or subscription's full path apart. Raises UsageError for anything else."""
    match = _RESOURCE.fullmatch(path)
    if match is None:
        raise UsageError(
            "not the name of a topic or subscription",
            expected="projects/PROJECT/topics/NAME or projects/PROJECT/subscriptions/NAME",
            got=repr(path),
        )
    return Resource(match["project"], match["kind"], match["name"])


def is_topic(path: str) -> bool:
    """Answer whether `path` is the full path of a topic."""
    match = _RESOURCE.fullmatch(path)
    return match is not None and match["kind"] == "topics"


def subscription_for(topic: str, job_name: str) -> str:
    """Answer the subscription that `job_name` reads `topic` by, where its job file names none."""
    resource = parse_resource(topic)
    return str(Resource(resource.project, "subscriptions", f"{resource.name}-{job_name}"))


def status_topic(project: str | None) -> str:
    """Answer the topic of status records under the local cloud."""
    return str(Resource(project or LOCAL_PROJECT, "topics", STATUS_TOPIC))


def bucket_of(location: str) -> str | None:
    """Answer the bucket of a gs:// location, None for any other location."""
    if not location.startswith("gs://"):
        return None
    return location.removeprefix("gs://").split("/", 1)[0]
