"""What the job file says that is well-formed and will still not do."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from klio_cli import job_dir
from klio_core.errors import ConfigError
from klio_core.finding import Finding, Grade
from klio_core.invocation import Invocation

if TYPE_CHECKING:
    from klio_core.config import KlioConfig

_WITHOUT_DISKS = {"DataflowRunner": "Dataflow", "DirectGKERunner": "Kubernetes"}


def findings(job: Invocation) -> Iterator[Finding]:
    """Look at the job file alone."""
    try:
        config = job_dir.load(job)
    except ConfigError as error:
        yield Finding(Grade.FAULT, str(error), status=error.exit_code)
        return
    mode = "streaming" if config.pipeline_options.streaming else "batch"
    yield Finding(Grade.FINE, f"{job.config_path.name}: {config.job_name}, {mode}")
    yield from _events(config)


def _events(config: KlioConfig) -> Iterator[Finding]:
    events = config.job_config.events
    if not events.inputs:
        yield Finding(Grade.WARNING, "no event input", "without one, run() gets the bare pipeline")
    if place := _loses_letters(config):
        yield Finding(
            Grade.WARNING,
            f"dead letters are kept on the machine that the work fails on; on {place} that goes away, and they with it",
            "set job_config.events.dead_letters to a topic, or to a directory in Cloud Storage (`location: gs://…`)",
        )
    elif events.dead_letters is None:
        yield Finding(
            Grade.WARNING,
            "no dead_letters: what fails is kept under .klio, and only on the machine that it failed on",
            "add `dead_letters: {type: directory, location: dead-letters}` under job_config.events",
        )
    else:
        yield Finding(Grade.FINE, f"dead letters go to a {events.dead_letters.type}")


def _loses_letters(config: KlioConfig) -> str:
    """Answer where the job runs, if its dead letters go away with its workers there; else ""."""
    letters = config.job_config.events.dead_letters
    lost = letters is None or (letters.type != "pubsub" and not letters.location.startswith("gs://"))
    return _WITHOUT_DISKS.get(config.pipeline_options.runner, "") if lost else ""
