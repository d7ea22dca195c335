"""What a run of a graph takes: which jobs, against which local cloud, what is sent where."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from klio_cli import outgoing
from klio_cli.dlq.place import place_of
from klio_cli.graph.boxes import first_input
from klio_core.errors import UsageError
from klio_core.graph import Graph, Job, Weight, problems_of
from klio_core.invocation import Invocation
from klio_core.local_state import find_project, state_dir
from klio_core.names import parse_resource, subscription_for

if TYPE_CHECKING:
    from klio_cli.outgoing import Manner
    from klio_cli.pubsub import PubSub

_ACK_SECONDS = 60


@dataclass(frozen=True)
class Plan:
    """The jobs that run, those above first; `first` get the elements, and have come to an end in `last`.

    No job of a stage feeds another of the same stage.
    """

    stages: tuple[tuple[Job, ...], ...]
    first: tuple[Job, ...]
    last: tuple[Job, ...]
    project: Path

    @classmethod
    def of(cls, graph: Graph, wanted: str | None) -> Plan:
        """Plan for all jobs, or, bottom-up, for one and those above it.

        Raises UsageError where that job is not there, one of them takes no events, or the graph has errors.
        """
        _check(graph, wanted)
        names = graph.above(wanted) if wanted else set(graph.jobs)
        stages = groupby((name for name in graph.order if name in names), key=graph.depth.__getitem__)
        jobs = tuple(tuple(graph.jobs[name] for name in stage) for _, stage in stages)
        _check_inputs(jobs)
        ends = [wanted] if wanted else graph.leaves
        first = [wanted] if wanted else graph.roots
        places = [job.directory.resolve() for job in graph.jobs.values()]
        common = Path(os.path.commonpath(places)) if len(places) > 1 else places[0]
        return cls(jobs, tuple(graph.jobs[n] for n in first), tuple(graph.jobs[n] for n in ends), find_project(common))

    @property
    def jobs(self) -> tuple[Job, ...]:
        """The jobs of all stages."""
        return tuple(job for stage in self.stages for job in stage)

    @property
    def in_rounds(self) -> bool:
        """Whether the jobs run in rounds, because there is one among them that does not read topics without end."""
        return not all(
            job.config.pipeline_options.streaming
            and all(entry.type == "pubsub" for entry in job.config.job_config.events.inputs)
            for job in self.jobs
        )

    @property
    def logs(self) -> Path:
        """Where the jobs' logs are."""
        return state_dir(self.project) / "graph"

    def forget_logs(self) -> None:
        """Throw away what the jobs printed in the run before."""
        for job in self.jobs:
            (self.logs / f"{job.name}.log").unlink(missing_ok=True)

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

    def arguments(self, each: Invocation, mail: Mapping[str, Path] | None = None) -> dict[str, list[str]]:
        """Answer what `klioexec` is called with for each job; with `mail`, for those that have mail in a directory."""
        return {
            job.name: ["run", *self._invocation(each, job, mail.get(job.name) if mail else None).argv()]
            for job in self.jobs
            if mail is None or job.name in mail
        }

    def _invocation(self, each: Invocation, job: Job, mail: Path | None) -> Invocation:
        return replace(each, job_dir=job.directory, local=True, project=self.project, mail=mail)

    def dead_letters(self, job: Job) -> str:
        """Answer where a job keeps its dead letters."""
        return str(place_of(job.config, job.directory.resolve(), self.project))

    def make_places(self, pubsub: PubSub) -> None:
        """Make all that elements come through before any is sent: what nobody subscribes to yet is lost."""
        for topic in {*self.subscriptions.values(), *self.records, *map(self.topic_of, self.first)}:
            pubsub.make_topic(topic)
        for subscription, topic in self.subscriptions.items():
            pubsub.make_subscription(subscription, topic, ack_deadline_seconds=_ACK_SECONDS)

    def outgoing(self, elements: Sequence[bytes], manner: Manner) -> list[tuple[Job, list[bytes]]]:
        """Answer whom to send what: jobs, and bodies for each."""
        return [(job, outgoing.encode(elements, manner, outgoing.job_ref(job.config))) for job in self.first]

    def topic_of(self, job: Job) -> str:
        """Answer the topic by which a job is asked."""
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


def _check_inputs(stages: Sequence[Sequence[Job]]) -> None:
    for job in (job for stage in stages for job in stage):
        if first_input(job) is None:
            raise UsageError(
                f"{job.name} takes no events from klio",
                where=str(job.directory),
                expected="an event input that is not under skip_klio_read",
                got=f"{len(job.reads)} of its own reading" if job.reads else "no event input",
                todo="add one under job_config.events.inputs, or leave the job out",
            )
