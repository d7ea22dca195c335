"""One POST to one of the addresses that were looked at before, answered in a given time or not at all."""

from __future__ import annotations

import http.client
import socket
import ssl
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from typing import Any

from destination import Destination, Found

_ANSWER_BYTES = 16_384


def post(to: Destination, at: Sequence[Found], body: bytes, headers: Mapping[str, str], until: float) -> int:
    """Send `body` to the first of the addresses that listens; answer the status. No redirect is followed.

    `until` is the end of patience by the monotonic clock: a server that sends byte after byte does not move it. Of the
    answer no more is read than 100 headers and 16 KiB. Raises OSError, TimeoutError, http.client.HTTPException.
    """
    connection = http.client.HTTPConnection(to.host, to.port)
    connection.sock = _connected(to, at, until)
    try:
        connection.request("POST", to.target, body, {"Host": to.authority, "Connection": "close", **headers})
        answer = connection.getresponse()
        answer.read(_ANSWER_BYTES)
        return answer.status
    finally:
        connection.close()


def _connected(to: Destination, at: Sequence[Found], until: float) -> socket.socket:
    for found in at[:-1]:
        try:
            return _line(to, found, until)
        except (TimeoutError, ssl.SSLError):
            raise
        except OSError:
            continue
    return _line(to, at[-1], until)


def _line(to: Destination, at: Found, until: float) -> socket.socket:
    family, address = at
    with ExitStack() as unless_connected:
        plain = unless_connected.enter_context(_Timed(family, socket.SOCK_STREAM))
        plain.until = until
        plain.settimeout(_left(until))
        plain.connect(address)
        line = plain if to.scheme == "http" else _encrypted(plain, to.host, until)
        unless_connected.pop_all()
    return line


def _encrypted(plain: socket.socket, host: str, until: float) -> socket.socket:
    """Answer the connection as TLS; the certificate must be one of the host, by name or address."""
    context = ssl.create_default_context()
    context.sslsocket_class = _TimedTls
    encrypted = context.wrap_socket(plain, server_hostname=host)
    encrypted.until = until  # type: ignore[attr-defined]  # it is a _TimedTls
    return encrypted


def _left(until: float) -> float:
    left = until - time.monotonic()
    if left <= 0:
        raise TimeoutError("it took too long")
    return left


class _Timed(socket.socket):
    """A socket whose answer must be there in time, in however many pieces it comes."""

    until: float

    def recv_into(self, *args: Any, **keywords: Any) -> int:
        self.settimeout(_left(self.until))
        return super().recv_into(*args, **keywords)


class _TimedTls(ssl.SSLSocket):
    until: float

    def recv_into(self, *args: Any, **keywords: Any) -> int:
        self.settimeout(_left(self.until))
        return super().recv_into(*args, **keywords)
