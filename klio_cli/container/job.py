"""A job of this machine in its image: looked at, planned, and, unless only the plan was asked for, run.

What runs there either works itself, or hands the job on to another runner of Beam, whose workers have the same image.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from klio_cli.container.plan import plan
from klio_cli.images import workers
from klio_cli.images.job_image import JobImage
from klio_cli.places import Places
from klio_cli.terminal import Terminal
from klio_core import runs
from klio_core.errors import EngineError
from klio_core.invocation import Invocation
from klio_core.local_state import project_of
from klio_core.other_runners import is_handed_on

if TYPE_CHECKING:
    from klio_core.config import KlioConfig


def run(job: Invocation, terminal: Terminal, config: KlioConfig, *, again: bool = False, dry_run: bool = False) -> int:
    """Run a job, whose job file is `config`, in its image, and answer its exit status.

    The image is built where the engine does not have it, or `again`.
    With `dry_run`, print what would be done, and do nothing. Raises UsageError, ConfigError, EngineError.
    """
    image = JobImage.of(job, config)
    places = Places(config, job.job_dir.resolve())
    planned = plan(job, str(image.name), places)
    if dry_run:
        terminal.say(f"{config.job_name} would run so ({_of_the_image(image, again=again)}):\n{planned.text()}")
        return 0
    from klio_cli.container.run import run as run_container
    from klio_cli.images import engine

    with engine.connected() as client:
        image.ensure(client, terminal, again=again)
        told = places.config
        if is_handed_on(told, job):
            told = workers.with_image(client, told, image.name, terminal)
        places.make()
        with runs.recorded(project_of(job), config.job_name, "container") as recorder:
            return recorder.ended(run_container(client, planned, told, terminal, recorder.run))


def _of_the_image(image: JobImage, *, again: bool) -> str:
    from klio_cli.images import engine

    try:
        with engine.connected() as client:
            is_there = engine.has_image(client, str(image.name))
    except EngineError as error:
        return f"whether the image is there is not known: {error.what}"
    return "the image is there" if is_there and not again else "the image is built first"
