"""Makes the relative paths of a job file absolute, so that they mean the same when the job's code goes elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from klio_core.config import KlioConfig

_ON_A_DISK = {"file", "avro", "directory"}


def rooted(config: KlioConfig, job_dir: Path) -> KlioConfig:
    """Answer the job file with every path on a disk of this machine below the job's directory, or where it was."""
    job = config.job_config
    events: dict[str, Any] = {
        "inputs": tuple(_placed(entry, job_dir) for entry in job.events.inputs),
        "outputs": tuple(_placed(entry, job_dir) for entry in job.events.outputs),
        "dead_letters": _placed(job.events.dead_letters, job_dir),
        "status": _placed(job.events.status, job_dir),
    }
    data: dict[str, Any] = {
        "inputs": tuple(_placed(entry, job_dir) for entry in job.data.inputs),
        "outputs": tuple(_placed(entry, job_dir) for entry in job.data.outputs),
    }
    update = {
        "events": job.events.model_copy(update=events),
        "data": job.data.model_copy(update=data),
        "journal": _absolute(job.journal, job_dir),
    }
    return config.model_copy(update={"job_config": job.model_copy(update=update)})


def _placed(entry: Any, job_dir: Path) -> Any:
    """Answer an entry with its path made absolute; of Avro's two, the second is below the first."""
    if getattr(entry, "type", None) not in _ON_A_DISK:
        return entry
    for name in ("location", "file_pattern", "file_path_prefix"):
        path = entry.__dict__.get(name)
        if path is not None:
            return entry.model_copy(update={name: _absolute(path, job_dir)})
    return entry


def _absolute(path: str | None, job_dir: Path) -> str | None:
    if path is None or "://" in path:
        return path
    # Text, not a Path: a pattern may end in "/", and a prefix in ".".
    return path if path.startswith("/") else f"{job_dir.absolute()}/{path}"
