"""The image of the workers that another runner of Beam starts: that of the job, unless the job file names one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from klio_cli.images import push
from klio_cli.images.name import ImageName
from klio_cli.terminal import Terminal
from klio_core.other_runners import has_containers, option

if TYPE_CHECKING:
    from docker import DockerClient

    from klio_core.config import KlioConfig

_KEY = "environment_config"


def with_image(client: DockerClient, config: KlioConfig, image: ImageName, terminal: Terminal) -> KlioConfig:
    """Answer the job file with the image for its workers; pushed, where the image's name says to which registry.

    Raises EngineError where it cannot be pushed.
    """
    options = config.pipeline_options
    if not has_containers(options) or option(options, _KEY):
        return config
    name = str(image)
    if image.has_registry:
        terminal.note(f"Pushing {name}")
        name = push.push(client, image, terminal)
    told = options.model_copy(update={_KEY: name})
    return config.model_copy(update={"pipeline_options": told})
