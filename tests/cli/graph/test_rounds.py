"""What `klio graph run` does between the runs of batch jobs: who runs next, and what each is handed."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from klio_cli.graph.boxes import Boxes
from klio_cli.graph.records import Tail
from klio_cli.graph.rounds import turns
from klio_cli.graph.together import together
from klio_core import mail
from klio_core.config import parse
from klio_core.graph import Graph, Job
from klio_core.message import ANYONE, JobRef, Limited, Message, Visit

A, B, C, D = (JobRef(name) for name in "abcd")
PARENTS = {"a": (), "b": ("a",), "c": ("a",), "d": ("b", "c")}
STAGES = [["a"], ["b", "c"], ["d"]]


def message(element: str = "x", *to: JobRef, by: tuple[JobRef, ...] = (), comes_back: JobRef | None = None) -> Message:
    made = Message.of(element.encode(), recipients=Limited(to, comes_back) if to else ANYONE)
    for job in by:
        made = made.with_visit(Visit(datetime(2026, 1, 1, tzinfo=UTC), job))
    return made


def job(name: str, above: tuple[str, ...], reads: tuple[str, ...] | None = None) -> Job:
    config = {
        "job_name": name,
        "pipeline_options": {"streaming": False},
        "job_config": {
            "events": {
                "inputs": [{"type": "file", "location": f"/events/{one}*"} for one in reads or above or ["entry"]],
                "outputs": [{"type": "file", "location": f"/events/{name}"}],
            },
            "dependencies": [{"job_name": one} for one in above],
        },
    }
    return Job(parse(json.dumps(config)), Path("/jobs") / name)


@pytest.fixture
def boxes() -> Boxes:
    return Boxes(list(Graph([job(name, above) for name, above in PARENTS.items()]).jobs.values()))


def handed(boxes: Boxes, name: str, place: Path) -> list[list[Message]]:
    """What a job finds in each of its event inputs."""
    boxes.hand_over(name, place)
    count = len(list((place / "in").iterdir()))
    return [[Message.decode(body) for body in mail.collect(mail.inputs(place, number))] for number in range(count)]


def test_two_ways_bottom_up_are_one_message_for_all_with_the_longer_log():
    (both,) = together([message("x", B, D, by=(D, B)), message("x", C, D, by=(D, C, C))])

    assert both.recipients == Limited((B, D, C))
    assert [visit.job for visit in both.audit_log] == [D, C, C]


def test_what_is_for_anyone_is_for_those_that_were_asked_too():
    (both,) = together([message("x", B, D), message("x")])

    assert both.recipients is ANYONE


DIFFERENT = {
    "force": (message(), Message.of(b"x", force=True)),
    "ping": (message(), Message.of(b"x", ping=True)),
    "payload": (message(), Message.of(b"x", payload=b"p")),
    "where they return to top-down": (message("x", A, B, comes_back=B), message("x", A, C, comes_back=C)),
}


@pytest.mark.parametrize("pair", DIFFERENT.values(), ids=DIFFERENT.keys())
def test_messages_that_say_something_else_stay_apart(pair: tuple[Message, Message]):
    assert together(pair) == list(pair)


def test_a_job_gets_each_element_once_and_the_rest_the_next_time(boxes: Boxes, tmp_path: Path):
    first, second, other = message("x", A, B, comes_back=B), message("x", A, C, comes_back=C), message("y", A)
    boxes.ask("a", [first.encode(), second.encode(), other.encode()])

    assert handed(boxes, "a", tmp_path / "1") == [[first, other]]
    assert handed(boxes, "a", tmp_path / "2") == [[second]]
    assert not boxes.waiting("a")


def test_what_a_job_leaves_goes_to_the_inputs_that_read_it_and_to_nobody_else(boxes: Boxes, tmp_path: Path):
    mail.post(mail.outputs(tmp_path / "a", 0), [message("x", A, C, D).encode(), message("y").encode()])
    mail.post(mail.outputs(tmp_path / "c", 0), [message("x").encode()])

    boxes.take_on("a", tmp_path / "a")
    boxes.take_on("c", tmp_path / "c")

    assert handed(boxes, "b", tmp_path / "b") == [[message("y")]]
    assert handed(boxes, "c", tmp_path / "c") == [[message("x", A, C, D), message("y")]]
    assert handed(boxes, "d", tmp_path / "d") == [[], [message("x")]]


def test_parents_are_asked_at_their_first_input_and_those_that_are_not_here_are_not(boxes: Boxes, tmp_path: Path):
    mail.post(mail.asked(tmp_path / "d", "b"), [message("x", B, D).encode()])
    mail.post(mail.asked(tmp_path / "d", "far"), [message("x", JobRef("far"), D).encode()])

    boxes.take_on("d", tmp_path / "d")

    assert [name for name in PARENTS if boxes.waiting(name)] == ["b"]
    assert handed(boxes, "b", tmp_path / "b") == [[message("x", B, D)]]


def test_who_asks_a_job_hears_of_what_it_made_though_it_reads_other_events(tmp_path: Path):
    jobs = [job("a", ()), job("b", ("a",), reads=("elsewhere", "mine")), job("c", (), reads=("third",))]
    boxes = Boxes(list(Graph(jobs).jobs.values()))
    mail.post(mail.outputs(tmp_path / "a", 0), [message("x", A, B).encode()])

    boxes.take_on("a", tmp_path / "a")

    assert handed(boxes, "b", tmp_path / "b") == [[message("x", A, B)], []]
    assert not boxes.waiting("c")


def test_a_job_that_begins_reads_what_its_job_file_says(tmp_path: Path):
    boxes = Boxes([job("a", ())], begin=["a"])

    assert boxes.waiting("a")
    assert boxes.hand_over("a", tmp_path) == []
    assert not (tmp_path / "in").exists()
    assert not boxes.waiting("a")


def test_upwards_parents_run_once_for_all_that_ask_and_downwards_the_same():
    asks = {"d": ["b", "c"], "b": ["a"], "c": ["a"], "a": ["b", "c"]}
    left = {"d"}
    ran = []
    for names in turns(STAGES, left.__contains__, upwards=True):
        ran.append(names)
        for name in names:
            left.discard(name)
            # On the way down each has its data, and gives to those below.
            left |= set(asks[name]) if ["a"] not in ran or name == "a" else {"d"} - {name}
    assert ran == [["d"], ["b", "c"], ["a"], ["b", "c"], ["d"]]


def test_when_nothing_waits_nobody_runs():
    assert list(turns(STAGES, lambda _name: False, upwards=False)) == []


def test_records_are_read_when_their_line_is_whole(tmp_path: Path):
    tail = Tail(tmp_path / "status")
    assert tail(0.0) is None
    (tmp_path / "status").mkdir()
    with (tmp_path / "status" / "worker.jsonl").open("wb", buffering=0) as file:
        file.write(b'{"one": 1}\n{"tw')
        assert (tail(0.0), tail(0.0)) == (b'{"one": 1}', None)
        file.write(b'o": 2}\n')
        assert (tail(0.0), tail(0.0)) == (b'{"two": 2}', None)
