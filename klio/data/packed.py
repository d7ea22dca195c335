"""Many GET requests in the body of one, and the answers out of the body of its answer.

Source: Cloud Storage, "Sending batch requests": multipart/mixed, at most 100 requests, answers in the same order.
"""

from __future__ import annotations

from collections.abc import Sequence

MOST = 100
"""How many requests may be in one."""

CONTENT_TYPE = "multipart/mixed; boundary=klio"


def pack(targets: Sequence[str]) -> bytes:
    """Answer the body that asks for all of `targets`: paths with their query, quoted."""
    return b"".join(_part(number, target) for number, target in enumerate(targets)) + b"--klio--\r\n"


def unpack(content_type: str, body: bytes) -> list[tuple[int, bytes]]:
    """Answer the status and the body of each answer, in order; of what is no such body, nothing.

    An answer that does not say to which request it belongs has the status 0: its server is not Cloud Storage.
    """
    boundary = content_type.partition("boundary=")[2].strip('" ').encode()
    if not boundary:
        return []
    parts = body.split(b"--" + boundary)[1:-1]
    return [_answer(number, part.replace(b"\r\n", b"\n")) for number, part in enumerate(parts)]


def _part(number: int, target: str) -> bytes:
    head = f"--klio\r\nContent-Type: application/http\r\nContent-ID: <klio+{number}>\r\n\r\n"
    return f"{head}GET {target} HTTP/1.1\r\n\r\n\r\n".encode()


def _answer(number: int, part: bytes) -> tuple[int, bytes]:
    """Read one part: its own headers, a blank line, status line and headers, a blank line, the body."""
    own, _, response = part.lstrip(b"\n").partition(b"\n\n")
    head, _, body = response.lstrip(b"\n").partition(b"\n\n")
    words = head.split(maxsplit=2)
    if b"<response-klio+%d>" % number not in own or len(words) < 2 or not words[1].isdigit():
        return 0, body
    return int(words[1]), body
