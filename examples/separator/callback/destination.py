"""Where a callback goes: its URL, taken apart with care, and the addresses behind it, each looked at before use."""

from __future__ import annotations

import queue
import re
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Any, NoReturn, TypeVar
from urllib.parse import quote, urlsplit

from policy import Policy

T = TypeVar("T")
LONGEST_URL = 2_048
_PORTS = {"http": 80, "https": 443}
_FIRST_FREE_PORT = 1024
# Those of "bad ports" that are not below 1024 anyway: other services read there what is sent to them.
# https://fetch.spec.whatwg.org/#port-blocking
_BAD_PORTS = frozenset(
    {1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061, 6000, 6566, *range(6665, 6670), 6679, 6697, 10_080}
)
_TARGET = "/?%:@!$&'()*+,;=~-._[]"
_NO_URL = re.compile(r"[\x00-\x20\x7f\\]")
_NO_HOST = re.compile(r"[\x00-\x20\x7f\\/?#@]")
_NAT64 = IPv6Network("64:ff9b::/96")  # RFC 6052
_WIRE_SERVER = IPv4Address("168.63.129.16")  # Azure's own, which answers every machine there; it looks public
Address = IPv4Address | IPv6Address
Found = tuple[socket.AddressFamily, Any]
"""A family of addresses, and what `socket.connect` takes."""


class Refused(Exception):
    """A place that callbacks do not go to, and why; it is not tried again."""


@dataclass(frozen=True)
class Destination:
    """A URL that may be one of a callback. `host` has no brackets; `target` is the path with the query."""

    scheme: str
    host: str
    port: int
    target: str

    @classmethod
    def of(cls, url: str) -> Destination:
        """Take a URL apart. Raises Refused for what is none, and for what callbacks never go to."""
        if len(url) > LONGEST_URL or _NO_URL.search(url):
            raise Refused(
                f"a URL has at most {LONGEST_URL} characters, and no spaces, control characters or backslashes"
            )
        try:
            parts = urlsplit(url)
            host, port = (parts.hostname or "").encode("idna").decode(), parts.port
        except ValueError as error:
            raise Refused(f"this is no URL: {error}") from error
        if _NO_HOST.search(host):  # what looks alike has become the same: a wide solidus is one now
            raise Refused("this is no name of a host")
        if parts.scheme not in _PORTS or not host:
            raise Refused("callbacks go to http://… and https://… alone")
        if "@" in parts.netloc:
            raise Refused("a URL of a callback has no user and no password in it")
        target = quote(parts.path or "/", safe=_TARGET) + (
            f"?{quote(parts.query, safe=_TARGET)}" if parts.query else ""
        )
        return cls(parts.scheme, host, _port(_PORTS[parts.scheme] if port is None else port), target)

    @property
    def authority(self) -> str:
        """The host and, where it is not the usual one, the port, as a `Host` header has them (RFC 9110, 7.2)."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"

    def addresses(self, policy: Policy, timeout_s: float) -> list[Found]:
        """Look up the host, and answer its addresses, each of which may be connected to.

        Whoever connects to these, and to nothing else, is where it was checked: the name is not looked up again.
        Raises Refused if one of them is not public and not allowed, OSError where there is no such name, TimeoutError.
        """
        found = in_time(partial(_looked_up, self.host, self.port), timeout_s)
        if not policy.names(self.host):
            for _, address in found:
                _check(ip_address(address[0].partition("%")[0]), policy)
        return found


def is_public(address: Address) -> bool:
    """Whether an address is one of the public Internet: nobody's own network, machine or group of machines.

    One that carries an IPv4 address in it (mapped, 6to4, Teredo, NAT64) is what that one is.
    """
    carried = _carried(address)
    if carried is not None:
        return is_public(carried)
    special = address.is_multicast or address.is_reserved or address.is_unspecified or address == _WIRE_SERVER
    return address.is_global and not special


def _port(port: int) -> int:
    if port in _PORTS.values() or (port >= _FIRST_FREE_PORT and port not in _BAD_PORTS):
        return port
    raise Refused(f"callbacks go to the ports 80, 443, and from {_FIRST_FREE_PORT} on, not to {port}")


def _check(address: Address, policy: Policy) -> None:
    if is_public(address) or any(address in network for network in policy.networks):
        return
    raise Refused(
        f"{address} is not public; `allow` in the job file names hosts and networks that callbacks go to all the same"
    )


def _carried(address: Address) -> IPv4Address | None:
    if isinstance(address, IPv4Address):
        return None
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None)


def in_time(ask: Callable[[], T], timeout_s: float) -> T:
    """Answer what `ask` answers, in a thread that nobody waits for longer: a resolver takes as long as it likes.

    Raises what `ask` raises, and TimeoutError.
    """
    answers: queue.SimpleQueue[Callable[[], T]] = queue.SimpleQueue()

    def answer() -> None:
        try:
            found = ask()
        except Exception as error:  # noqa: BLE001  (whatever it is, it is raised where it is waited for)
            answers.put(partial(_raise, error))
        else:
            answers.put(lambda: found)

    threading.Thread(target=answer, daemon=True, name="callback-lookup").start()
    try:
        answered = answers.get(timeout=timeout_s)
    except queue.Empty:
        raise TimeoutError(f"no answer in {timeout_s:.1f} s") from None
    return answered()


def _raise(error: Exception) -> NoReturn:
    raise error


def _looked_up(host: str, port: int) -> list[Found]:
    try:
        return [(one[0], one[4]) for one in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
    except UnicodeError as error:
        raise OSError(f"this is no name of a host: {error}") from error
