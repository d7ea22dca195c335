"""The container engine: found, asked, and its refusals turned into EngineErrors."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from klio_cli.images.address import Address, addresses
from klio_core.errors import EngineError

if TYPE_CHECKING:
    from docker import DockerClient

_START = (
    "start Docker, or name another engine in DOCKER_HOST or by `docker context use`; `klio job run --local` needs none"
)


@contextmanager
def connected() -> Iterator[DockerClient]:
    """The engine that DOCKER_HOST or a docker context names, else the first of this machine's that answers.

    Raises EngineError where none does.
    """
    client = first_of(addresses(os.environ))
    try:
        yield client
    finally:
        client.close()


def first_of(places: Sequence[Address]) -> DockerClient:
    """Answer the first engine that answers. Raises EngineError where none does, which says where was looked."""
    import docker.errors

    refused: dict[Address, Exception] = {}
    for place in places:
        try:
            return _client(place)
        except (docker.errors.DockerException, OSError) as error:  # RequestException is one
            refused[place] = error
    where = ", ".join(map(str, refused))
    got = "; ".join(dict.fromkeys(map(_reason, refused.values())))
    raise EngineError("no container engine answers", where=where, got=got, todo=_START)


def _client(place: Address) -> DockerClient:
    from docker import DockerClient

    place.knock()
    client = DockerClient(base_url=place.url, tls=place.tls or False)
    try:
        client.ping()
    except BaseException:  # Ctrl-C too: the connection is ours to close, and what it was is raised again
        client.close()
        raise
    return client


@contextmanager
def asking(what: str, where: str, todo: str | None = None) -> Iterator[None]:
    """Turn what the engine refuses into an EngineError that says `what`, and its end into one that says so."""
    import docker.errors
    import requests
    import urllib3

    try:
        yield
    except docker.errors.APIError as error:
        raise EngineError(what, where=where, got=str(error.explanation or error), todo=todo) from error
    except docker.errors.NotFound as error:
        raise EngineError(what, where=where, got=str(error), todo=todo) from error
    except (requests.RequestException, urllib3.exceptions.HTTPError, ConnectionError) as error:
        raise gone(where, error) from error


def gone(where: str, error: Exception) -> EngineError:
    """Answer what is to be said when the engine no longer answers."""
    return EngineError(
        "the container engine went away",
        where=where,
        got=_reason(error),
        todo="see that it runs, and then run the command again",
    )


def records(lines: Iterator[bytes]) -> Iterator[dict[str, Any]]:
    """Yield the records of the engine's stream, one from each line."""
    for line in lines:
        if line.strip():
            yield json.loads(line)


def refusal(record: dict[str, Any]) -> str | None:
    """Answer what a record of a stream says went wrong: the engine raises nothing once it streams."""
    if "error" not in record and "errorDetail" not in record:
        return None
    detail = record.get("errorDetail") or {}
    return str(detail.get("message") or record.get("error") or "no reason given")


def has_image(client: DockerClient, reference: str) -> bool:
    """Answer whether the engine holds that image."""
    import docker.errors

    with asking("the engine does not say whether it has an image", reference):
        try:
            client.images.get(reference)
        except docker.errors.ImageNotFound:
            return False
    return True


def _reason(error: Exception) -> str:
    text = str(error)
    return next((known for known in _KNOWN if known in text), text[:300])


_KNOWN = ("Connection refused", "No such file or directory", "Permission denied", "Connection aborted", "timed out")
