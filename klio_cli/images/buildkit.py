"""The messages of BuildKit that we speak: what it tells of a build, and what it asks of a session.

The fields are those of moby/buildkit's api/services/control/control.proto, of which we read the few that people want to
see, and session/secrets/secrets.proto; their numbers are part of its protocol.
"""

from __future__ import annotations

import base64
from functools import cache
from typing import Any

TRACE = "moby.buildkit.trace"

_TEXT, _BYTES, _BOOL, _MESSAGE = 9, 12, 8, 11  # FieldDescriptorProto.Type
_FIELDS: dict[str, tuple[tuple[int, str, int, bool], ...]] = {
    "Time": (),
    "Vertex": (
        (1, "digest", _TEXT, False),
        (3, "name", _TEXT, False),
        (4, "cached", _BOOL, False),
        (5, "started:Time", _MESSAGE, False),
        (6, "completed:Time", _MESSAGE, False),
        (7, "error", _TEXT, False),
    ),
    "Log": ((4, "msg", _BYTES, False),),
    "Status": ((1, "vertexes:Vertex", _MESSAGE, True), (3, "logs:Log", _MESSAGE, True)),
    "GetSecretRequest": ((1, "id", _TEXT, False),),
    "GetSecretResponse": ((1, "data", _BYTES, False),),
}


def status(record: dict[str, Any]) -> Any:
    """Answer the StatusResponse of a record of the build's stream: its `vertexes` and its `logs`."""
    answer = _classes()["Status"]()
    answer.ParseFromString(base64.b64decode(record["aux"]))
    return answer


def secret_asked_for(request: bytes) -> str:
    """Answer the name of the secret that a GetSecretRequest asks for."""
    asked = _classes()["GetSecretRequest"]()
    asked.ParseFromString(request)
    return str(asked.id)


def secret_answered(value: bytes) -> bytes:
    """Answer the GetSecretResponse with that value."""
    answer: bytes = _classes()["GetSecretResponse"](data=value).SerializeToString()
    return answer


@cache
def _classes() -> dict[str, Any]:
    from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

    file = descriptor_pb2.FileDescriptorProto(name="klio_buildkit.proto", package="klio.buildkit", syntax="proto3")
    for name, fields in _FIELDS.items():
        message = file.message_type.add(name=name)
        for number, field, kind, repeated in fields:
            field_name, _, type_name = field.partition(":")
            entry = message.field.add(name=field_name, number=number, label=3 if repeated else 1, type=kind)
            if type_name:
                entry.type_name = f".klio.buildkit.{type_name}"
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    found = {name: pool.FindMessageTypeByName(f"klio.buildkit.{name}") for name in _FIELDS}
    return {name: message_factory.GetMessageClass(descriptor) for name, descriptor in found.items()}
