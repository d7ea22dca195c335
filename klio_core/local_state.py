"""The one file that says where the local cloud of a project is: `.klio/local.json`."""

from __future__ import annotations

import json
import os
import socket
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from klio_core.errors import LocalCloudError
from klio_core.invocation import Invocation

STATE_DIR = ".klio"
_FILE = "local.json"
_FORMAT = 1


@dataclass(frozen=True, slots=True)
class LocalState:
    """Where the local cloud of one project listens, the process that runs it, and what it does wrong on purpose."""

    pid: int
    pubsub: str
    objects: str
    format: int = _FORMAT
    faults: tuple[str, ...] = ()

    @property
    def alive(self) -> bool:
        """Whether the process that wrote this still runs and listens; its number may be another program's by now."""
        return self.running and _listened_on(self.pubsub)

    @property
    def running(self) -> bool:
        """Whether there is a process of this number."""
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return False
        except PermissionError:
            return True
        return True

    def environment(self) -> dict[str, str]:
        """Answer the variables by which Google's own clients find the local cloud."""
        return {
            "PUBSUB_EMULATOR_HOST": self.pubsub,
            "STORAGE_EMULATOR_HOST": self.objects,
            "NO_GCE_CHECK": "true",  # else Google's clients look for a metadata server, for seconds
        }


def state_dir(project_dir: Path) -> Path:
    """Answer the directory that holds all local state of a project."""
    return project_dir / STATE_DIR


def dead_letter_dir(project_dir: Path, job_name: str) -> Path:
    """Answer where a job's dead letters are kept under --local, unless the job file says."""
    return state_dir(project_dir) / "dead-letters" / job_name


def status_dir(project_dir: Path, job_name: str) -> Path:
    """Answer where a job's status records are kept under --local, unless the job file says."""
    return state_dir(project_dir) / "status" / job_name


def journal_dir(project_dir: Path, job_name: str) -> Path:
    """Answer where a job's workers note what they have begun under --local, unless the job file says."""
    return state_dir(project_dir) / "journal" / job_name


def read(project_dir: Path) -> LocalState | None:
    """Answer what the state file says, None where there is none. Raises LocalCloudError where it is no use."""
    path = state_dir(project_dir) / _FILE
    try:
        fields = json.loads(path.read_text())
        state = LocalState(**fields)
        state = replace(state, faults=tuple(state.faults))
    except FileNotFoundError:
        return None
    except (ValueError, TypeError) as error:
        raise _unusable(path, str(error)) from error
    if state.format != _FORMAT:
        raise _unusable(path, f"format {state.format}")
    return state


def write(project_dir: Path, state: LocalState) -> None:
    """Write the state file, whole or not at all."""
    path = state_dir(project_dir) / _FILE
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(f".{os.getpid()}.tmp")
    temporary.write_text(json.dumps(asdict(state)))
    temporary.replace(path)


def _unusable(path: Path, got: str) -> LocalCloudError:
    return LocalCloudError(
        "the state of the local cloud cannot be read",
        where=str(path),
        expected=f"what `klio local up` of this version writes (format {_FORMAT})",
        got=got,
        todo="stop it with the version that started it, or `klio local reset` to throw its state away",
    )


def _listened_on(endpoint: str) -> bool:
    host, _, port = endpoint.rpartition(":")
    try:
        socket.create_connection((host, int(port)), timeout=1).close()
    except OSError:
        return False
    return True


def find_project(start: Path) -> Path:
    """Answer the project that `start` is in: the nearest directory upwards that holds `.klio`, else `start`."""
    start = start.resolve()
    return next((d for d in (start, *start.parents) if (d / STATE_DIR).is_dir()), start)


def project_of(job: Invocation) -> Path:
    """Answer the project whose local cloud a run is against: as it says, else the one that the job is in."""
    return job.project.resolve() if job.project is not None else find_project(job.job_dir)
