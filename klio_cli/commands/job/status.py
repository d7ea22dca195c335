from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import click

from klio_cli import job_dir, options
from klio_cli.kubernetes import options as options_of_kubernetes
from klio_cli.kubernetes.spot import RUNNER, Spot
from klio_cli.standing import LOST, STATES
from klio_cli.terminal import Terminal
from klio_cli.where import choose, dataflow
from klio_core.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from klio_cli.standing import Stand, Standing
    from klio_core.config import KlioConfig
    from klio_core.invocation import Invocation

_IN_WORK = ("leased", "working", LOST)


@click.command()
@click.argument("element", required=False)
@click.option("--state", type=click.Choice(STATES), help="List the elements in this state, the longest first.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", help="How to print it.")
@click.option("--remote", is_flag=True, help="How it stands where the job file puts it, whatever was recorded here.")
@options.flags(*options.JOB_FLAGS, "project")
@options_of_kubernetes.spot
@click.pass_obj
def command(
    terminal: Terminal,
    /,
    *,
    element: str | None,
    state: str | None,
    form: str,
    remote: bool,
    kube_context: str | None,
    namespace: str | None,
    **chosen: Any,
) -> None:
    """Say where the elements of a job are, or one ELEMENT, by the status records on this machine.

    A table of states, and the elements that are in work. An element that a worker had, and whose lease was not renewed,
    is lost: it comes again. A job that the job file puts on Dataflow or Kubernetes, and of which nothing was recorded
    here, is looked for there.
    """
    from klio_cli import records, standing_text
    from klio_cli.standing import Standing

    job = options.invocation(chosen)
    config = job_dir.load(job)
    if remote or (not (element or state) and _is_elsewhere(config, job)):
        choose.elsewhere(job, config, Spot(kube_context, namespace)).show(terminal)
        return
    directory = records.directory(config, job)
    standing = Standing(config.job_name, config.job_config.lease_s)
    for file in records.files(directory):
        standing.take(records.read(file))
    now = time.time()
    if element is not None:
        shown = [_known(standing, element, directory)]
    else:
        shown = list(standing.those_in(*((state,) if state else _IN_WORK), now=now))
    if form == "json":
        terminal.say(standing_text.as_json(standing, shown, now))
    elif element is not None:
        terminal.say(standing_text.one(standing, shown[0], now))
    else:
        standing_text.tables(terminal, standing, shown, now, all_of_them=state is not None)
        if not any(standing.counts(now)[0]):
            terminal.note(f"no status records in {directory}: no streaming job has run here yet")


def _is_elsewhere(config: KlioConfig, job: Invocation) -> bool:
    """Whether the job file itself says Dataflow or Kubernetes, and no run has left records on this machine."""
    from klio_cli import records

    said = config.pipeline_options
    if said.runner not in {dataflow.RUNNER, RUNNER} or "runner" not in said.model_fields_set:
        return False
    entry = config.job_config.events.status
    kept_here = entry is None or (entry is not False and entry.location is not None)
    return not (kept_here and records.files(records.directory(config, job)))


def _known(standing: Standing, element: str, directory: Path) -> Stand:
    from klio_core.status import bytes_of

    found = standing.of(bytes_of(element))
    if found is None:
        raise UsageError(
            f"nothing has been told of {element}",
            where=str(directory),
            todo="`klio job status --state committed` lists what is done; the rest waits for a worker",
        )
    return found
