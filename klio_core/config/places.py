"""The places on a disk of this machine that a job file names, and which of them are written to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from klio_core.config.schema import avro, data, events
from klio_core.config.schema.job import KlioConfig
from klio_core.config.schema.section import Section


@dataclass(frozen=True, slots=True)
class Place:
    """A key of a section that names a place: a directory itself, or a file (a pattern, a prefix) in one."""

    key: str
    directory: bool = False
    writable: bool = False


_READ_FILES, _READ_DIRECTORY = Place("location"), Place("location", directory=True)
_WRITE_FILES = Place("location", writable=True)
_WRITE_DIRECTORY = Place("location", directory=True, writable=True)
_PLACES: dict[type[Section], tuple[Place, ...]] = {
    events.FileEventInput: (Place("file_pattern"),),
    events.FileEventOutput: (Place("file_path_prefix", writable=True),),
    avro.AvroEventInput: (_READ_FILES, Place("file_pattern")),  # the first that is set: the second is below it
    avro.AvroEventOutput: (_WRITE_FILES, Place("file_path_prefix", writable=True)),
    events.FileRecords: (_WRITE_FILES,),
    events.DirectoryRecords: (_WRITE_DIRECTORY,),
    events.StatusTopic: (_WRITE_DIRECTORY,),
    data.FileDataInput: (_READ_DIRECTORY,),
    data.FileDataOutput: (_WRITE_DIRECTORY,),
}

Change = Callable[[str, Place], str]


def with_places(config: KlioConfig, change: Change) -> KlioConfig:
    """Answer the job with each place as `change` answers it of what is written; places with a scheme stay."""
    job = config.job_config
    said = {
        "dead_letters": _entry(job.events.dead_letters, change),
        "status": _entry(job.events.status, change),
        **_entries(job.events, change),
    }
    update: dict[str, Any] = {
        "events": job.events.model_copy(update=said),
        "data": job.data.model_copy(update=_entries(job.data, change)),
    }
    if job.journal is not None:
        update["journal"] = change(job.journal, _WRITE_DIRECTORY)
    return config.model_copy(update={"job_config": job.model_copy(update=update)})


def _entries(section: events.Events | data.Data, change: Change) -> dict[str, Any]:
    return {
        "inputs": tuple(_entry(entry, change) for entry in section.inputs),
        "outputs": tuple(_entry(entry, change) for entry in section.outputs),
    }


def _entry(entry: Any, change: Change) -> Any:
    for place in _PLACES.get(type(entry), ()):
        written = getattr(entry, place.key)
        if written is not None and "://" not in written:
            return entry.model_copy(update={place.key: change(written, place)})
    return entry
