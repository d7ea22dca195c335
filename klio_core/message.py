"""The message: one unit of work on its way, decoded once at the door into a frozen value."""

from __future__ import annotations

import enum
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache

from google.protobuf.message import DecodeError
from google.protobuf.unknown_fields import UnknownFieldSet

from klio_core.errors import UndecodableMessage, UnknownVersion
from klio_core.proto import klio_pb2

KNOWN_VERSIONS = (1, 2)
_UNSAID_OR_KNOWN = frozenset({0, *KNOWN_VERSIONS})
_PB = klio_pb2.KlioMessage
_DATA = _PB.Data


class Format(enum.StrEnum):
    """How the bytes of an event are to be read."""

    KLIO = "klio"  # a KlioMessage, or an error
    RAW = "raw"  # the bytes are the element
    EITHER = "either"  # a KlioMessage where that is certain, else the bytes are the element


@dataclass(frozen=True, slots=True)
class JobRef:
    """A job as messages name it. Two jobs are one only if name and project are equal."""

    job_name: str
    gcp_project: str = ""

    def __str__(self) -> str:
        return f"{self.gcp_project}::{self.job_name}" if self.gcp_project else self.job_name


@dataclass(frozen=True, slots=True)
class Limited:
    """Bottom-up: only these jobs work; children of `trigger_children_of` are told when it has worked."""

    recipients: tuple[JobRef, ...]
    trigger_children_of: JobRef | None = None


class Anyone:
    """Top-down: every job that reads the message works."""


ANYONE = Anyone()


@dataclass(frozen=True, slots=True)
class Visit:
    """One line of the audit log: which job saw the message, and when (UTC)."""

    at: datetime
    job: JobRef

    def __hash__(self) -> int:
        return hash(self.at)


@dataclass(frozen=True, slots=True)
class Decided:
    """What the gate of one run found, for the later steps of the same run."""

    run: str
    action: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Arrival:
    """An event as it came to a job: its bytes, and the input that it came by."""

    event: bytes
    source: str = ""


# The message that was decoded or encoded last, by whatever thread, with its bytes; replaced as a whole, never changed.
# A dictionary, for Beam infers types by reading the author's code and ours, and believes what it finds in a variable or
# an attribute at that moment; what a call answers it takes for anything.
_PAIR = "pair"
_newest: dict[str, tuple[bytes, Message]] = {}


class Message:
    """One unit of work on its way: what it is about, whom it is for, where it has been.

    A value: nothing changes it, the `with_…` methods answer a changed copy. Fields that this version does not know
    survive decoding and encoding. `Message.decode` and `encode` are the only doors to the wire.

    The transforms of a job hand on bytes, and most of them get the very object that the one before has encoded. So
    the newest message that was decoded or encoded is remembered with its bytes, and answered for that same object.
    """

    __slots__ = ("_pb", "_raw", "element", "payload")

    element: bytes
    """The identifier of the unit of work."""

    payload: bytes
    """In-pipeline state between the transforms of one job."""

    def __init__(self, pb: klio_pb2.KlioMessage, raw: bytes | None = None) -> None:
        self._pb = pb
        self._raw = raw  # what it was decoded from, or is encoded to
        data = pb.data
        self.element = data.element or data.entity_id.encode()
        self.payload = data.payload

    @classmethod
    def of(
        cls,
        element: bytes,
        *,
        recipients: Anyone | Limited = ANYONE,
        force: bool = False,
        ping: bool = False,
        payload: bytes = b"",
    ) -> Message:
        """Make a new message of the current version about `element`."""
        pb = _PB.FromString(_FOR_ANYONE)
        pb.data.element = element
        if payload:
            pb.data.payload = payload
        if force or ping:
            pb.metadata.force, pb.metadata.ping = force, ping
        if recipients is not ANYONE:
            _write_recipients(pb, recipients)
        return cls(pb)

    @classmethod
    def decode(cls, raw: bytes, fmt: Format = Format.KLIO) -> Message:
        """Read one message off the wire.

        Raises UndecodableMessage for bytes that are no KlioMessage (with `Format.KLIO`), and UnknownVersion for
        one of a version that we do not know.
        """
        if fmt is Format.RAW:
            return cls.of(raw)
        newest = _newest.get(_PAIR)
        if newest is not None and newest[0] is raw:
            return newest[1]
        try:
            pb = _PB.FromString(raw)
        except DecodeError as error:
            if fmt is Format.EITHER:
                return cls.of(raw)
            raise _undecodable(raw, "bytes that do not parse") from error
        if fmt is Format.EITHER and not _certainly_ours(pb):
            return cls.of(raw)
        message = cls(pb, raw)
        if pb.version not in _UNSAID_OR_KNOWN or not message.element:
            raise _unusable(pb.version, raw)
        if type(raw) is bytes:  # which never change; a bytearray may
            _newest[_PAIR] = (raw, message)
        return message

    def encode(self) -> bytes:
        """Answer the bytes for the wire; a message that nobody changed encodes to the bytes it was read from."""
        if self._raw is None:
            self._raw = self._pb.SerializeToString()
        if self.element:  # without one it must be refused by whoever reads the bytes
            _newest[_PAIR] = (self._raw, self)
        return self._raw

    @property
    def version(self) -> int:
        """1 or 2; a message that does not say is what its identifier makes it."""
        return self._pb.version or (2 if self._pb.data.element else 1)

    @property
    def force(self) -> bool:
        """Work although the output exists."""
        return self._pb.metadata.force

    @property
    def ping(self) -> bool:
        """Trace the path without work."""
        return self._pb.metadata.ping

    @property
    def recipients(self) -> Anyone | Limited | None:
        """Whom the message is for; None where a version 2 message does not say."""
        metadata = self._pb.metadata
        if self.version == 1:
            jobs = tuple(_job(job) for job in metadata.downstream)
            return Limited(jobs) if jobs else ANYONE
        kind = metadata.intended_recipients.WhichOneof("recipients")
        if kind == "limited":
            return _limited(metadata.intended_recipients.limited)
        return ANYONE if kind == "anyone" else None

    @property
    def audit_log(self) -> tuple[Visit, ...]:
        """The jobs that saw this message, first to last."""
        items = self._pb.metadata.job_audit_log
        return tuple(Visit(i.timestamp.ToDatetime(UTC), _job(i.klio_job)) for i in items)

    @property
    def decided(self) -> Decided | None:
        """What this run's gate found, if it has looked."""
        if not self._pb.HasField("decided"):
            return None
        mark = self._pb.decided
        return Decided(mark.run, mark.action, mark.reason)

    @property
    def arrival(self) -> Arrival | None:
        """How this message came to the job that it is in, as the gate noted it."""
        if not self._pb.HasField("arrival"):
            return None
        return Arrival(self._pb.arrival.event, self._pb.arrival.source)

    def addressed_to(self, me: JobRef) -> Message | None:
        """Answer the message as `me` is to work on it, or None where it is for others.

        A limited message that comes back to the job that triggered its parents becomes top-down again.
        """
        to = self.recipients
        if isinstance(to, Anyone):
            return self
        if to is None or me not in to.recipients:
            return None
        return self.with_recipients(ANYONE) if to.trigger_children_of == me else self

    def author_data(self) -> klio_pb2.KlioMessage.Data:
        """Answer a copy of the data as the author's code sees it: element, payload, entity_id; free to change."""
        data = _DATA()
        data.CopyFrom(self._pb.data)
        if not data.element:
            data.element = data.entity_id.encode()
        return data

    def with_data(self, element: bytes, payload: bytes) -> Message:
        """Answer this message about `element`, carrying `payload`. Version 1 messages carry no payload."""
        if payload != self.payload and self.version == 1:
            payload = self.payload
        if element == self.element and payload == self.payload and self._pb.version:
            return self
        pb = self._copy()
        if element != self.element:
            pb.data.element = element
        pb.data.payload = payload
        return Message(pb)

    def with_recipients(self, recipients: Anyone | Limited) -> Message:
        """Answer this message for other recipients."""
        pb = self._copy()
        _write_recipients(pb, recipients)
        return Message(pb)

    def with_force(self) -> Message:
        """Answer this message so that it is worked on although the output exists."""
        pb = self._copy()
        pb.metadata.force = True
        return Message(pb)

    def with_visit(self, visit: Visit, arrival: Arrival | None = None) -> Message:
        """Answer this message with one more line in its audit log, and, inside a job, how it came there."""
        pb = self._copy()
        if arrival is not None:
            noted = pb.arrival
            noted.event, noted.source = arrival.event, arrival.source
        pb.metadata.job_audit_log.append(_item_of(visit))
        return Message(pb)

    def with_decided(self, decided: Decided) -> Message:
        """Answer this message marked with what the gate found."""
        pb = self._copy()
        pb.decided.run, pb.decided.action, pb.decided.reason = decided.run, decided.action, decided.reason
        return Message(pb)

    def leaving(self, *, keep_payload: bool = False) -> Message:
        """Answer this message as it leaves a job: without what the gate noted and, by default, without payload."""
        pb = self._copy()
        pb.ClearField("decided")
        pb.ClearField("arrival")
        if not keep_payload:
            pb.data.ClearField("payload")
        return Message(pb)

    def _copy(self) -> klio_pb2.KlioMessage:
        pb = _PB()
        pb.CopyFrom(self._pb)
        if not pb.version:
            pb.version = klio_pb2.V2 if pb.data.element else klio_pb2.V1
        return pb

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Message) and self._pb == other._pb

    def __hash__(self) -> int:
        return hash(self.encode())

    def __repr__(self) -> str:
        return f"Message({self.element!r}, version={self.version}, recipients={self.recipients!r})"

    def __reduce__(self) -> tuple[object, ...]:
        return (_restore, (self.encode(),))


def _restore(raw: bytes) -> Message:
    return Message(_PB.FromString(raw))


def _certainly_ours(pb: klio_pb2.KlioMessage) -> bool:
    """Protobuf reads many plain identifiers as a message of unknown fields; those are not ours."""
    if len(UnknownFieldSet(pb)):
        return False
    has_element, has_entity = bool(pb.data.element), bool(pb.data.entity_id)
    if pb.version in KNOWN_VERSIONS:
        return has_element or has_entity
    return pb.version == 0 and has_element != has_entity


def _unusable(version: int, raw: bytes) -> UndecodableMessage | UnknownVersion:
    if version in _UNSAID_OR_KNOWN:
        return _undecodable(raw, "a message without an element")
    return UnknownVersion(
        f"a KlioMessage of version {version}",
        expected=f"version {' or '.join(map(str, KNOWN_VERSIONS))}",
        got=_shown(raw),
        todo="upgrade klio in this job, or publish messages of a version that it knows",
    )


def _undecodable(raw: bytes, got: str) -> UndecodableMessage:
    return UndecodableMessage(
        "the event is no KlioMessage",
        expected="the bytes that `klio message publish` sends",
        got=f"{got}: {_shown(raw)}",
        todo="where plain identifiers are published, set `allow_non_klio_messages: true` in job_config, "
        "or `format: raw` on the input",
    )


def _shown(raw: bytes, limit: int = 60) -> str:
    return repr(raw[:limit]) + (f" … ({len(raw)} bytes)" if len(raw) > limit else "")


def _job(pb: klio_pb2.KlioJob) -> JobRef:
    return JobRef(pb.job_name, pb.gcp_project)


def _limited(pb: klio_pb2.KlioMessage.Metadata.Recipients.Limited) -> Limited:
    trigger = _job(pb.trigger_children_of) if pb.HasField("trigger_children_of") else None
    return Limited(tuple(_job(job) for job in pb.recipients), trigger)


def _write_recipients(pb: klio_pb2.KlioMessage, to: Anyone | Limited) -> None:
    field = pb.metadata.intended_recipients
    if isinstance(to, Anyone):
        field.anyone.SetInParent()
        return
    field.limited.Clear()
    field.limited.recipients.extend(_pb_jobs(to.recipients))
    field.limited.SetInParent()
    if to.trigger_children_of is not None:
        field.limited.trigger_children_of.CopyFrom(*_pb_jobs([to.trigger_children_of]))


def _pb_jobs(jobs: Iterable[JobRef]) -> list[klio_pb2.KlioJob]:
    return [klio_pb2.KlioJob(job_name=job.job_name, gcp_project=job.gcp_project) for job in jobs]


@lru_cache(maxsize=8)  # messages that come together have one visit in common
def _item_of(visit: Visit) -> klio_pb2.KlioJobAuditLogItem:
    item = klio_pb2.KlioJobAuditLogItem()
    item.timestamp.FromDatetime(visit.at)
    item.klio_job.CopyFrom(*_pb_jobs([visit.job]))
    return item


def _for_anyone() -> bytes:
    pb = _PB(version=klio_pb2.V2)
    _write_recipients(pb, ANYONE)
    return pb.SerializeToString()


# Parsing these few bytes takes a third of the time of setting the fields.
_FOR_ANYONE = _for_anyone()
