"""Where a job keeps its dead letters. Pure, but for the look at what else is there."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from klio_core.local_state import STATE_DIR, dead_letter_dir, project_of

if TYPE_CHECKING:
    from klio_cli.dlq.box import Contents
    from klio_cli.terminal import Terminal
    from klio_core.config import KlioConfig
    from klio_core.invocation import Invocation


_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Place:
    """A topic, a directory (of this machine, or gs://…) or a file; `kind` is the type in the job file."""

    kind: str
    where: str

    def __str__(self) -> str:
        return self.where


def place_of(config: KlioConfig, job_dir: Path, project: Path | None) -> Place:
    """Answer where a job's dead letters are; `project` is whose local cloud it runs against, None without one."""
    entry = config.job_config.events.dead_letters
    if entry is None:
        kept = job_dir / STATE_DIR / "dead-letters" if project is None else dead_letter_dir(project, config.job_name)
        return Place("directory", str(kept))
    if entry.type == "pubsub":
        return Place(entry.type, entry.topic)
    return Place(entry.type, entry.location if "://" in entry.location else str(job_dir / entry.location))


def chosen(config: KlioConfig, job: Invocation) -> Place:
    """Answer where the dead letters are of the runs that an invocation is about."""
    return place_of(config, job.job_dir, project_of(job) if job.local else None)


def remark(terminal: Terminal, contents: Contents, config: KlioConfig, job: Invocation) -> None:
    """Say what somebody may want to know beside the letters."""
    if contents.note:
        terminal.note(contents.note)
    if contents.odd:
        shown = ", ".join(contents.odd[:_SHOWN]) + (", …" if len(contents.odd) > _SHOWN else "")
        terminal.note(f"not read, being no dead letters: {shown}")
    here, there = chosen(config, job), place_of(config, job.job_dir, None if job.local else project_of(job))
    if not contents.letters and there != here and any(Path(there.where).glob("*.json")):
        terminal.note(f"There are some in {there}, of runs {'without' if job.local else 'with'} --local.")
