from __future__ import annotations

import json
import re
import time
from pathlib import Path

import pytest

from klio_core.status import State, Status
from tests.cli.conftest import Klio


@pytest.fixture
def told(job: Path) -> Path:
    """Records of two workers, as --local keeps them; one of them died five minutes ago at work on `lost`."""
    name = re.search(r"^job_name: (.*)$", (job / "klio-job.yaml").read_text(), re.MULTILINE)[1]  # type: ignore[index]
    directory = job.parent / ".klio" / "status" / name
    now = time.time()

    def tell(worker: str, *said: tuple[str, State, float, int, str]) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        records = [
            Status(element.encode(), name, state, now - age, note=note, attempt=attempt, worker=worker)
            for element, state, age, attempt, note in said
        ]
        (directory / f"{worker}.jsonl").write_bytes(b"".join(record.encode() + b"\n" for record in records))

    tell("w1", ("one", State.COMMITTED, 400, 1, ""), ("lost", State.WORKING, 300, 2, ""))
    tell(
        "w2",
        ("two", State.COMMITTED, 30, 3, ""),
        ("bad", State.DEAD_LETTER, 20, 1, "exception: ValueError: it is bad"),
        ("now", State.LEASED, 8, 1, ""),
        ("now", State.WORKING, 7.5, 1, ""),
    )
    return job


def test_a_table_of_states_and_what_is_in_work(klio: Klio, told: Path):
    screen = klio("job", "status", "-j", told)

    assert screen.status == 0, screen.err
    assert re.sub(r"^\S+: ", "JOB: ", screen.out) == (
        "JOB: 5 elements\n"
        "state        elements  tried again\n"
        "working      1\n"
        "committed    2         1\n"
        "dead letter  1\n"
        "lost         1         1\n"
        "\n"
        "element  state               attempt  worker  since      note\n"
        "lost     lost (comes again)  2        w1      5 min ago\n"
        "now      working             1        w2      7 s ago\n"
    )


def test_one_element_with_all_that_is_known(klio: Klio, told: Path):
    screen = klio("job", "status", "bad", "-j", told)

    assert screen.status == 0, screen.err
    assert re.sub(r"[\d-]{10} [\d:]{8}", "THEN", screen.out) == (
        "bad\n"
        "  state      dead letter\n"
        "  note       exception: ValueError: it is bad\n"
        "  attempt    1\n"
        "  worker     w2\n"
        "  since      THEN, 20 s ago\n"
        "  last word  20 s ago\n"
    )


def test_the_elements_of_one_state(klio: Klio, told: Path):
    screen = klio("job", "status", "--state", "committed", "--format", "json", "-j", told)

    assert screen.status == 0, screen.err
    elements = json.loads(screen.out)["elements"]
    assert [(one["element"], one["attempt"]) for one in elements] == [("one", 1), ("two", 3)]


def test_an_element_that_nobody_has_told_of_is_an_error_that_says_where_was_looked(klio: Klio, told: Path):
    screen = klio("job", "status", "three", "-j", told)

    assert screen.status == 2
    assert screen.err.startswith("Error: nothing has been told of three\n  at: ")


def test_a_job_that_has_not_run_has_no_elements(klio: Klio, job: Path):
    screen = klio("job", "status", "-j", job)

    assert (screen.status, screen.out.splitlines()[0].partition(": ")[2]) == (0, "0 elements")
    assert "no streaming job has run here yet" in screen.err


@pytest.mark.parametrize(
    ("status", "said"),
    [
        ("false", "writes no status records"),
        ("{type: pubsub, topic: projects/p/topics/klio-status}", "go to a topic, which keeps none of them"),
    ],
)
def test_where_no_records_are_kept_the_error_says_what_to_write(klio: Klio, job: Path, status: str, said: str):
    screen = klio("job", "status", "-j", job, "-O", f"job_config.events.status={status}")

    assert screen.status == 2
    assert said in screen.err
    assert "to do: " in screen.err


def test_records_are_where_the_job_file_says(klio: Klio, job: Path):
    record = Status(b"a", "elsewhere", State.COMMITTED, time.time())
    (job / "told").mkdir()
    (job / "told" / "w.jsonl").write_bytes(record.encode() + b'\n{"element": "half')
    kept = "{type: pubsub, topic: projects/p/topics/klio-status, location: told}"
    screen = klio("job", "status", "-j", job, "-O", "job_name=elsewhere", "-O", f"job_config.events.status={kept}")

    assert screen.out.splitlines()[0] == "elsewhere: 1 element", screen.err


def test_records_that_go_to_a_topic_are_where_local_keeps_them_too(klio: Klio, job: Path):
    kept = job.parent / ".klio" / "status" / "elsewhere"
    kept.mkdir(parents=True)
    (kept / "w.jsonl").write_bytes(Status(b"a", "elsewhere", State.COMMITTED, time.time()).encode() + b"\n")
    topic = "{type: pubsub, topic: projects/p/topics/klio-status}"
    screen = klio("job", "status", "-j", job, "-O", "job_name=elsewhere", "-O", f"job_config.events.status={topic}")

    assert screen.out.splitlines()[0] == "elsewhere: 1 element", screen.err
