"""The status records of a job in files of this machine: where they are, and how they are read."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from klio_core.errors import UndecodableMessage, UsageError
from klio_core.local_state import project_of, status_dir
from klio_core.status import Status

if TYPE_CHECKING:
    from klio_core.config import KlioConfig
    from klio_core.invocation import Invocation


def directory(config: KlioConfig, job: Invocation) -> Path:
    """Answer where the job's records are: as its job file says, else where --local keeps them.

    Raises UsageError where there is no such place.
    """
    entry = config.job_config.events.status
    kept = status_dir(project_of(job), config.job_name)
    if entry is None or (entry and entry.location is None and kept.is_dir()):
        return kept
    where = f"job_config.events.status of {job.config_path}"
    if entry is False:
        todo = "take it out, or say `status: {type: directory, location: …}`"
        raise UsageError(f"{config.job_name} writes no status records", where=where, got="false", todo=todo)
    if entry.location is None:
        todo = "say `location: DIR` beside `topic`, or read them as they come: klio message tail --status"
        what = f"the status records of {config.job_name} go to a topic, which keeps none of them"
        raise UsageError(what, where=where, todo=todo)
    return job.job_dir / entry.location


def files(directory: Path) -> list[Path]:
    """Answer the files of a directory of records, one for each worker."""
    return sorted(directory.glob("*.jsonl"))


def read(file: Path) -> Iterator[Status]:
    """Yield one worker's records, in its order. Lines that are none, such as half of one, are left out."""
    with file.open("rb") as lines:
        for line in lines:
            try:
                yield Status.decode(line)
            except UndecodableMessage:
                continue
