"""Builds a job's image, by BuildKit where the engine prefers it, else by the classic builder."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

from klio_cli.images import dockerfile, engine
from klio_cli.images.build_log import BuildLog
from klio_cli.images.context import Context
from klio_cli.images.layers import Layers
from klio_cli.images.secrets import Secret, hidden
from klio_cli.images.session import session
from klio_cli.images.transfer import transfer
from klio_cli.terminal import Terminal
from klio_core.errors import EngineError

if TYPE_CHECKING:
    from docker import DockerClient

    from klio_cli.images.name import ImageName

JOB_LABEL, TREE_LABEL = "klio.job", "klio.tree"
_REFUSED = 400
_NO_BASE = "the base image cannot be pulled"
_BASE_ADVICE = "see that the name in the Dockerfile's FROM is right, and that this machine may read it (`docker login`)"


def build(
    client: DockerClient,
    image: ImageName,
    context: Context,
    job_name: str,
    terminal: Terminal,
    *,
    again: bool = False,
    secrets: Sequence[Secret] = (),
) -> None:
    """Build `image`; its layers are shown as they come, and with `again` none is taken from the cache.

    Steps can mount the `secrets`, which takes BuildKit. Raises EngineError where a step fails, with the last lines that
    it printed and no secret among them; nothing of it is left behind.
    """
    by_buildkit = _has_buildkit(client)
    if secrets and not by_buildkit:
        raise _no_secrets()
    for base in dockerfile.bases(context.dockerfile):
        _fetch(client, base, terminal)
    layers = Layers(terminal)
    log = BuildLog(layers)
    asked = _asked(image, context, job_name, again=again, by_buildkit=by_buildkit)
    opened = session(client, secrets) if secrets else nullcontext()
    with layers.shown(), engine.asking("the image cannot be built", str(image)), opened as name:
        for record in _stream(client, context, asked if name is None else {**asked, "session": name}):
            log.take(record)
            if (why := engine.refusal(record)) is not None:
                raise _failed(context, layers, why, secrets)
        log.end()


def _fetch(client: DockerClient, base: str, terminal: Terminal) -> None:
    """Pull a base image that is not there. The engine would, too; but not with this user's login."""
    if engine.has_image(client, base):
        return
    terminal.note(f"Pulling {base}")
    todo = "see that the name in the Dockerfile's FROM is right, and that this machine may read it (`docker login`)"
    with engine.asking("the base image cannot be pulled", base, todo):
        name = base if "@" in base or ":" in base.rpartition("/")[2] else f"{base}:latest"
        transfer(
            client.api.pull(name, stream=True, decode=True), terminal, "the base image cannot be pulled", base, todo
        )


def labels_of(job_name: str, context: Context) -> dict[str, str]:
    """Answer the labels of a job's image, whoever builds it: of which job it is, and of what it was built."""
    return {JOB_LABEL: job_name, TREE_LABEL: context.digest()}


def _asked(
    image: ImageName, context: Context, job_name: str, *, again: bool, by_buildkit: bool
) -> dict[str, str | int]:
    return {
        "t": str(image),
        "dockerfile": dockerfile.NAME,
        "labels": json.dumps(labels_of(job_name, context)),
        "nocache": int(again),
        "rm": 1,
        "forcerm": 1,  # else a step that fails leaves its container behind
        "version": 2 if by_buildkit else 1,
    }


def _stream(client: DockerClient, context: Context, asked: Mapping[str, str | int]) -> Iterator[dict[str, Any]]:
    api = client.api
    with context.tar() as archive:
        answer = api.post(
            f"{api.base_url}/v{api.api_version}/build",
            params=asked,
            data=archive,
            headers={"Content-Type": "application/x-tar"},
            stream=True,
            timeout=None,
        )
        with answer:
            if answer.status_code >= _REFUSED:
                yield {"error": answer.json().get("message", answer.reason)}
                return
            yield from engine.records(answer.iter_lines())


def _has_buildkit(client: DockerClient) -> bool:
    """Whether to build by BuildKit: as DOCKER_BUILDKIT says, for which Docker's own tools look, else as the engine."""
    chosen = os.environ.get("DOCKER_BUILDKIT")
    if chosen:
        return chosen.lower() not in ("0", "false")
    with engine.asking("the engine does not say what it builds with", "/_ping"):
        answer = client.api.get(f"{client.api.base_url}/_ping")
    return answer.headers.get("Builder-Version") == "2"


def _no_secrets() -> EngineError:
    return EngineError(
        "the engine's classic builder knows no secrets",
        where="--secret",
        todo="unset DOCKER_BUILDKIT, or take an engine that has BuildKit (Docker 23 has by default)",
    )


def _failed(context: Context, layers: Layers, why: str, secrets: Sequence[Secret]) -> EngineError:
    step = layers.unfinished
    where = f"{context.root / dockerfile.NAME}" + (f", step {step}" if step else "")
    return EngineError(
        "the image could not be built",
        where=where,
        got=hidden("\n".join(part for part in (why, layers.last_words) if part), secrets),
        todo="mend that step and run the command again; the steps before it are kept",
    )
