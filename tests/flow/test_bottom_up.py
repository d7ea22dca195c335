"""A diamond of four jobs: whoever asks the last one gets everything made that is missing, once, and nothing else."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest

from klio_core.message import JobRef, Limited, Message

from .conftest import NewJob
from .kit import PROJECT, Job, eventually
from .runs import Running

pytestmark = pytest.mark.slow  # whole jobs in processes of their own: more than the inner loop has time for

WORK = """
import apache_beam as beam
from klio.transforms import decorators

class Work(beam.DoFn):
    @decorators.handle_klio
    def process(self, data):
        with open(self._klio.config.job_config.ledger, "a") as ledger:
            ledger.write(data.element.decode() + "\\n")
        if not self._klio.config.job_config.lazy:
            with self._klio.upload(data.element) as out:
                out.write_bytes(data.element)
        yield data
"""


class Graph:
    """Jobs by name, each with its data in a directory of its own; the first one's inputs are in `source`."""

    def __init__(self, new_job: NewJob, parents: dict[str, tuple[str, ...]], **job_config: Any) -> None:
        self.jobs = {name: new_job(lazy=False, **job_config) for name in parents}
        self.source = next(iter(self.jobs.values())).directory / "source"
        self.source.mkdir(parents=True)
        for name, above in parents.items():
            self._connect(self.jobs[name], [self.jobs[parent] for parent in above])

    def _connect(self, job: Job, parents: list[Job]) -> None:
        places = [parent.directory / "out" for parent in parents] or [self.source]
        topics = [parent.out for parent in parents]
        for number, topic in enumerate(topics):
            job.cloud.subscription(f"{job.subscription}{number}", topic)
        job.config["job_config"] |= {
            "ledger": str(job.directory / "ledger"),
            "data": {
                "inputs": [{"type": "file", "location": str(place)} for place in places],
                "outputs": [{"type": "file", "location": str(job.directory / "out")}],
            },
            "dependencies": [
                {"job_name": parent.name, "gcp_project": PROJECT, "input_topics": [parent.topic], "makes": number}
                for number, parent in enumerate(parents)
            ],
        }
        job.config["job_config"]["events"]["inputs"] += [
            {"type": "pubsub", "topic": topic, "subscription": f"{job.subscription}{number}"}
            for number, topic in enumerate(topics)
        ]
        run = "return in_pcol | beam.ParDo(transforms.Work())"
        if topics:
            run = "return tuple(in_pcol) | beam.Flatten() | beam.ParDo(transforms.Work())"
        head = "import apache_beam as beam\nimport transforms\n\ndef run(in_pcol, config):\n    "
        job.write(transforms=WORK, run=head + run + "\n")

    @contextmanager
    def running(self) -> Iterator[dict[str, Running]]:
        """All jobs as processes."""
        with ExitStack() as stack:
            yield {name: stack.enter_context(job.process()) for name, job in self.jobs.items()}

    def ask(self, job: str, *elements: str) -> None:
        """Publish elements to one job, bottom-up; all if none is named."""
        to = self.jobs[job]
        to.publish(*(Message.of(e.encode(), recipients=Limited((ref(to),))) for e in elements or ELEMENTS))

    def put(self, job: str, *elements: str) -> None:
        out = self.jobs[job].directory / "out"
        out.mkdir(exist_ok=True)
        for element in elements:
            (out / element).write_text("old")

    def worked(self, job: str) -> list[str]:
        return sorted(self.jobs[job].begun)

    def made(self, job: str) -> set[str]:
        return self.jobs[job].made


DIAMOND = {"a": (), "b": ("a",), "c": ("a",), "d": ("b", "c"), "aside": ("a",)}
ELEMENTS = [f"song-{number}" for number in range(100)]


@pytest.fixture(scope="module")
def diamond(new_job: NewJob) -> Iterator[Graph]:
    """The diamond, and a job beside it, after all elements were wanted of its last job."""
    graph = a_third_there(Graph(new_job, DIAMOND))
    with graph.running():
        graph.ask("d")
        graph.jobs["d"].wait_for(*ELEMENTS, within_s=90)
        yield graph


def a_third_there(graph: Graph) -> Graph:
    chance = random.Random(7)
    for element in ELEMENTS:
        (graph.source / element).write_text("source")
    graph.there = {name: set(chance.sample(ELEMENTS, len(ELEMENTS) // 3)) for name in "abc"}
    for name, there in graph.there.items():
        graph.put(name, *there)
    return graph


def ref(job: Job) -> JobRef:
    return JobRef(job.name, PROJECT)


def test_every_output_that_was_wanted_is_there(diamond: Graph):
    assert diamond.made("d") == set(ELEMENTS)


def test_each_job_worked_once_on_what_was_missing_and_on_nothing_else(diamond: Graph):
    missing = {name: set(ELEMENTS) - diamond.there[name] for name in "abc"}
    assert diamond.worked("d") == sorted(ELEMENTS)
    assert diamond.worked("b") == sorted(missing["b"])
    assert diamond.worked("c") == sorted(missing["c"])
    assert diamond.worked("a") == sorted(missing["a"] & (missing["b"] | missing["c"]))


def test_a_job_beside_the_way_did_nothing(diamond: Graph):
    assert diamond.worked("aside") == []


def test_asking_again_is_no_work_at_all(diamond: Graph):
    wanted = diamond.jobs["d"]
    before = {name: diamond.worked(name) for name in DIAMOND}
    seen = wanted.elements
    diamond.ask("d")
    eventually(lambda: all(wanted.elements[e] > seen[e] for e in ELEMENTS))
    assert {name: diamond.worked(name) for name in DIAMOND} == before


@pytest.mark.slow
def test_the_same_with_a_job_killed_in_the_middle(new_job: NewJob):
    graph = a_third_there(Graph(new_job, DIAMOND, lease_s=2))
    with graph.running() as processes:
        graph.ask("d")
        eventually(lambda: len(graph.worked("b")) > 10)
        processes["b"].kill()
        with graph.jobs["b"].process():
            graph.jobs["d"].wait_for(*ELEMENTS, within_s=90)
    assert graph.made("d") == set(ELEMENTS)
    assert set(graph.worked("b")) == set(ELEMENTS) - graph.there["b"]
    assert set(graph.worked("d")) == set(ELEMENTS)


@pytest.mark.slow
def test_top_down_every_job_below_works_on_what_is_missing(new_job: NewJob):
    graph = a_third_there(Graph(new_job, DIAMOND))
    with graph.running():
        graph.jobs["a"].publish(*(Message.of(e.encode()) for e in ELEMENTS))
        graph.jobs["d"].wait_for(*ELEMENTS, within_s=90)
        graph.jobs["aside"].wait_for(*ELEMENTS, within_s=90)
    for name in "abc":
        assert graph.worked(name) == sorted(set(ELEMENTS) - graph.there[name])
    assert graph.worked("d") == graph.worked("aside") == sorted(ELEMENTS)


def test_a_ping_takes_every_way_and_makes_nothing(new_job: NewJob):
    graph = Graph(new_job, DIAMOND)
    with graph.running():
        graph.jobs["a"].publish(Message.of(b"x", ping=True))
        eventually(lambda: graph.jobs["d"].elements["x"] == 2)
    names = {job.name: name for name, job in graph.jobs.items()}
    paths = ["".join(names[visit.job.job_name] for visit in m.audit_log) for m in graph.jobs["d"].received]
    assert sorted(paths) == ["abd", "acd"]
    assert [graph.worked(name) for name in DIAMOND] == [[]] * len(DIAMOND)
    assert [graph.made(name) for name in DIAMOND] == [set()] * len(DIAMOND)


def test_a_parent_that_makes_nothing_ends_as_a_dead_letter_and_not_as_a_loop(new_job: NewJob):
    graph = Graph(new_job, {"lazy": (), "child": ("lazy",)}, max_triggers=2)
    lazy, child = graph.jobs["lazy"], graph.jobs["child"]
    lazy.config["job_config"]["lazy"] = True
    lazy.write(transforms=WORK)
    (graph.source / "x").write_text("source")
    with graph.running():
        graph.ask("child", "x")
        eventually(lambda: child.letters)
    (letter,) = child.letters
    assert (letter.reason, letter.element) == ("trigger-loop", b"x")
    assert letter.text.splitlines()[0] == f"{ref(lazy)} was asked 2 times for our input, and it is still missing"
    assert str(lazy.directory / "out" / "x") in letter.text
    assert lazy.begun == ["x", "x"]
    assert child.begun == []
