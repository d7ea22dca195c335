from __future__ import annotations

from typing import Any

import click

from klio_cli import options
from klio_cli.terminal import Terminal


@click.command()
@options.flags(*options.JOB_FLAGS, "image_tag")
@click.option("--force-build", is_flag=True, help="Build it although it is there, and every layer anew.")
@click.option(
    "--secret",
    multiple=True,
    metavar="id=NAME,src=FILE|env=VARIABLE",
    help="What a step of the Dockerfile may read by `RUN --mount=type=secret,id=NAME`, and the image never holds.",
)
@click.pass_obj
def command(terminal: Terminal, /, *, force_build: bool, secret: tuple[str, ...], **chosen: Any) -> None:
    """Build a job's image, and print its name.

    The tag is the last commit of the job's directory and a hash of all that goes into the image: an image of that name
    is of this very state, and is not built again. A job without a Dockerfile gets one that fits every job.
    """
    from klio_cli.images import engine
    from klio_cli.images.job_image import JobImage
    from klio_cli.images.secrets import parse_all, refuse_sent

    secrets = parse_all(secret)
    image = JobImage.of(options.invocation(chosen))
    refuse_sent(secrets, image.context.files())
    with engine.connected() as client:
        if not image.ensure(client, terminal, again=force_build, secrets=secrets):
            terminal.note("It is there already.")
    terminal.say(str(image.name))
