from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from klio_cli import here, job_dir, options
from klio_cli.images.backend import CLOUD_BUILD, DOCKER, PREBUILD
from klio_cli.terminal import Terminal
from klio_core.errors import UsageError

if TYPE_CHECKING:
    from klio_core.invocation import Invocation


@click.command()
@options.flags(*options.JOB_FLAGS, "image_tag")
@click.option(
    "--backend",
    type=click.Choice([DOCKER, CLOUD_BUILD, PREBUILD]),
    default=DOCKER,
    help="Who builds: this machine's container engine; Google's Cloud Build, which pushes the image as well; or Beam, "
    "which installs what setup_file or requirements_file names in an image of its own.",
)
@click.option("--force-build", is_flag=True, help="Build it although it is there, and every layer anew.")
@click.option(
    "--secret",
    multiple=True,
    metavar="id=NAME,src=FILE|env=VARIABLE",
    help="What a step of the Dockerfile may read by `RUN --mount=type=secret,id=NAME`, and the image never holds.",
)
@click.pass_obj
def command(terminal: Terminal, /, *, backend: str, force_build: bool, secret: tuple[str, ...], **chosen: Any) -> int:
    """Build a job's image, and print its name.

    The tag is the last commit of the job's directory and a hash of all that goes into the image: an image of that name
    is of this very state, and is not built again. A job without a Dockerfile gets one that fits every job.
    Cloud Build gets what the engine would get, by the bucket of pipeline_options.staging_location, builds every time,
    and pushes to the registry of pipeline_options.sdk_container_image.
    """
    job = job_dir.check(options.invocation(chosen))
    if backend == DOCKER:
        _build_here(job, terminal, secret, again=force_build)
        return 0
    if secret:
        todo = "build with this machine's engine (Cloud Build's own secrets are those of Secret Manager)"
        raise UsageError(f"a secret of this machine is not handed to {backend}", where="--secret", todo=todo)
    if backend == PREBUILD:
        return here.klioexec(["prebuild", *job.argv()])
    _build_in_cloud(job, terminal)
    return 0


def _build_here(job: Invocation, terminal: Terminal, secret: tuple[str, ...], *, again: bool) -> None:
    from klio_cli.images import engine
    from klio_cli.images.job_image import JobImage
    from klio_cli.images.secrets import parse_all, refuse_sent

    secrets = parse_all(secret)
    image = JobImage.of(job)
    refuse_sent(secrets, image.context.files())
    with engine.connected() as client:
        if not image.ensure(client, terminal, again=again, secrets=secrets):
            terminal.note("It is there already.")
    terminal.say(str(image.name))


def _build_in_cloud(job: Invocation, terminal: Terminal) -> None:
    from klio_cli.images import in_cloud
    from klio_cli.images.job_image import JobImage

    config = job_dir.load(job)
    image = JobImage.of(job, config)
    terminal.note(f"It is pushed: {in_cloud.build(image, config, terminal)}")
    terminal.say(str(image.name))
