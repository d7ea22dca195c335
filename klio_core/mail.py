"""Messages in files of a directory: how jobs that run one after the other hand them on.

A file holds some messages, a line of base64 (RFC 4648) for each; it is there whole, or not at all.
"""

from __future__ import annotations

import base64
import uuid
from collections.abc import Iterable
from pathlib import Path

PATTERN = "*.mail"


def post(directory: Path, messages: Iterable[bytes]) -> None:
    """Put messages into a directory, which is made where it is not there."""
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / f"{uuid.uuid4().hex}.mail"
    temporary = path.with_suffix(".part")
    temporary.write_bytes(b"".join(base64.b64encode(message) + b"\n" for message in messages))
    temporary.replace(path)


def collect(directory: Path) -> list[bytes]:
    """Answer the messages in a directory; none where it is not there."""
    return [opened(line) for path in sorted(directory.glob(PATTERN)) for line in path.read_bytes().splitlines()]


def opened(line: bytes) -> bytes:
    """Answer the message in one line."""
    return base64.b64decode(line)


def inputs(mail: Path, number: int) -> Path:
    """Answer the directory of what is there for a job's event input, by its number in the job file."""
    return mail / "in" / str(number)


def outputs(mail: Path, number: int) -> Path:
    """Answer the directory of what a job writes to an event output, by its number."""
    return mail / "out" / str(number)


def asked(mail: Path, parent: str) -> Path:
    """Answer the directory of what a job asks one of its parents for."""
    return mail / "asked" / parent


def records(mail: Path) -> Path:
    """Answer the directory of a job's status records."""
    return mail / "status"
