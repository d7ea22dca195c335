"""The container engine: found, asked, and its refusals turned into EngineErrors."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from klio_core.errors import EngineError

if TYPE_CHECKING:
    from docker import DockerClient

_START = "start Docker, or name another engine in DOCKER_HOST; `klio job run --local` needs none"


@contextmanager
def connected() -> Iterator[DockerClient]:
    """The engine that DOCKER_HOST names, else the one of this machine. Raises EngineError where none answers."""
    client = _client()
    try:
        yield client
    finally:
        client.close()


def _client() -> DockerClient:
    import docker
    import docker.errors
    import requests

    try:
        client = docker.from_env()
        client.ping()
    except (docker.errors.DockerException, requests.RequestException) as error:
        raise EngineError("no container engine answers", where=_address(), got=_reason(error), todo=_START) from error
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
        todo=f"see that it runs ({_address()}), and then run the command again",
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


def _address() -> str:
    return os.environ.get("DOCKER_HOST") or "/var/run/docker.sock"


def _reason(error: Exception) -> str:
    text = str(error)
    return next((known for known in _KNOWN if known in text), text[:300])


_KNOWN = ("Connection refused", "No such file or directory", "Permission denied", "Connection aborted", "timed out")
