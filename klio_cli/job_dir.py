"""Which job a command is about: its directory and its job file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from klio_core.errors import UsageError
from klio_core.invocation import Invocation

if TYPE_CHECKING:
    from klio_core.config import KlioConfig


def check(job: Invocation) -> Invocation:
    """Answer `job` where its directory holds its job file. Raises UsageError where not."""
    if not job.job_dir.is_dir():
        raise UsageError("there is no such directory", where=str(job.job_dir), todo="say where the job is with -j")
    if not job.config_path.is_file():
        raise UsageError(
            f"there is no {job.config_path.name}",
            where=str(job.job_dir.resolve()),
            todo="cd into a job's directory, say where it is with -j, or make a job with `klio job create NAME`",
        )
    return job


def load(job: Invocation) -> KlioConfig:
    """Read the job file, with the overrides and templates. Raises UsageError or ConfigError where it cannot."""
    check(job)
    from klio_core.config import load as load_config

    return load_config(job.config_path, overrides=job.override, templates=job.template)
