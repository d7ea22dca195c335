"""What a job file names on this machine, so that workers elsewhere would look for it in vain. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from klio_core.config import KlioConfig
from klio_core.config.problems import Place, Problem

Lack = tuple[str, str, str]  # the path of what is missing or in the way, what it is, and what to do about it


def places_here(config: KlioConfig) -> Iterator[Lack]:
    """Yield each place of events and data that is on this machine."""
    events, data = config.job_config.events, config.job_config.data
    lists: dict[str, Sequence[object]] = {
        "events.inputs": events.inputs,
        "events.outputs": events.outputs,
        "data.inputs": data.inputs,
        "data.outputs": data.outputs,
    }
    places: list[tuple[str, object]] = [("events.dead_letters", events.dead_letters), ("events.status", events.status)]
    places += [(f"{name}[{number}]", entry) for name, entries in lists.items() for number, entry in enumerate(entries)]
    for path, entry in places:
        found = _local_place(entry)
        if found:
            todo = "name a topic, or a place in a bucket: gs://…"
            yield f"job_config.{path}", f"no place that workers see: {found}", todo


def problems(lacks: Iterator[Lack], where: str) -> list[Problem]:
    """Answer what is lacking in the job file `where`, as an error lists it."""
    return [Problem(what, Place(where), path, todo=todo) for path, what, todo in lacks]


def _local_place(entry: object) -> str:
    if getattr(entry, "type", "") not in {"file", "avro", "directory"}:
        return ""
    named = ("location", "file_pattern", "file_path_prefix")
    places = [str(place) for name in named if (place := getattr(entry, name, None))]
    return "" if any("://" in place for place in places) else next(iter(places), "")
