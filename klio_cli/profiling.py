"""What all commands of `klio job profile` have in common: their options, and where they start `klioexec`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

import click

from klio_cli import here, job_dir, options
from klio_cli.terminal import Terminal
from klio_core.errors import UsageError
from klio_core.invocation import Invocation
from klio_core.profiling import FOR_ALL, FOR_SOME, JOB_FLAGS, OWN_FLAGS, Profiling, What

Decorated = TypeVar("Decorated", bound=Callable[..., Any])

_JOB = (*(flag.field for flag in JOB_FLAGS), "image_tag")


def profiles(what: What) -> Callable[[Decorated], Decorated]:
    """Add the arguments and options of a profile."""

    def decorate(command: Decorated) -> Decorated:
        command = options.flags(*FOR_ALL, *FOR_SOME[what], of=OWN_FLAGS)(command)
        command = click.option(
            "--force-build", is_flag=True, help="Build the image although it is there, and every layer anew."
        )(command)
        command = click.option("--container", is_flag=True, help="In the job's image, which is built if need be.")(
            command
        )
        command = options.flags(*_JOB)(command)
        return click.argument("elements", nargs=-1, metavar="[ELEMENT]...")(command)

    return decorate


def of_klio(*names: str) -> Callable[[Decorated], Decorated]:
    """Accept switches of klio 22.3 for what is always so here."""

    def decorate(command: Decorated) -> Decorated:
        for name in names:
            said = "Of klio 22.3; it is always so."
            command = click.option(name, is_flag=True, hidden=True, expose_value=False, help=said)(command)
        return command

    return decorate


def plot_graph(command: Decorated) -> Decorated:
    """Accept the switch of klio 22.3 for a picture whose name it makes: klio_profile_cpu_20261121083000.png."""
    said = "Of klio 22.3: --plot, and the name of the file is made of the time."
    return click.option("-g", "--plot-graph", is_flag=True, hidden=True, help=said)(command)


def run(what: What, terminal: Terminal, chosen: Mapping[str, Any]) -> int:
    """Profile a job, and answer the exit status of its run. Raises UsageError, ConfigError and EngineError."""
    given = {field: value for field, value in chosen.items() if value is not None}
    container, again = given.pop("container"), given.pop("force_build")
    if given.pop("plot_graph", False):
        given.setdefault("plot", Path(f"klio_profile_{what}_{datetime.now():%Y%m%d%H%M%S}.png"))
    job = Invocation(**{field: given.pop(field) for field in _JOB if field in given})
    asked = Profiling(what, job=job, **given)
    job_dir.check(job)
    if container:
        return _in_the_image(asked, terminal, again=again)
    if again or job.image_tag:
        option = "--force-build" if again else "--image-tag"
        raise UsageError(f"{option} is for --container: without it there is no image")
    return here.klioexec(["profile", *asked.argv()])


def _in_the_image(asked: Profiling, terminal: Terminal, *, again: bool) -> int:
    if asked.job.local:
        raise UsageError(
            "--local and --container exclude each other",
            expected="--local for the local cloud, --container for the services that the job file names",
        )
    from klio_cli.container import profile

    return profile.run(asked, terminal, job_dir.load(asked.job), again=again)
