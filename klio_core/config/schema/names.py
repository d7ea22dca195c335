"""Names of jobs, topics, subscriptions and places of media, checked as far as that needs no service.

Source of the rules: Google Cloud, "Guidelines to name a topic or a subscription". The project is taken more
liberally, since a local cloud has projects of any name.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Annotated

from pydantic import AfterValidator

from klio_core.config.problems import shown
from klio_core.config.schema.scalars import Text, Word
from klio_core.config.schema.wrong import fault

_NAME = r"(?!goog)[A-Za-z][A-Za-z0-9._~%+-]{2,254}"
_JOB_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")

DOTTED_PATH = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)+")


def _resource(collection: str) -> Callable[[str], str]:
    pattern = re.compile(rf"projects/[a-z0-9:.-]+/{collection}/{_NAME}")

    def check(value: str) -> str:
        if not pattern.fullmatch(value):
            expected = f"projects/PROJECT/{collection}/NAME, the name of 3 to 255 characters, a letter first"
            raise fault("not a well-formed name", expected=expected, got=shown(value))
        return value

    return check


def _job_name(value: str) -> str:
    if not _JOB_NAME.fullmatch(value):
        expected = "letters, digits, '-', '_' and '.', a letter or a digit first, at most 128"
        raise fault("not a name for a job", expected=expected, got=shown(value))
    return value


def _dotted_path(value: str) -> str:
    if not DOTTED_PATH.fullmatch(value):
        raise fault("not a dotted path", expected="package.module.Class", got=shown(value))
    return value


def _bucket_path(value: str) -> str:
    if not re.match(r"gs://[a-z0-9]", value):
        todo = "write type: file for a directory on this machine" if "://" not in value else None
        raise fault("not a place in Google Cloud Storage", expected="gs://BUCKET/…", got=shown(value), todo=todo)
    return value


def _local_path(value: str) -> str:
    if "://" in value and not value.startswith("file://"):
        scheme = value.partition("://")[0]
        meant = {"gs": "gcs", "memory": "memory"}.get(scheme)
        todo = f"write type: {meant}" if meant else None
        raise fault("not a place on this machine", expected="a path", got=shown(value), todo=todo)
    return value


def _memory_path(value: str) -> str:
    if not value.startswith("memory://"):
        raise fault("not a place in memory", expected="memory://NAME/…", got=shown(value))
    return value


DottedPath = Annotated[Word, AfterValidator(_dotted_path)]
JobName = Annotated[Word, AfterValidator(_job_name)]
Topic = Annotated[Text, AfterValidator(_resource("topics"))]
Subscription = Annotated[Text, AfterValidator(_resource("subscriptions"))]
BucketPath = Annotated[Word, AfterValidator(_bucket_path)]
LocalPath = Annotated[Word, AfterValidator(_local_path)]
MemoryPath = Annotated[Word, AfterValidator(_memory_path)]
