"""`klio graph run`: three jobs that feed each other, as processes on a local cloud of their own."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from klio_core import local_state

from .kit import RUN
from .runs import PATIENCE_S

pytestmark = pytest.mark.slow

WORK = """
import apache_beam as beam
from klio.transforms import decorators

class Work(beam.DoFn):
    @decorators.handle_klio
    def process(self, data):
        name = self._klio.config.job_name
        read = self._klio.download(data.element).read_text()
        if name == "beats" and "bad" in read:
            raise ValueError("no beat in it")
        with self._klio.upload(data.element) as out:
            out.write_text(f"{name}({read})")
        yield data
"""
CHAIN = {"decode": "tracks", "beats": "decode", "mix": "beats"}


def topic(name: str) -> str:
    return f"projects/studio/topics/{name}"


def job_file(name: str, above: str) -> dict[str, Any]:
    parents = [above] if above in CHAIN else []
    topics = [f"{name}-in", *(f"{parent}-out" for parent in parents)]
    return {
        "job_name": name,
        "pipeline_options": {"project": "studio", "streaming": True},
        "job_config": {
            "dependencies": [{"job_name": parent, "input_topics": [topic(f"{parent}-in")]} for parent in parents],
            "events": {
                "inputs": [{"type": "pubsub", "topic": topic(one)} for one in topics],
                "outputs": [{"type": "pubsub", "topic": topic(f"{name}-out")}],
            },
            "data": {
                "inputs": [{"type": "file", "location": f"../../data/{above}"}],
                "outputs": [{"type": "file", "location": f"../../data/{name}"}],
            },
        },
    }


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Three jobs in `jobs`, their data in `data`, and a local cloud, which ends with the tests."""
    home = tmp_path_factory.mktemp("graph")
    for name, above in CHAIN.items():
        directory = home / "jobs" / name
        directory.mkdir(parents=True)
        (directory / "klio-job.yaml").write_text(yaml.safe_dump(job_file(name, above)))
        (directory / "run.py").write_text(RUN)
        (directory / "transforms.py").write_text(WORK)
    (home / "data" / "tracks").mkdir(parents=True)
    for name in ("song", "tune", "hymn", "bad"):
        (home / "data" / "tracks" / name).write_text(name)
    yield home
    subprocess.run([*KLIO, "local", "down", "--project", str(home / "jobs")], check=True, capture_output=True)


KLIO = [sys.executable, "-m", "klio_cli.app"]


def klio(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [*KLIO, "graph", "run", "jobs", "--local", *arguments]
    return subprocess.run(command, cwd=home, capture_output=True, text=True, timeout=3 * PATIENCE_S)


def made(home: Path, job: str) -> set[str]:
    return {path.name for path in (home / "data" / job).glob("*")}


def summary(out: str) -> list[list[str]]:
    """The rows of the last table: job, processed, passed on, dropped, dead letters."""
    return [line.split() for line in out.partition("\njob ")[2].splitlines()[1:4]]


def test_bottom_up_what_the_wanted_job_lacks_is_made_and_a_second_run_does_nothing(home: Path):
    first = klio(home, "--for", "beats", "song")
    again = klio(home, "--for", "beats", "song")

    assert first.returncode == 0, first.stdout + first.stderr
    assert "decode  song  committed" in first.stdout
    assert (home / "data" / "beats" / "song").read_text() == "beats(decode(song))"
    assert made(home, "mix") == set()
    assert f"made by beats: {home}/data/beats/*\n" in first.stdout
    assert again.returncode == 0
    assert again.stdout.partition("\n\njob ")[0].splitlines() == [
        "beats  song  leased",
        "beats  song  passed on  output exists",
    ]


def test_top_down_every_job_works_and_a_dead_letter_is_told(home: Path):
    ran = klio(home, "tune", "bad", "nowhere")

    assert ran.returncode == 3, ran.stdout + ran.stderr
    assert (home / "data" / "mix" / "tune").read_text() == "mix(beats(decode(tune)))"
    assert summary(ran.stdout) == [
        ["decode", "2", "0", "1", "0"],
        ["beats", "1", "0", "0", "1"],
        ["mix", "1", "0", "0", "0"],
    ]
    assert "  bad  beats: dead letter" in ran.stderr
    assert f"dead letters of beats: {home}/jobs/.klio/dead-letters/beats\n" in ran.stdout
    assert len(list((home / "jobs" / ".klio" / "dead-letters" / "beats").glob("*.json"))) == 1
    assert "  nowhere  decode: dropped (input missing)\n" in ran.stderr


def test_an_element_that_does_not_come_through_is_exit_status_1(home: Path):
    ran = klio(home, "nowhere")

    assert ran.returncode == 1
    assert ran.stderr.endswith("not all elements came through\n  nowhere  decode: dropped (input missing)\n")


def test_a_job_that_cannot_run_ends_the_whole_with_its_own_words(home: Path):
    work = home / "jobs" / "mix" / "run.py"
    work.write_text("import nothing_of_this_name\n")
    try:
        ran = klio(home, "hymn")
    finally:
        work.write_text(RUN)

    assert ran.returncode == 4, ran.stdout + ran.stderr
    assert "Error: mix has ended by itself\n" in ran.stderr
    assert "nothing_of_this_name" in ran.stderr


def test_ctrl_c_stops_all_jobs(home: Path):
    popen = subprocess.Popen(
        [*KLIO, "graph", "run", "jobs", "--local", "hymn"], cwd=home, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    with popen:
        assert popen.stdout is not None
        assert popen.stdout.readline()  # a job has begun
        children = _children_of(popen.pid)
        popen.send_signal(signal.SIGINT)
        popen.communicate(timeout=PATIENCE_S)

    assert len(children) == 3
    assert popen.returncode == 130
    _wait_for_the_end_of(children)
    state = local_state.read(home / "jobs")
    assert state is not None
    assert state.alive


def test_killed_outright_it_leaves_no_job_behind(home: Path):
    command = [*KLIO, "graph", "run", "jobs", "--local", "hymn"]
    with (
        (home / "log").open("wb") as log,
        subprocess.Popen(command, cwd=home, stdout=subprocess.PIPE, stderr=log) as popen,
    ):
        assert popen.stdout is not None
        assert popen.stdout.readline(), (home / "log").read_text()  # a job has begun
        children = _children_of(popen.pid)
        popen.kill()

    assert len(children) == 3
    _wait_for_the_end_of(children)
    said = (home / "jobs" / ".klio" / "graph" / "decode.log").read_text()
    assert "what started this run is gone" in said
    assert "stopping: what has been begun is finished" in said
    assert "\ndecode: " in said  # its summary: it ended in its own way
    state = local_state.read(home / "jobs")
    assert state is not None
    assert state.alive


def test_a_job_whose_klio_is_killed_ends_too(home: Path):
    command = [*KLIO, "job", "run", "--local", "-j", "jobs/decode"]
    with (home / "log").open("wb") as log, subprocess.Popen(command, cwd=home, stderr=log, stdout=log) as popen:
        deadline = time.monotonic() + PATIENCE_S
        while b"decode runs" not in (home / "log").read_bytes():
            assert time.monotonic() < deadline, (home / "log").read_text()
            time.sleep(0.05)
        children = _children_of(popen.pid)
        popen.kill()

    assert len(children) == 1
    _wait_for_the_end_of(children)
    assert "what started this run is gone" in (home / "log").read_text()


def _wait_for_the_end_of(pids: list[str]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while any(map(_runs, pids)):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def _runs(pid: str) -> bool:
    """A child whose parent is gone may stay as a zombie where the first process of a container takes in no orphans."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def _children_of(pid: int) -> list[str]:
    """The processes of jobs; the local cloud may be a child as well, and is to stay."""
    pids = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [one for one in pids if b"run" in Path(f"/proc/{one}/cmdline").read_bytes().split(b"\0")]
