from __future__ import annotations

from pathlib import Path

import pytest

from klio_cli.commands.graph.run import split
from klio_cli.graph.progress import Progress
from klio_cli.graph.table import picture, stranded, summary
from klio_core.status import State, Status

from .conftest import DIAMOND, NewJobs


def plain(text: str, _style: str) -> str:
    return text


def record(element: str, job: str, state: State, note: str = "", **more: float) -> Status:
    return Status(element.encode(), job, state, more.pop("at", 1.0), note=note, **more)


@pytest.fixture
def progress() -> Progress:
    return Progress([b"song", b"tune"], ["decode", "mix"], ["mix"])


def test_a_table_shows_where_each_element_is_in_each_job(progress: Progress):
    for one in (
        record("song", "decode", State.COMMITTED, seconds=0.31),
        record("song", "mix", State.WORKING, progress=0.4),
        record("tune", "decode", State.LEASED),
        record("hymn", "decode", State.LEASED),
        record("song", "other", State.LEASED),
    ):
        progress.saw(one)

    assert picture(progress, plain) == (
        "element  decode           mix\nsong     committed 0.3 s  working 40%\ntune     leased\n0 of 2 through"
    )


def test_what_is_on_its_way_stands_first_and_a_long_table_is_cut():
    progress = Progress([f"{n:02}".encode() for n in range(30)], ["mix"], ["mix"])
    progress.saw(record("00", "mix", State.COMMITTED))

    lines = picture(progress, plain).splitlines()

    assert lines[1].strip() == "01"
    assert lines[-2:] == ["… and 10 more", "1 of 30 through"]


ENDS = {
    "dropped on one way, made on the other": ([State.DROPPED, State.WORKING, State.COMMITTED], State.COMMITTED),
    "made, then passed on": ([State.COMMITTED, State.LEASED, State.PASSED_ON], State.COMMITTED),
    "passed on, then dropped": ([State.PASSED_ON, State.DROPPED], State.PASSED_ON),
    "a dead letter": ([State.COMMITTED, State.DEAD_LETTER, State.PASSED_ON], State.DEAD_LETTER),
    "asked for": ([State.LEASED, State.QUEUED], State.QUEUED),
}


@pytest.mark.parametrize(("states", "end"), ENDS.values(), ids=ENDS.keys())
def test_of_several_ways_into_a_job_the_one_that_got_furthest_counts(progress: Progress, states, end: State):
    for number, state in enumerate(states):
        progress.saw(record("song", "mix", state, at=float(number)))

    assert progress.told[b"song", "mix"].state is end


def test_records_that_come_late_change_nothing(progress: Progress):
    progress.saw(record("song", "mix", State.WORKING, at=2.0))

    assert not progress.saw(record("song", "mix", State.LEASED, at=1.0))
    assert progress.told[b"song", "mix"].state is State.WORKING


def test_the_summary_counts_and_names_what_did_not_come_through(progress: Progress):
    progress.saw(record("song", "decode", State.COMMITTED))
    progress.saw(record("song", "mix", State.PASSED_ON))
    progress.saw(record("tune", "decode", State.DEAD_LETTER, "exception: ValueError: no"))

    head, rows = summary(progress)

    assert head == ("job", "processed", "passed on", "dropped", "dead letters")
    assert rows == [("decode", "1", "0", "0", "1"), ("mix", "0", "1", "0", "0")]
    assert list(stranded(progress)) == ["tune  decode: dead letter (exception: ValueError: no)"]
    assert (progress.dead, progress.stranded) == (1, [b"tune"])


def test_leading_directories_are_jobs_and_what_follows_are_elements(tmp_path: Path):
    (tmp_path / "b").mkdir()

    assert split([f"{tmp_path}", f"{tmp_path}/b", "song", f"{tmp_path}/b"]) == (
        [tmp_path, tmp_path / "b"],
        ["song", f"{tmp_path}/b"],
    )
    assert split(["nowhere", "song"]) == ([Path("nowhere")], ["song"])


def test_a_graph_runs_on_this_machine_only(klio, new_jobs: NewJobs):
    screen = klio("graph", "run", new_jobs(DIAMOND), "song")

    assert (screen.status, screen.out) == (2, "")
    assert screen.err == "Error: a graph runs on this machine only\n  to do: say --local\n"


def batch(config) -> None:
    config["pipeline_options"]["streaming"] = False
    config["job_config"]["events"] = {"inputs": [{"type": "file", "location": "elements.txt"}]}


def deaf(config) -> None:
    for entry in config["job_config"]["events"]["inputs"]:
        entry["skip_klio_read"] = True


def clash(config) -> None:
    config["job_config"]["data"]["outputs"][0]["location"] = "gs://studio/one"


FAULTS = {
    "a job that is not there": ({}, ["--for", "mixer"], "there is no job mixer here"),
    "a job that klio reads nothing for": ({"change": deaf}, [], "aside takes no events from klio"),
    "an error in the graph": ({"change": clash}, [], "elements cannot come through this graph"),
}


@pytest.mark.parametrize(("change", "flags", "what"), FAULTS.values(), ids=FAULTS.keys())
def test_what_cannot_run_is_said_before_anything_is_started(
    klio, new_jobs: NewJobs, tmp_path: Path, change, flags: list[str], what: str
):
    screen = klio("graph", "run", "--local", *flags, new_jobs({"decode": (), "aside": ()}, **change), "song")

    assert (screen.status, screen.out) == (2, "")
    assert screen.err.splitlines()[0] == f"Error: {what}"
    assert not list(tmp_path.rglob(".klio"))


def test_a_job_without_event_inputs_is_told_what_it_lacks(klio, new_jobs: NewJobs):
    jobs = new_jobs({"decode": ()}, deaf)

    screen = klio("graph", "run", "--local", jobs, "song")

    assert (screen.status, screen.out) == (2, "")
    assert screen.err == (
        "Error: decode takes no events from klio\n"
        f"  at: {jobs}/decode\n"
        "  expected: an event input that is not under skip_klio_read\n"
        "  got: 1 of its own reading\n"
        "  to do: add one under job_config.events.inputs, or leave the job out\n"
    )


BATCH_WITHOUT_ELEMENTS = {
    "bottom-up": (["--for", "decode"], "Error: nothing to publish\n  to do: name elements, or --file FILE"),
    "force": (["--force"], "Error: --force and --ping go with elements\n  to do: name elements, or --file FILE"),
}


@pytest.mark.parametrize(("flags", "said"), BATCH_WITHOUT_ELEMENTS.values(), ids=BATCH_WITHOUT_ELEMENTS.keys())
def test_batch_jobs_need_elements_where_somebody_asks_for_some(
    klio, new_jobs: NewJobs, tmp_path: Path, flags: list[str], said: str
):
    screen = klio("graph", "run", "--local", *flags, new_jobs({"decode": ()}, batch))

    assert (screen.status, screen.out) == (2, "")
    assert screen.err.startswith(said)
    assert not list(tmp_path.rglob(".klio"))


def test_without_elements_those_that_are_told_of_are_ours():
    progress = Progress([], ["decode", "mix"], ["mix"], learns=True)

    assert progress.saw(record("song", "decode", State.COMMITTED))
    assert not progress.saw(record("song", "other", State.COMMITTED))
    assert (progress.elements, progress.stranded) == ([b"song"], [b"song"])


def test_elements_are_checked_before_anything_is_started(klio, new_jobs: NewJobs, tmp_path: Path):
    screen = klio("graph", "run", "--local", new_jobs(DIAMOND))

    assert (screen.status, screen.out) == (2, "")
    assert screen.err.splitlines()[0] == "Error: nothing to publish"
    assert not list(tmp_path.rglob(".klio"))
