"""klio's functions between bytes and KlioMessage, for jobs and tests that call them."""

from typing import Any

from apache_beam.pvalue import TaggedOutput

from klio.transforms.yields import outgoing
from klio_core.message import Format, Message
from klio_core.proto import klio_pb2

__all__ = ["from_klio_message", "to_klio_message"]


def to_klio_message(incoming_message: bytes, kconfig: Any = None, logger: Any = None) -> klio_pb2.KlioMessage:  # noqa: ARG001  (klio passes its logger)
    """Read a message: of a known version, with its element set. Raises UndecodableMessage and UnknownVersion."""
    either = kconfig is not None and kconfig.job_config.allow_non_klio_messages
    message = Message.decode(incoming_message, Format.EITHER if either else Format.KLIO)
    pb = klio_pb2.KlioMessage.FromString(message.encode())
    pb.data.CopyFrom(message.author_data())
    pb.version = klio_pb2.V1 if message.version == 1 else klio_pb2.V2
    return pb


def from_klio_message(klio_message: klio_pb2.KlioMessage, payload: Any = None) -> bytes | TaggedOutput:
    """Write a message with what a transform yielded as its payload; a TaggedOutput keeps its tag. Raises BadPayload."""
    tag = payload.tag if isinstance(payload, TaggedOutput) else None
    value = payload if tag is None else payload.value
    leaving = outgoing(Message(klio_message), klio_message.data, value).encode()
    return leaving if tag is None else TaggedOutput(tag, leaving)
