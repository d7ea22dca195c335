"""Which address a request comes from, and how. What a client says of itself counts only behind a trusted proxy."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from starlette.datastructures import Headers
from starlette.types import Scope

Network = IPv4Network | IPv6Network
_IPV6_HOUSEHOLD = 64  # a prefix that one customer gets, and may take any address of


def networks(texts: Sequence[str]) -> tuple[Network, ...]:
    """Answer networks such as `10.0.0.0/8`, or single addresses. Raises ValueError."""
    return tuple(ip_network(text) for text in texts)


def address_of(scope: Scope, trusted: Sequence[Network]) -> str:
    """Answer the address that a request is counted for: an IPv4 address, or the /64 of an IPv6 one.

    Each proxy adds the address that it was asked from at the end of X-Forwarded-For. So it is read from there, as
    long as proxies of ours are found; what stands before is what anybody may have written.
    """
    address = _parsed((scope.get("client") or ("",))[0])
    said = [text.strip() for text in ",".join(Headers(scope=scope).getlist("x-forwarded-for")).split(",")]
    while address is not None and said and _is_one_of(address, trusted):
        further = _parsed(said.pop())
        if further is None:
            break
        address = further
    return _household(address)


def is_secret(scope: Scope, trusted: Sequence[Network]) -> bool:
    """Whether nobody on the way reads along: by TLS to us, or to a proxy of ours that says so in X-Forwarded-Proto."""
    if scope["scheme"] == "https":
        return True
    peer = _parsed((scope.get("client") or ("",))[0])
    said = Headers(scope=scope).get("x-forwarded-proto", "").rpartition(",")[2].strip()
    return peer is not None and said == "https" and _is_one_of(peer, trusted)


def _parsed(text: str) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(text.strip("[]"))
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def _is_one_of(address: IPv4Address | IPv6Address, trusted: Sequence[Network]) -> bool:
    return any(address.version == network.version and address in network for network in trusted)


def _household(address: IPv4Address | IPv6Address | None) -> str:
    if isinstance(address, IPv6Address):
        return str(ip_network((address, _IPV6_HOUSEHOLD), strict=False))
    return str(address or "nowhere")
