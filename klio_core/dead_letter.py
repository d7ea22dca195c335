"""Dead letters: messages that could not be worked on, kept with everything that is needed to know why and replay."""

from __future__ import annotations

import base64
import hashlib
import json
import traceback
from dataclasses import asdict, dataclass

from klio_core.errors import KlioError, UndecodableMessage
from klio_core.status import bytes_of, text_of


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a message became a dead letter: a short stable word, the exception's type, its text, its traceback."""

    reason: str
    error: str
    text: str
    traceback: str = ""

    @classmethod
    def of(cls, error: BaseException) -> Failure:
        """Describe an exception."""
        reason = error.reason if isinstance(error, KlioError) else "exception"
        return cls(reason, type(error).__name__, str(error), "".join(traceback.format_exception(error)))


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """One record: the message as it came, and what went wrong. `at` is seconds since the epoch.

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

    @property
    def name(self) -> str:
        """A file name of this letter: the same message and reason always have the same one."""
        digest = hashlib.sha256(self.message + b"\0" + self.reason.encode()).hexdigest()
        return f"{self.reason}-{digest[:16]}.json"

    def encode(self) -> bytes:
        """Answer the record as one line of UTF-8 JSON; the message is in base64."""
        fields = asdict(self)
        fields["message"] = base64.b64encode(self.message).decode()
        fields["element"] = text_of(self.element)
        return json.dumps(fields).encode()

    @classmethod
    def decode(cls, raw: bytes) -> DeadLetter:
        """Read a record. Raises UndecodableMessage for anything else."""
        try:
            fields = json.loads(raw)
            fields["message"] = base64.b64decode(fields["message"], validate=True)
            fields["element"] = bytes_of(fields["element"])
            return cls(**fields)
        except (ValueError, TypeError, KeyError) as error:
            raise UndecodableMessage("not a dead letter", got=repr(raw[:80])) from error
