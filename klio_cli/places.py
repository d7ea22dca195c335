"""The places on this machine that a job file names: a container sees them at their own paths, an image holds none."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from klio_core.config import KlioConfig
from klio_core.config.places import Place, with_places
from klio_core.config.schema.events import DirectoryRecords
from klio_core.errors import UsageError

_DEAD_LETTERS = ".klio/dead-letters"  # where klioexec keeps them by itself, below the directory it runs in
_WILD = frozenset("*?[")


@dataclass(frozen=True, slots=True)
class Mount:
    """A file or directory of this machine, and where the container sees it."""

    source: Path
    target: str
    writable: bool = False

    def __str__(self) -> str:
        return f"{self.source} → {self.target}{'' if self.writable else ', read-only'}"


class Places:
    """The places of one job on this machine; relative ones are meant from the job's directory."""

    def __init__(self, config: KlioConfig, job_dir: Path) -> None:
        """Find them; whether they are there is asked later."""
        self._root = job_dir
        self._found: dict[Path, bool] = {}
        self._results: list[str] = []
        self.config = self._whole(config)

    def mounts(self) -> list[Mount]:
        """Answer a mount for each directory that is not inside another one of the same rights.

        Raises UsageError for a directory to read from that is not there.
        """
        for path, writable in self._found.items():
            if not writable and not path.is_dir():
                raise UsageError("there is no such directory to read from", where=str(path))
        found = sorted(self._found.items())
        return [Mount(path, str(path), writable) for path, writable in found if not self._is_covered(path, writable)]

    def make(self) -> None:
        """Make the directories to write to that are not there; the engine would refuse, or make them as root's."""
        for path, writable in self._found.items():
            if writable:
                path.mkdir(parents=True, exist_ok=True)

    def results(self) -> list[str]:
        """Answer what the job writes inside its own directory, as patterns of .dockerignore: that is no part of it."""
        return self._results

    def _whole(self, config: KlioConfig) -> KlioConfig:
        """Answer the job with its places as whole paths; outside the job's directory they mean the same."""
        job = config.job_config
        letters = job.events.dead_letters or DirectoryRecords(location=_DEAD_LETTERS)
        said = {"events": job.events.model_copy(update={"dead_letters": letters})}
        return with_places(config.model_copy(update={"job_config": job.model_copy(update=said)}), self._noted)

    def _noted(self, written: str, place: Place) -> str:
        path = self._root / written
        directory = path if place.directory else _directory_of(path, written)
        self._found[directory] = self._found.get(directory, False) or place.writable
        if place.writable and path != self._root and path.is_relative_to(self._root):
            self._results.append(f"{path.relative_to(self._root)}{'' if place.directory else '*'}")
        return f"{path}/" if written.endswith("/") else str(path)

    def _is_covered(self, path: Path, writable: bool) -> bool:  # noqa: FBT001 - the value of the item before it
        return any(self._found.get(above, False) or (above in self._found and not writable) for above in path.parents)


def _directory_of(path: Path, written: str) -> Path:
    """Answer the directory in which all files of a pattern or a prefix are."""
    if path.is_dir() or written.endswith("/"):
        return path
    return next(above for above in path.parents if not _WILD & set(str(above)))
