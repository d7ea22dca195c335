"""Makes the relative paths of a job file absolute, so that they mean the same when the job's code goes elsewhere."""

from __future__ import annotations

from pathlib import Path

from klio_core.config import KlioConfig
from klio_core.config.places import with_places


def rooted(config: KlioConfig, job_dir: Path) -> KlioConfig:
    """Answer the job file with every path on a disk of this machine below the job's directory, or where it was."""
    root = job_dir.absolute()
    # Text, not a Path: a pattern may end in "/", and a prefix in ".".
    return with_places(config, lambda written, _place: written if written.startswith("/") else f"{root}/{written}")
