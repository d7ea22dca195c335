"""A graph of jobs: which events and which data flow from job to job, and who asks whom. Pure: read off job files."""

from __future__ import annotations

import enum
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path, PurePath
from typing import Any

from klio_core.config import Dependency, KlioConfig
from klio_core.errors import UsageError
from klio_core.graph.order import depths, walk
from klio_core.names import Resource, is_topic, parse_resource


class Kind(enum.StrEnum):
    """What a node is."""

    JOB = "job"
    EVENTS = "events"
    DATA = "data"


@dataclass(frozen=True, slots=True, order=True)
class Node:
    """A job, a place of events (a topic, files, a table), or a place of data: `location/*suffix`."""

    kind: Kind
    name: str


@dataclass(frozen=True, slots=True)
class Edge:
    """Something flows from `tail` to `head`; one of them is a job."""

    tail: Node
    head: Node


@dataclass(frozen=True, eq=False)
class Job:
    """One job of a graph: its job file, and its directory, from which relative places count."""

    config: KlioConfig
    directory: Path
    written: tuple[Node, ...] = ()  # the files of events that the other jobs of the graph write

    @property
    def name(self) -> str:
        """The job's name, which is its own in a graph."""
        return self.config.job_name

    @property
    def project(self) -> str:
        """The project by which messages name the job."""
        return self.config.pipeline_options.project or ""

    @property
    def node(self) -> Node:
        """The job as a node."""
        return Node(Kind.JOB, self.name)

    @property
    def dependencies(self) -> tuple[Dependency, ...]:
        """The parents that the job file names."""
        return self.config.job_config.dependencies

    @cached_property
    def reads(self) -> tuple[Node, ...]:
        """The events that the job reads, in the order of its file.

        A pattern that finds the files which a job of the graph writes is the place that this job writes.
        """
        read = (self._events(entry) for entry in self.config.job_config.events.inputs)
        return tuple(next((there for there in self.written if finds(node, there)), node) for node in read)

    @cached_property
    def writes(self) -> tuple[Node, ...]:
        """The events that the job writes."""
        outputs = self.config.job_config.events.outputs
        return tuple(self._events(entry) for entry in outputs if not entry.skip_klio_write)

    @cached_property
    def takes(self) -> tuple[Node, ...]:
        """The data that the job reads; the number of an input is its place here."""
        return tuple(self._data(entry) for entry in self.config.job_config.data.inputs)

    @cached_property
    def needs(self) -> tuple[Node, ...]:
        """The data that the job looks for before it works."""
        inputs = self.config.job_config.data.inputs
        return tuple(self._data(entry) for entry in inputs if not entry.skip_klio_existence_check)

    @cached_property
    def makes(self) -> tuple[Node, ...]:
        """The data that the job writes."""
        return tuple(self._data(entry) for entry in self.config.job_config.data.outputs)

    def made_by(self, parent: Dependency) -> tuple[Node, ...]:
        """Answer the data inputs that a parent is said to make: it is asked for none but those that are looked for."""
        names = tuple(entry.name for entry in self.config.job_config.data.inputs)
        made = (self.takes[number] for number in parent.made_of(names))
        return tuple(node for node in made if node in self.needs)

    def _data(self, entry: Any) -> Node:
        return Node(Kind.DATA, f"{self._place(entry.location).rstrip('/')}/*{entry.file_suffix}")

    def _events(self, entry: Any) -> Node:
        if topic := getattr(entry, "topic", None):
            return Node(Kind.EVENTS, topic)
        if subscription := getattr(entry, "subscription", None):
            # The local cloud gives a subscription whose topic nobody names a topic of its own name.
            found = parse_resource(subscription)
            return Node(Kind.EVENTS, str(Resource(found.project, "topics", found.name)))
        names = (getattr(entry, name, None) for name in ("location", "file_pattern", "file_path_prefix"))
        if place := "/".join(name for name in names if name):
            return Node(Kind.EVENTS, self._files(place, entry))
        named = getattr(entry, "table", None) or getattr(entry, "query", None) or getattr(entry, "class_", "")
        return Node(Kind.EVENTS, f"{entry.type}: {named}")

    def _files(self, place: str, entry: Any) -> str:
        """Answer the pattern of an entry's files: Beam puts the number of a shard between prefix and suffix."""
        suffix = getattr(entry, "file_name_suffix", None)
        if suffix is None:
            return self._place(place)
        slash = "/" if place.endswith("/") else ""
        return f"{self._place(place)}{slash}{'' if entry.shard_name_template == '' else '*'}{suffix}"

    def _place(self, location: str) -> str:
        if "://" in location and not location.startswith("file://"):
            return location
        return os.path.normpath(self.directory.absolute() / location.removeprefix("file://"))


def finds(pattern: Node, written: Node) -> bool:
    """Answer whether a pattern of files finds those that a job writes; a directory stands for all that is in it."""
    name = PurePath(written.name.replace("*", "-00000-of-00001"))  # as Beam calls a shard
    return name.match(pattern.name) or ("*" not in pattern.name and name.match(f"{pattern.name}/*"))


class Graph:
    """Jobs and what flows between them. Raises UsageError where two jobs have one name."""

    def __init__(self, jobs: Sequence[Job]) -> None:
        self.jobs: dict[str, Job] = {}
        for job in jobs:
            if other := self.jobs.get(job.name):
                raise UsageError(
                    f"two jobs are named {job.name}",
                    where=f"{other.directory}, {job.directory}",
                    todo="give one of them another job_name, or leave one out",
                )
            self.jobs[job.name] = job
        self.jobs = {job.name: replace(job, written=_files_of_others(job, jobs)) for job in jobs}
        self.edges = tuple(dict.fromkeys(edge for job in self.jobs.values() for edge in _edges(job)))

    @property
    def nodes(self) -> tuple[Node, ...]:
        """All nodes, in the order in which edges name them; jobs without any edge last."""
        ends = [node for edge in self.edges for node in (edge.tail, edge.head)]
        return tuple(dict.fromkeys([*ends, *(job.node for job in self.jobs.values())]))

    def makers(self, node: Node) -> list[str]:
        """Answer the jobs that write a place, in the order of the graph."""
        return [name for name in self.order if Edge(self.jobs[name].node, node) in self._edge_set]

    def readers(self, node: Node) -> list[str]:
        """Answer the jobs that read a place, in the order of the graph."""
        return [name for name in self.order if Edge(node, self.jobs[name].node) in self._edge_set]

    @cached_property
    def below(self) -> dict[str, tuple[str, ...]]:
        """The jobs that come right after each job: they read what it writes, or ask it for what they lack.

        One that reads what it has written itself, if it is there, does not come after itself.
        """
        found: dict[str, tuple[str, ...]] = {}
        for name, job in self.jobs.items():
            written = {*job.writes, *job.makes}
            found[name] = tuple(
                other.name
                for other in self.jobs.values()
                if written.intersection((*other.reads, *(other.needs if other is job else other.takes)))
                or any(parent.job_name == name for parent in other.dependencies)
            )
        return found

    @cached_property
    def depth(self) -> dict[str, int]:
        """How many jobs each job has above it, on the longest way."""
        return depths(self.below)

    @cached_property
    def order(self) -> list[str]:
        """All jobs, each before those that come after it, as they were given where that leaves a choice."""
        return sorted(self.jobs, key=self.depth.__getitem__)

    @property
    def circles(self) -> list[list[str]]:
        """Jobs that wait for each other; none in a graph that can be worked through."""
        return walk(self.below)[1]

    @property
    def roots(self) -> list[str]:
        """The jobs with none above them."""
        under = {name for names in self.below.values() for name in names}
        return [name for name in self.order if name not in under]

    @property
    def leaves(self) -> list[str]:
        """The jobs with none below them."""
        return [name for name in self.order if not self.below[name]]

    def above(self, name: str) -> set[str]:
        """Answer a job and all the jobs above it."""
        found = {name}
        waiting = [name]
        while waiting:
            here = waiting.pop()
            parents = {parent for parent, names in self.below.items() if here in names} - found
            found |= parents
            waiting += parents
        return found

    @cached_property
    def _edge_set(self) -> frozenset[Edge]:
        return frozenset(self.edges)


def _files_of_others(job: Job, jobs: Sequence[Job]) -> tuple[Node, ...]:
    written = (node for other in jobs if other is not job for node in other.writes)
    return tuple(node for node in written if "/" in node.name and not is_topic(node.name))


def _edges(job: Job) -> Iterator[Edge]:
    yield from (Edge(node, job.node) for node in (*job.reads, *job.takes))
    yield from (Edge(job.node, node) for node in (*job.writes, *job.makes))
