"""What the broker refuses, as the status code and the words in which Google's service refuses it.

Clients act on the code (a publisher retries UNAVAILABLE, a subscriber gives up on NOT_FOUND); people read the words.
These errors live on the wire only: the client library at the other end turns them into its own exceptions.
"""

from __future__ import annotations

from grpc import StatusCode


class Refused(Exception):
    """A call cannot be served: `code` is the gRPC status, the text its details."""

    def __init__(self, code: StatusCode, text: str) -> None:
        super().__init__(text)
        self.code = code


def not_found(name: str) -> Refused:
    """No topic or subscription has this name."""
    return Refused(StatusCode.NOT_FOUND, f"Resource not found (resource={_short(name)}).")


def already_exists(name: str) -> Refused:
    """A topic or subscription of this name exists."""
    return Refused(StatusCode.ALREADY_EXISTS, f"Resource already exists in the project (resource={_short(name)}).")


def invalid(text: str) -> Refused:
    """An argument is wrong whatever the state of the server."""
    return Refused(StatusCode.INVALID_ARGUMENT, text)


def out_of_bounds(field: str, got: int, least: int, most: int) -> Refused:
    """A number lies outside the bounds of the API."""
    size, bound, limit = ("small", "minimum", least) if got < least else ("large", "maximum", most)
    return invalid(
        f"The value for {field} is too {size}. You passed {got} in the request, but the {bound} value is {limit}."
    )


def detached(name: str) -> Refused:
    """The subscription exists, but was cut off from its topic."""
    return Refused(StatusCode.FAILED_PRECONDITION, f"The subscription is detached (resource={_short(name)}).")


def not_here(feature: str) -> Refused:
    """Google's service can do this, the local one cannot."""
    return Refused(StatusCode.UNIMPLEMENTED, f"{feature}: the local Pub/Sub has no such thing; Google's has.")


def unavailable(why: str) -> Refused:
    """The disk said no. Clients retry this code, so nothing is lost while there is no room."""
    return Refused(StatusCode.UNAVAILABLE, f"The local Pub/Sub could not write to its file: {why}.")


def _short(name: str) -> str:
    return name.rsplit("/", 1)[-1]
