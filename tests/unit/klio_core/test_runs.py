from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from klio_core import runs
from klio_core.run_log import LogLine

HOLD = """
import sys
from pathlib import Path
from klio_core import runs

with runs.recorded(Path(sys.argv[1]), "mixer", "local"):
    print("recorded", flush=True)
    sys.stdin.read()
"""


def states(project: Path) -> list[tuple[str, str]]:
    return [(run.job, run.state) for run in runs.of_project(project)]


@pytest.mark.parametrize(
    ("status", "state"), [(0, "DONE"), (3, "DEAD-LETTERED"), (130, "CANCELLED"), (1, "FAILED 1"), (137, "FAILED 137")]
)
def test_a_run_is_known_while_it_goes_on_and_after_it_ended(tmp_path: Path, status: int, state: str):
    with runs.recorded(tmp_path, "mixer", "local") as recorder:
        assert states(tmp_path) == [("mixer", "RUNNING")]
        assert recorder.ended(status) == status

    (run,) = runs.of_project(tmp_path, "mixer")
    assert (run.state, run.alive, run.since) == (state, False, run.ended)
    assert runs.of_project(tmp_path, "other") == []


def test_a_run_whose_process_was_killed_is_killed(tmp_path: Path):
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"recorded\n"
        assert states(tmp_path) == [("mixer", "RUNNING")]
        process.send_signal(signal.SIGKILL)

    (run,) = runs.of_project(tmp_path)
    assert (run.state, run.since) == ("KILLED", run.began)


def test_ten_ended_runs_are_kept_and_every_one_that_goes_on(tmp_path: Path):
    with runs.recorded(tmp_path, "mixer", "local") as first:
        time.sleep(0.002)  # which began first is known by the millisecond
        for number in range(12):
            with runs.recorded(tmp_path / "elsewhere", "mixer", "local") as recorder:
                recorder.ended(0)
            # One process makes no two runs within a second: the runs of others, as they would be.
            recorder.run.directory.rename(first.run.directory.with_name(f"{recorder.run.id}-{number}"))
        with runs.recorded(tmp_path, "mixer-2", "local"):
            assert len(runs.of_project(tmp_path, "mixer")) == 13

        runs.forget_old(first.run.directory.parent)

        kept = [run.state for run in runs.of_project(tmp_path, "mixer")]
        assert kept == ["DONE"] * 10 + ["RUNNING"]


@pytest.mark.parametrize("record", ["", '{"job": "mixer"', '{"of": "another version"}', "[]"])
def test_what_is_no_record_is_no_run(tmp_path: Path, record: str):
    directory = tmp_path / ".klio" / "runs" / "mixer" / "1"
    directory.mkdir(parents=True)
    (directory / "run.json").write_text(record)

    assert runs.of_project(tmp_path) == []


def test_a_line_of_a_log_is_read_as_it_was_written():
    line = LogLine("2026-11-21T01:02:03.004+00:00", "7-1", "WARNING", "klio.run", "Größe\nzwei Zeilen")

    assert LogLine.decode(f"{line.encode()}\n".encode()) == line
    assert "\n" not in line.encode()


@pytest.mark.parametrize("line", [b"", b'{"time": "20', b"7", b'{"time": "2026"}', b"\xff\xfe"])
def test_what_is_no_line_is_left_out(line: bytes):
    assert LogLine.decode(line) is None
