"""`klio graph run` of batch jobs: in rounds, over events that are handed on in files, on a local cloud of their own."""

from __future__ import annotations

import random
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from .kit import RUN
from .runs import PATIENCE_S

# Each test starts several processes one after the other: on a busy machine that takes its time.
pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

WORK = """
import apache_beam as beam
from klio.transforms import decorators

class Work(beam.DoFn):
    @decorators.handle_klio
    def process(self, data):
        job = self._klio.config.job_config
        with open(job.ledger, "a") as ledger:
            ledger.write(data.element.decode() + "\\n")
        if data.element == b"filtered":
            return
        if data.element == b"poison":
            raise ValueError("it is bad")
        if not job.lazy:
            with self._klio.upload(data.element) as out:
                out.write_bytes(data.element)
        yield data
"""
KLIO = [sys.executable, "-m", "klio_cli.app"]
DIAMOND = {"a": (), "b": ("a",), "c": ("a",), "d": ("b", "c"), "aside": ("a",)}
ELEMENTS = [f"song-{number}" for number in range(30)]


def topic(name: str) -> str:
    return f"projects/studio/topics/{name}"


def topics(name: str) -> dict[str, Any]:
    return {
        "inputs": [{"type": "pubsub", "topic": topic(f"{name}-in")}],
        "outputs": [{"type": "pubsub", "topic": topic(f"{name}-out")}],
    }


class Graph:
    """Batch jobs in `jobs`, the events between them in `events`, their data in `data`."""

    def __init__(
        self, home: Path, parents: dict[str, tuple[str, ...]], streaming: Collection[str] = (), **job_config: Any
    ) -> None:
        self.home = home
        self.parents = parents
        self.streaming = streaming
        for name, above in parents.items():
            directory = home / "jobs" / name
            directory.mkdir(parents=True)
            (directory / "klio-job.yaml").write_text(yaml.safe_dump(self._job_file(name, above, job_config)))
            (directory / "run.py").write_text(RUN)
            (directory / "transforms.py").write_text(WORK)
        self.put("source", *ELEMENTS)

    def _job_file(self, name: str, above: tuple[str, ...], job_config: dict[str, Any]) -> dict[str, Any]:
        streaming = name in self.streaming
        return {
            "job_name": name,
            "pipeline_options": {"streaming": streaming},
            "job_config": {
                "ledger": str(self.home / f"{name}.ledger"),
                "lazy": False,
                "dependencies": [
                    {"job_name": parent, "makes": number}
                    | ({"input_topics": [topic(f"{parent}-in")]} if parent in self.streaming else {})
                    for number, parent in enumerate(above)
                ],
                "events": topics(name)
                if streaming
                else {
                    "inputs": [{"type": "file", "location": f"../../events/{one}*.txt"} for one in above or ["entry"]],
                    "outputs": [{"type": "file", "location": f"../../events/{name}", "file_name_suffix": ".txt"}],
                },
                "data": {
                    "inputs": [{"type": "file", "location": f"../../data/{one}"} for one in above or ["source"]],
                    "outputs": [{"type": "file", "location": f"../../data/{name}"}],
                },
                **job_config,
            },
        }

    def run(self, *arguments: object) -> subprocess.CompletedProcess[str]:
        command = [*KLIO, "graph", "run", "jobs", "--local", *map(str, arguments)]
        return subprocess.run(command, cwd=self.home, capture_output=True, text=True, timeout=10 * PATIENCE_S)

    def put(self, where: str, *elements: str) -> None:
        (self.home / "data" / where).mkdir(parents=True, exist_ok=True)
        for element in elements:
            (self.home / "data" / where / element).write_text("old")

    def put_a_third(self) -> dict[str, set[str]]:
        chance = random.Random(7)
        there = {name: set(chance.sample(ELEMENTS, len(ELEMENTS) // 3)) for name in "abc"}
        for name, elements in there.items():
            self.put(name, *elements)
        return there

    def worked(self, job: str) -> list[str]:
        ledger = self.home / f"{job}.ledger"
        return sorted(ledger.read_text().splitlines()) if ledger.exists() else []

    @property
    def all_worked(self) -> dict[str, list[str]]:
        return {name: self.worked(name) for name in self.parents}

    def made(self, job: str) -> set[str]:
        return {path.name for path in (self.home / "data" / job).glob("*")}

    @property
    def runs(self) -> list[str]:
        """The turns of the last run, in order: each a job that ran."""
        return sorted(path.name for path in (self.home / "jobs" / ".klio" / "graph" / "events").iterdir())


@pytest.fixture
def new_graph(tmp_path: Path) -> Iterator[Callable[..., Graph]]:
    yield lambda *args, **more: Graph(tmp_path, *args, **more)
    subprocess.run([*KLIO, "local", "down", "--project", str(tmp_path / "jobs")], check=True, capture_output=True)


def summary(out: str) -> dict[str, list[int]]:
    """The rows of the last table: processed, passed on, dropped, dead letters of each job."""
    rows = [line.split() for line in out.partition("\njob ")[2].partition("\n\n")[0].splitlines()[1:]]
    return {name: [int(count) for count in counts] for name, *counts in rows}


def test_bottom_up_each_job_works_on_what_was_missing_and_nothing_else(new_graph: Callable[..., Graph]):
    graph = new_graph(DIAMOND)
    there = graph.put_a_third()

    first = graph.run("--for", "d", *ELEMENTS)
    worked, runs = graph.all_worked, graph.runs
    again = graph.run("--for", "d", *ELEMENTS)

    missing = {name: set(ELEMENTS) - there[name] for name in "abc"}
    assert first.returncode == 0, first.stdout + first.stderr
    assert worked == {
        "a": sorted(missing["a"] & (missing["b"] | missing["c"])),
        "b": sorted(missing["b"]),
        "c": sorted(missing["c"]),
        "d": sorted(ELEMENTS),
        "aside": [],
    }
    assert graph.made("d") == set(ELEMENTS)
    assert runs == ["001-d", "002-b", "002-c", "003-a", "004-b", "004-c", "005-d"]
    assert again.returncode == 0, again.stdout + again.stderr
    assert graph.all_worked == worked
    assert summary(again.stdout) == {"a": [0] * 4, "b": [0] * 4, "c": [0] * 4, "d": [0, len(ELEMENTS), 0, 0]}


def test_top_down_every_job_works_on_what_is_missing_and_reads_the_files_that_are_there(
    new_graph: Callable[..., Graph],
):
    graph = new_graph(DIAMOND)
    there = graph.put_a_third()
    events = graph.home / "events"
    events.mkdir()
    (events / "entry-1.txt").write_text("\n".join(ELEMENTS[:20]) + "\n")
    (events / "entry-2.txt").write_text("\n".join(ELEMENTS[20:]))
    (events / "a-00000-of-00001.txt").write_text("nothing-that-is-to-be-read\n")
    before = {path.name: path.read_bytes() for path in events.iterdir()}

    ran = graph.run()

    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert graph.all_worked == {
        **{name: sorted(set(ELEMENTS) - there[name]) for name in "abc"},
        "d": sorted(ELEMENTS),
        "aside": sorted(ELEMENTS),
    }
    assert {path.name: path.read_bytes() for path in events.iterdir()} == before
    assert graph.runs == ["001-a", "002-aside", "002-b", "002-c", "003-d"]


def test_a_parent_that_makes_nothing_ends_as_a_dead_letter_and_not_as_a_loop(new_graph: Callable[..., Graph]):
    graph = new_graph({"lazy": (), "child": ("lazy",)}, max_triggers=1, lazy=True)

    ran = graph.run("--for", "child", ELEMENTS[0])

    assert ran.returncode == 3, ran.stdout + ran.stderr
    assert graph.all_worked == {"lazy": [ELEMENTS[0]], "child": []}
    assert f"  {ELEMENTS[0]}  child: dead letter (trigger-loop: " in ran.stderr
    letters = graph.home / "jobs" / ".klio" / "dead-letters" / "child"
    assert f"dead letters of child: {letters}\n" in ran.stdout
    assert len(list(letters.glob("*.json"))) == 1


def test_what_does_not_come_through_is_told_with_its_reason(new_graph: Callable[..., Graph]):
    graph = new_graph({"a": (), "b": ("a",)})
    graph.put("source", "poison", "filtered")

    ran = graph.run("song-1", "poison", "filtered", "nowhere")

    assert ran.returncode == 3, ran.stdout + ran.stderr
    assert graph.made("b") == {"song-1"}
    assert summary(ran.stdout) == {"a": [1, 0, 2, 1], "b": [1, 0, 0, 0]}
    assert sorted(re.sub(r" \d+\.\d s", "", line.strip()) for line in ran.stderr.splitlines()[-3:]) == [
        "filtered  a: dropped (the job's code did not return it)",
        "nowhere  a: dropped (input missing)",
        "poison  a: dead letter (exception: ValueError: it is bad)",
    ]


def test_a_streaming_job_above_a_batch_is_asked_in_the_same_rounds(new_graph: Callable[..., Graph]):
    graph = new_graph({"live": (), "below": ("live",)}, streaming=["live"])

    ran = graph.run("--for", "below", "song-1", "song-2")

    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert graph.all_worked == {"live": ["song-1", "song-2"], "below": ["song-1", "song-2"]}
    assert graph.runs == ["001-below", "002-live", "003-below"]


def test_ctrl_c_ends_the_rounds_and_a_second_run_at_the_same_time_is_refused(new_graph: Callable[..., Graph]):
    graph = new_graph({"a": (), "b": ("a",)})
    command = [*KLIO, "graph", "run", "jobs", "--local", "song-1"]
    with subprocess.Popen(command, cwd=graph.home, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as popen:
        assert popen.stdout is not None
        assert popen.stdout.readline() == b"a  song-1  working\n"
        popen.send_signal(signal.SIGSTOP)
        second = graph.run("song-2")
        popen.send_signal(signal.SIGCONT)
        popen.send_signal(signal.SIGINT)
        popen.communicate(timeout=PATIENCE_S)

    assert popen.returncode == 130
    assert graph.made("b") == set()
    assert second.returncode == 2, second.stdout + second.stderr
    assert second.stderr.startswith("Error: another `klio graph run` of batch jobs is running here\n")


def test_a_job_that_cannot_run_ends_the_whole_with_its_own_words(new_graph: Callable[..., Graph]):
    graph = new_graph({"a": (), "b": ("a",)})
    (graph.home / "jobs" / "b" / "run.py").write_text("import nothing_of_this_name\n")

    ran = graph.run("song-1")

    assert ran.returncode == 4, ran.stdout + ran.stderr
    assert "Error: b has ended by itself\n" in ran.stderr
    assert "nothing_of_this_name" in ran.stderr
