"""Pushes a job's image to the registry that its name says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from klio_cli.images import engine
from klio_cli.images.name import ImageName
from klio_cli.images.transfer import transfer
from klio_cli.terminal import Terminal
from klio_core.errors import EngineError, UsageError

if TYPE_CHECKING:
    from docker import DockerClient

_WHAT = "the image cannot be pushed"
_ADVICE = (
    "see that the repository is there and that you may write to it (`docker login`, `gcloud auth configure-docker`)"
)


def check(image: ImageName) -> None:
    """Raise UsageError for an image whose name says no registry."""
    if not image.has_registry:
        raise UsageError(
            "the job file does not say where its image is pushed to",
            where="pipeline_options.sdk_container_image",
            expected="REGION-docker.pkg.dev/PROJECT/REPOSITORY/NAME, or a repository of another registry",
            got=image.repository,
        )


def push(client: DockerClient, image: ImageName, terminal: Terminal) -> str:
    """Push an image and answer its name by digest, `REPOSITORY@sha256:…`, which is that image for ever.

    Raises EngineError where the registry refuses it or cannot be reached.
    """
    with engine.asking(_WHAT, str(image), _ADVICE):
        records = client.api.push(image.repository, image.tag, stream=True, decode=True)
        digest = transfer(records, terminal, _WHAT, str(image), _ADVICE)
    if digest is None:
        raise EngineError(_WHAT, where=str(image), got="the registry told no digest", todo=_ADVICE)
    return f"{image.repository}@{digest}"
