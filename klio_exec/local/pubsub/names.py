"""Names of projects, topics and subscriptions.

Rules: https://cloud.google.com/pubsub/docs/pubsub-basics#resource_names
"""

from __future__ import annotations

import re

from klio_exec.local.pubsub.errors import Refused, invalid

DELETED_TOPIC = "_deleted-topic_"  # what a subscription names as its topic once that is gone

_ID = r"(?!goog)[A-Za-z][A-Za-z0-9\-_.~+%]{2,254}"
_PROJECT = re.compile(r"projects/[^/]+")
_TOPIC = re.compile(rf"projects/[^/]+/topics/{_ID}")
_SUBSCRIPTION = re.compile(rf"projects/[^/]+/subscriptions/{_ID}")


def check_project(name: str) -> None:
    """`projects/P`, or Refused."""
    _check(_PROJECT, name)


def check_topic(name: str) -> None:
    """`projects/P/topics/T`, T being 3 to 255 allowed characters, or Refused."""
    _check(_TOPIC, name)


def check_subscription(name: str) -> None:
    """`projects/P/subscriptions/S`, S being 3 to 255 allowed characters, or Refused."""
    _check(_SUBSCRIPTION, name)


def project_of(name: str) -> str:
    """The project's id: `P` of `projects/P/topics/T`."""
    return name.split("/")[1]


def _check(pattern: re.Pattern[str], name: str) -> None:
    if not pattern.fullmatch(name):
        raise _malformed(name)


def _malformed(name: str) -> Refused:
    return invalid(
        f"Invalid resource name given (name={name}). Refer to "
        "https://cloud.google.com/pubsub/docs/admin#resource_names for more information."
    )
