"""Finding the local cloud of a project, and starting it where it is not up."""

from __future__ import annotations

from pathlib import Path

from klio_cli import here
from klio_core import local_state
from klio_core.errors import LocalCloudError
from klio_core.invocation import Invocation
from klio_core.local_state import LocalState


def require(project: Path) -> LocalState:
    """Answer where the local cloud of `project` is. Raises LocalCloudError where it is not up."""
    state = local_state.read(project)
    if state is None or not state.alive:
        raise LocalCloudError("the local cloud is not up", where=str(project), todo="klio local up")
    return state


def of(job: Invocation) -> str | None:
    """Answer where Pub/Sub is for `job`: the local cloud, started where it is not up, or None without --local."""
    return start(local_state.project_of(job)).pubsub if job.local else None


def objects_of(job: Invocation) -> str | None:
    """Answer where objects are for `job`: the local cloud, started where it is not up, or None without --local."""
    return start(local_state.project_of(job)).objects if job.local else None


def start(project: Path) -> LocalState:
    """Answer where the local cloud of `project` is, after starting it where it is not up."""
    state = local_state.read(project)
    if state is not None and state.alive:
        return state
    status = here.klioexec(["local", "up", "--project", str(project)])
    if status:
        raise LocalCloudError("the local cloud did not start", where=str(project), got=f"exit status {status}")
    return require(project)
