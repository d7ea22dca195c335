"""Many small requests in one, as Google's clients pack them ("Batch requests" of the JSON API)."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from email import message_from_bytes
from email.message import Message
from http.client import responses

from klio_exec.local.objects.wire import Reply, Request, invalid

Packed = Callable[[str, str, Message, bytes], Reply]
"""Answers one packed request: method, target, headers, body."""


def unpacked(request: Request, answer: Packed) -> Reply:
    """Answer each packed request by `answer`, and pack the answers."""
    head = f"Content-Type: {request.headers.get('Content-Type', '')}\r\n\r\n".encode()
    whole = message_from_bytes(head + request.body.read())
    parts = whole.get_payload()
    if not whole.is_multipart() or not isinstance(parts, list):
        raise invalid("a batch is a multipart/mixed body")
    boundary = f"batch_{uuid.uuid4().hex}"
    packed = b"".join(
        f"--{boundary}\r\n".encode() + _answered(part, answer) for part in parts if isinstance(part, Message)
    )
    return Reply(
        200,
        {"Content-Type": f'multipart/mixed; boundary="{boundary}"'},
        packed + f"--{boundary}--\r\n".encode(),
    )


def _answered(part: Message, answer: Packed) -> bytes:
    content = part.get_payload(decode=True)
    line, _, rest = (content if isinstance(content, bytes) else b"").lstrip().partition(b"\n")
    try:
        method, target = line.decode().split()[:2]
    except ValueError as error:
        raise invalid(f"a batch holds {line[:80]!r} where a request line should stand") from error
    inner = message_from_bytes(rest)
    body = inner.get_payload(decode=True)
    reply = answer(method, target, inner, body if isinstance(body, bytes) else b"")
    headers = {**reply.headers, "Content-Length": str(len(reply.body))}
    written = [
        "Content-Type: application/http",
        f"Content-ID: {(part.get('Content-ID') or '').replace('<', '<response-', 1)}",
        "",
        f"HTTP/1.1 {reply.status} {responses.get(reply.status, '')}",
        *(f"{name}: {value}" for name, value in headers.items()),
        "",
        "",
    ]
    return "\r\n".join(written).encode() + reply.body + b"\r\n"
