"""Who builds the image of a job that runs elsewhere: this machine's engine, which also pushes it, or Cloud Build."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from klio_cli.terminal import Terminal

if TYPE_CHECKING:
    from klio_cli.images.job_image import JobImage
    from klio_core.config import KlioConfig

Decorated = TypeVar("Decorated", bound=Callable[..., Any])

DOCKER, CLOUD_BUILD, PREBUILD = "docker", "cloud-build", "prebuild"


def option(command: Decorated) -> Decorated:
    """Add --backend to a command that launches. The command gets `backend`."""
    return click.option(
        "--backend",
        type=click.Choice([DOCKER, CLOUD_BUILD]),
        default=DOCKER,
        help="Who builds the image of a job that runs elsewhere: this machine's container engine, or Cloud Build.",
    )(command)


def published(image: JobImage, config: KlioConfig, terminal: Terminal, *, backend: str, again: bool = False) -> str:
    """Have the image built where that is needed, and pushed; answer its name by digest.

    Raises EngineError, CloudError, and UsageError where the job file lacks what Cloud Build needs.
    """
    if backend == CLOUD_BUILD:
        from klio_cli.images import in_cloud

        return in_cloud.build(image, config, terminal)
    from klio_cli.images import engine, push

    with engine.connected() as client:
        image.ensure(client, terminal, again=again)
        terminal.note(f"Pushing {image.name}")
        return push.push(client, image.name, terminal)
