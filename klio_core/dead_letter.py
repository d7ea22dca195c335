"""Dead letters: messages that could not be worked on, kept with everything that is needed to know why and replay."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import traceback
from contextlib import suppress
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from klio_core.errors import KlioError, UndecodableMessage
from klio_core.names import subscription_for
from klio_core.redact import redacted
from klio_core.status import bytes_of, text_of

_LONGEST_TEXT = 20_000
_LONGEST_TRACE = 100_000
_RETENTION_S = 31 * 24 * 3600
_NO_NAME = re.compile(r"[^\w.-]")
_FRAME = re.compile(r'^  File "(?P<file>[^"\n]+)", line (?P<line>\d+).*(?:\n    (?P<text>\S.*))?', re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a message became a dead letter: a short stable word, the exception's type, its text, its traceback.

    Tokens, passwords and keys in the text and the traceback are `<redacted>`; what is endless is cut in its middle.
    """

    reason: str
    error: str
    text: str
    traceback: str = ""

    @classmethod
    def of(cls, error: BaseException) -> Failure:
        """Describe an exception."""
        reason = error.reason if isinstance(error, KlioError) else "exception"
        text, trace = str(error), "".join(traceback.format_exception(error))
        return cls(reason, type(error).__name__, _fit(text, _LONGEST_TEXT), _fit(trace, _LONGEST_TRACE))

    def at_line(self) -> str:
        """Answer, for a log, the author's line. A job runs in its directory, but for services that run it in `/`."""
        with suppress(OSError):  # the directory may be gone
            here = Path.cwd()
            if here != Path(here.anchor) and (line := self.line_in(here)):
                return f" at {line}"
        return ""

    def line_in(self, directory: Path) -> str:
        """Answer the innermost line that is of a file below a directory: `transforms.py:13: x = 1 / 0`. Empty if none.

        A virtual environment may lie in a job's directory; what is installed there is not meant.
        """
        for frame in reversed(list(_FRAME.finditer(self.traceback))):
            file = Path(frame["file"])
            if file.is_relative_to(directory) and "site-packages" not in file.parts:
                text = f": {frame['text']}" if frame["text"] else ""
                return f"{file.relative_to(directory)}:{frame['line']}{text}"
        return ""


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """One record: the message as it came to the job, and what went wrong. `at` is seconds since the epoch.

    `element` is the one that failed: where the job makes several of one, not that of `message`. `source` is the event
    input that the message came by, its topic or location; empty where that is not known.
    `reason` is a short stable word (`undecodable`, `bad-element`, `exception`, …), `error` the exception's type.
    The payload stays inside `message` and is never shown.
    """

    message: bytes
    element: bytes
    job: str
    reason: str
    error: str
    text: str
    at: float
    trace: str = ""
    attempts: int = 1
    version: str = ""
    source: str = ""

    @property
    def name(self) -> str:
        """A file name of this letter: the same message, element and reason always have the same one."""
        parts = (self.message, self.element, self.reason.encode())
        digest = hashlib.sha256(b"".join(b"%d:%b" % (len(part), part) for part in parts)).hexdigest()
        return f"{_NO_NAME.sub('-', self.reason)[:60]}-{digest[:16]}.json"

    def encode(self) -> bytes:
        """Answer the record as one line of UTF-8 JSON; the message is in base64."""
        record = asdict(self)
        record["message"] = base64.b64encode(self.message).decode()
        record["element"] = text_of(self.element)
        return json.dumps(record).encode()

    @classmethod
    def decode(cls, raw: bytes) -> DeadLetter:
        """Read a record, of an older or a newer klio too. Raises UndecodableMessage for anything else."""
        try:
            found = json.loads(raw)
            found["message"] = base64.b64decode(found["message"], validate=True)
            found["element"] = bytes_of(found["element"])
            known = {field.name for field in fields(cls)}
            return cls(**{key: value for key, value in found.items() if key in known})
        except (ValueError, TypeError, KeyError) as error:
            raise UndecodableMessage("not a dead letter", got=repr(raw[:80])) from error


def subscription_to(topic: str, job: str) -> dict[str, Any]:
    """Answer the subscription, as Pub/Sub is asked for it, by which `klio dlq` reads a job's letters of a topic.

    It holds the letters of that job alone, as long as Pub/Sub keeps anything (31 days), and never expires.
    """
    return {
        "name": subscription_for(topic, job),
        "topic": topic,
        "filter": f'attributes.job = "{job}"',
        "ack_deadline_seconds": 60,
        "message_retention_duration": {"seconds": _RETENTION_S},
        "expiration_policy": {},
    }


def _fit(text: str, longest: int) -> str:
    """Answer the text without secrets, and without its middle where it is too long."""
    safe = redacted(text)
    if len(safe) <= longest:
        return safe
    half = longest // 2
    return f"{safe[:half]}\n… {len(safe) - 2 * half} characters left out …\n{safe[-half:]}"
