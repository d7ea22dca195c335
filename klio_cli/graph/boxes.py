"""What waits for each job of a graph that runs in rounds: handed over before it runs, taken to the others after it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path

from klio_cli.graph.together import together
from klio_cli.outgoing import job_ref
from klio_core import mail
from klio_core.graph import Job, Node
from klio_core.message import Message

Waiting = dict[bytes, list[tuple[int, Message]]]  # by element: the number of the event input, and the message


class Boxes:
    """Messages for each job. Those in `begin` read, at first, what their job files say."""

    def __init__(self, jobs: Sequence[Job], begin: Iterable[str] = ()) -> None:
        self._jobs = {job.name: job for job in jobs}
        self._begin = set(begin)
        self._boxes: dict[str, Waiting] = {job.name: defaultdict(list) for job in jobs}

    def waiting(self, job: str) -> bool:
        """Answer whether there is anything for a job to do."""
        return job in self._begin or bool(self._boxes[job])

    def ask(self, job: str, bodies: Iterable[bytes]) -> None:
        """Put messages where a job is asked: to its first event input; for a job that is not here, nowhere."""
        if job in self._jobs:
            self._put(job, first_input(self._jobs[job]) or 0, bodies)

    def hand_over(self, job: str, place: Path) -> list[bytes]:
        """Post what waits for a job below `place`, one message for each element. Answers the elements.

        Messages about an element that cannot be brought together wait for the next time: they find its work done.
        """
        if job in self._begin:
            self._begin.remove(job)
            return []
        handed: dict[int, list[bytes]] = defaultdict(list)
        later: Waiting = defaultdict(list)
        for element, waiting in self._boxes[job].items():
            number = waiting[0][0]
            first, *others = together(message for _, message in waiting)
            handed[number].append(first.encode())
            later[element] += [(number, message) for message in others]
        elements = list(self._boxes[job])
        self._boxes[job] = defaultdict(list, {element: rest for element, rest in later.items() if rest})
        for number in range(len(self._jobs[job].reads)):
            mail.post(mail.inputs(place, number), handed[number])
        return elements

    def take_on(self, job: str, place: Path) -> None:
        """Take what a job left below `place` to those that read it, and to the parents that it asks.

        A job that asks it for data, and reads none of its events, gets them all the same: else nobody would tell it
        that its data is there. (A batch cannot read what a streaming job writes.)
        """
        written = [n for n, entry in enumerate(self._jobs[job].config.job_config.events.outputs) if _writes(entry)]
        for number, node in zip(written, self._jobs[job].writes, strict=True):
            bodies = mail.collect(mail.outputs(place, number))
            for reader, its_number in self._readers(node) + self._unconnected(job):
                self._put(reader, its_number, bodies)
        for parent in self._jobs[job].dependencies:
            self.ask(parent.job_name, mail.collect(mail.asked(place, parent.job_name)))

    def _put(self, job: str, number: int, bodies: Iterable[bytes]) -> None:
        """Put messages into a box, save those that are for others: the job would only drop them."""
        me = job_ref(self._jobs[job].config)
        for message in map(Message.decode, bodies):
            if message.addressed_to(me) is not None:
                self._boxes[job][message.element].append((number, message))

    def _readers(self, node: Node) -> list[tuple[str, int]]:
        return [
            (job.name, number) for job in self._jobs.values() for number, read in enumerate(job.reads) if read == node
        ]

    def _unconnected(self, job: str) -> list[tuple[str, int]]:
        return [
            (child.name, first_input(child) or 0)
            for child in self._jobs.values()
            if any(parent.job_name == job for parent in child.dependencies)
            and not set(child.reads).intersection(self._jobs[job].writes)
        ]


def first_input(job: Job) -> int | None:
    """Answer the number of the first event input that klio reads, None where there is none."""
    inputs = job.config.job_config.events.inputs
    return next((number for number, entry in enumerate(inputs) if not entry.skip_klio_read), None)


def _writes(entry: object) -> bool:
    return not getattr(entry, "skip_klio_write", False)
