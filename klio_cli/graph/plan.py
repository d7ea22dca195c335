"""What a run of a graph takes: which jobs, against which local cloud, what is sent where."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from klio_cli import outgoing
from klio_core.errors import UsageError
from klio_core.graph import Graph, Job, Weight, problems_of
from klio_core.invocation import Invocation
from klio_core.local_state import dead_letter_dir, find_project, state_dir
from klio_core.names import parse_resource, subscription_for

if TYPE_CHECKING:
    from klio_cli.outgoing import Manner
    from klio_cli.pubsub import PubSub

_ACK_SECONDS = 60


@dataclass(frozen=True)
class Plan:
    """The jobs that run, those above first; `first` get the elements, and have come to an end in `last`."""

    jobs: tuple[Job, ...]
    first: tuple[Job, ...]
    last: tuple[Job, ...]
    project: Path

    @classmethod
    def of(cls, graph: Graph, wanted: str | None) -> Plan:
        """Plan for all jobs, or, bottom-up, for one and those above it.

        Raises UsageError where that job is not there, one of them is no streaming job, or the graph has errors.
        """
        _check(graph, wanted)
        names = graph.above(wanted) if wanted else set(graph.jobs)
        jobs = tuple(graph.jobs[name] for name in graph.order if name in names)
        _check_streaming(jobs)
        ends = [wanted] if wanted else graph.leaves
        first = [wanted] if wanted else graph.roots
        places = [job.directory.resolve() for job in graph.jobs.values()]
        common = Path(os.path.commonpath(places)) if len(places) > 1 else places[0]
        return cls(jobs, tuple(graph.jobs[n] for n in first), tuple(graph.jobs[n] for n in ends), find_project(common))

    @property
    def logs(self) -> Path:
        """Where the jobs' logs are."""
        return state_dir(self.project) / "graph"

    @property
    def records(self) -> list[str]:
        """The topics of the jobs' status records. Raises UsageError where a job publishes none."""
        return list(dict.fromkeys(outgoing.records_topic(job.config, local=True) for job in self.jobs))

    @property
    def subscriptions(self) -> dict[str, str]:
        """Every subscription that the jobs read, and its topic."""
        return {
            getattr(entry, "subscription", None) or subscription_for(node.name, job.name): node.name
            for job in self.jobs
            for entry, node in zip(job.config.job_config.events.inputs, job.reads, strict=True)
        }

    def arguments(self, each: Invocation) -> dict[str, list[str]]:
        """Answer what `klioexec` is called with for each job."""
        return {
            job.name: ["run", *replace(each, job_dir=job.directory, local=True, project=self.project).argv()]
            for job in self.jobs
        }

    def dead_letters(self, job: Job) -> str:
        """Answer where a job keeps its dead letters."""
        entry = job.config.job_config.events.dead_letters
        if entry is None:
            return str(dead_letter_dir(self.project, job.name))
        return entry.topic if entry.type == "pubsub" else str(job.directory.resolve() / entry.location)

    def make_places(self, pubsub: PubSub) -> None:
        """Make all that elements come through before any is sent: what nobody subscribes to yet is lost."""
        for topic in {*self.subscriptions.values(), *self.records, *map(self._topic_of, self.first)}:
            pubsub.make_topic(topic)
        for subscription, topic in self.subscriptions.items():
            pubsub.make_subscription(subscription, topic, ack_deadline_seconds=_ACK_SECONDS)

    def outgoing(self, elements: Sequence[bytes], manner: Manner) -> list[tuple[str, list[bytes]]]:
        """Answer what to publish: topics, and bodies for each."""
        return [
            (self._topic_of(job), outgoing.encode(elements, manner, outgoing.job_ref(job.config))) for job in self.first
        ]

    def _topic_of(self, job: Job) -> str:
        return str(parse_resource(job.reads[0].name))


def _check(graph: Graph, wanted: str | None) -> None:
    if wanted is not None and wanted not in graph.jobs:
        raise UsageError(f"there is no job {wanted} here", expected=f"one of {', '.join(graph.order)}", got=wanted)
    errors = [problem for problem in problems_of(graph) if problem.weight is Weight.ERROR]
    if errors:
        raise UsageError(
            "elements cannot come through this graph",
            got="\n    ".join(problem.what for problem in errors),
            todo="`klio graph show` says what to do about each",
        )


def _check_streaming(jobs: Sequence[Job]) -> None:
    for job in jobs:
        kinds = [entry.type for entry in job.config.job_config.events.inputs]
        if not job.config.pipeline_options.streaming or not kinds or set(kinds) != {"pubsub"}:
            raise UsageError(
                f"{job.name} is no streaming job",
                where=str(job.directory),
                expected="pipeline_options.streaming: true, and event inputs of type pubsub",
                got=", ".join(kinds) or "no event input",
                todo="run batch jobs one after the other with `klio job run --local`",
            )
