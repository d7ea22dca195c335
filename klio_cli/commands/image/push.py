from __future__ import annotations

from typing import Any

import click

from klio_cli import options
from klio_cli.terminal import Terminal


@click.command()
@options.flags(*options.JOB_FLAGS, "image_tag")
@click.option("--force-build", is_flag=True, help="Build it although it is there, and every layer anew.")
@click.pass_obj
def command(terminal: Terminal, /, *, force_build: bool, **chosen: Any) -> None:
    """Push a job's image to its registry, and print its name by digest.

    It is built first, where the engine does not have it. The registry is that of pipeline_options.sdk_container_image.
    """
    from klio_cli.images import engine
    from klio_cli.images import push as pushing
    from klio_cli.images.job_image import JobImage

    image = JobImage.of(options.invocation(chosen))
    pushing.check(image.name)
    with engine.connected() as client:
        image.ensure(client, terminal, again=force_build)
        terminal.note(f"Pushing {image.name}")
        terminal.say(pushing.push(client, image.name, terminal))
