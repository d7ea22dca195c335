"""What a yielded or returned value does to the message: klio's payload rules, in one table."""

from __future__ import annotations

from typing import Any

from klio_core.errors import BadPayload
from klio_core.message import Message


def outgoing(message: Message, data: Any, value: Any) -> Message:
    """Answer the message that leaves for one value of the author's code.

    ========================================  =========================
    value                                     payload of the message
    ========================================  =========================
    None, b"", "", 0, False, any falsy value  cleared
    `data`, the object that came in           cleared
    bytes                                     as they are
    str                                       in UTF-8
    anything else                             BadPayload
    ========================================  =========================

    A changed `data.element` becomes the message's element. Raises BadPayload.
    """
    return message.with_data(data.element, b"" if value is data else _payload(data, value))


def _payload(data: Any, value: Any) -> bytes:
    if isinstance(value, bytes):
        return value
    if isinstance(value, str):
        return value.encode()
    if value is None or _is_empty(value) or (type(value) is type(data) and value == data):
        return b""
    raise BadPayload(
        "the code yielded what no message can carry",
        expected="`data`, bytes or str (nothing else crosses from one transform to the next)",
        got=f"{type(value).__name__}",
        todo="turn it into bytes, or write it to a data output and yield `data`",
    )


def _is_empty(value: Any) -> bool:
    try:
        return not value
    except ValueError:  # a NumPy array of several values has no truth
        return False
