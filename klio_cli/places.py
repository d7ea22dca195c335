"""The places on this machine that a job file names: a container sees them at their own paths, an image holds none."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from klio_core.config import KlioConfig
from klio_core.config.schema import avro, data, events
from klio_core.config.schema.section import Section
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


@dataclass(frozen=True, slots=True)
class _Place:
    """A key of a section that names a place: a directory itself, or a file (a pattern, a prefix) in one."""

    key: str
    directory: bool = False
    writable: bool = False


_READ_FILES, _READ_DIRECTORY = _Place("location"), _Place("location", directory=True)
_WRITE_FILES = _Place("location", writable=True)
_WRITE_DIRECTORY = _Place("location", directory=True, writable=True)
_PLACES: dict[type[Section], tuple[_Place, ...]] = {
    events.FileEventInput: (_Place("file_pattern"),),
    events.FileEventOutput: (_Place("file_path_prefix", writable=True),),
    avro.AvroEventInput: (_READ_FILES, _Place("file_pattern")),  # the first that is set: the second is below it
    avro.AvroEventOutput: (_WRITE_FILES, _Place("file_path_prefix", writable=True)),
    events.FileRecords: (_WRITE_FILES,),
    events.DirectoryRecords: (_WRITE_DIRECTORY,),
    events.StatusTopic: (_WRITE_DIRECTORY,),
    data.FileDataInput: (_READ_DIRECTORY,),
    data.FileDataOutput: (_WRITE_DIRECTORY,),
}


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
        letters = job.events.dead_letters or events.DirectoryRecords(location=_DEAD_LETTERS)
        own = job.events
        said = {"dead_letters": self._entry(letters), "status": self._entry(own.status), **self._entries(own)}
        update: dict[str, Any] = {
            "events": own.model_copy(update=said),
            "data": job.data.model_copy(update=self._entries(job.data)),
        }
        if job.journal is not None:
            update["journal"] = self._noted(job.journal, _WRITE_DIRECTORY)
        return config.model_copy(update={"job_config": job.model_copy(update=update)})

    def _entries(self, section: events.Events | data.Data) -> dict[str, Any]:
        return {
            "inputs": tuple(map(self._entry, section.inputs)),
            "outputs": tuple(map(self._entry, section.outputs)),
        }

    def _entry(self, entry: Any) -> Any:
        for place in _PLACES.get(type(entry), ()):
            written = getattr(entry, place.key)
            if written is not None and "://" not in written:
                return entry.model_copy(update={place.key: self._noted(written, place)})
        return entry

    def _noted(self, written: str, place: _Place) -> str:
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
