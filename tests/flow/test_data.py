"""Files and events of whole jobs when something fails between them: no event without its files, no file for ever."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import apache_beam as beam
import pytest

from klio.data.local import LocalStore
from klio.transforms import decorators

from .conftest import NewJob
from .kit import eventually
from .runs import running

pytestmark = pytest.mark.slow  # whole processes; tests/unit/klio/test_work.py holds the commit in the inner loop

FOUR_OUTPUTS = """
import os
import signal
from pathlib import Path

import apache_beam as beam

from klio.data.local import LocalStore
from klio.transforms import decorators


class Deadly(LocalStore):
    def __init__(self, crashed):
        object.__setattr__(self, "crashed", Path(crashed))

    def commit(self, source, path, *, expect):
        if path.endswith(".4") and not self.crashed.exists():
            self.crashed.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return LocalStore.commit(self, source, path, expect=expect)


class Work(beam.DoFn):
    @decorators.handle_klio
    def process(self, data):
        yield data
        attempt = b"second" if Path(self._klio.config.job_config.crashed).exists() else b"first"
        for target in range(4):
            with self._klio.upload(data.element, target) as path:
                path.write_bytes(attempt)
"""


def test_three_of_four_outputs_and_a_crash_are_no_event_and_the_next_attempt_writes_all_four(new_job: NewJob):
    job = new_job(lease_s=2)
    out, crashed = job.directory / "out", str(job.directory / "crashed")
    store = {"type": "custom", "class": "transforms.Deadly", "location": str(out), "crashed": crashed}
    outputs = [{**store, "file_suffix": f".{number}"} for number in (1, 2, 3, 4)]
    job.config["job_config"] |= {"data": {"outputs": outputs}, "crashed": crashed}
    job.write(transforms=FOUR_OUTPUTS)
    job.publish("a")

    with job.process() as process:
        eventually(lambda: process.popen.poll() is not None)
    assert {path.name: path.read_text() for path in out.glob("a.*")} == dict.fromkeys(["a.1", "a.2", "a.3"], "first")
    assert job.elements == {}
    with job.process() as process:
        job.wait_for("a")
        assert process.stop() == 0

    assert {path.name: path.read_text() for path in out.glob("a.*")} == {f"a.{n}": "second" for n in (1, 2, 3, 4)}
    assert job.elements == {"a": 1}


class Encode(beam.DoFn):
    """Writes down whom it works for. There is no room as long as the file `full` is there."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    @decorators.handle_klio
    def process(self, data: Any) -> Any:
        with (self.directory / "ledger").open("ab") as ledger:
            ledger.write(data.element + b"\n")
        if (self.directory / "full").exists():
            Path("/dev/full").write_bytes(b"sound")
        with self._klio.upload(data.element) as path:
            path.write_bytes(b"sound of " + data.element)
        yield data


def test_with_verify_what_is_empty_or_cut_off_is_made_again_and_what_is_whole_is_not(new_job: NewJob):
    job = new_job()
    out = job.directory / "out"
    job.config["job_config"]["data"] = {"outputs": [{"type": "file", "location": str(out), "verify": "checksum"}]}
    whole = job.directory / "source"
    for name in ("whole", "empty", "cut"):
        whole.write_text(f"sound of {name}")
        LocalStore().commit(whole, str(out / name), expect=0)
    (out / "empty").write_bytes(b"")
    with (out / "cut").open("r+b") as file:
        file.truncate(4)
    job.publish("whole", "empty", "cut")

    with job.thread(lambda events, config: events | beam.ParDo(Encode(job.directory))):
        job.wait_for("whole", "empty", "cut")

    assert sorted(job.begun) == ["cut", "empty"]
    assert {path.name: path.read_text() for path in out.iterdir()} == {n: f"sound of {n}" for n in job.elements}


def test_while_the_disk_is_full_messages_come_again_and_none_is_a_dead_letter(new_job: NewJob):
    job = new_job()
    full = job.directory / "full"
    job.config["job_config"]["data"] = {"outputs": [{"type": "file", "location": str(job.directory / "out")}]}
    full.touch()
    job.publish("a")

    with job.thread(lambda events, config: events | beam.ParDo(Encode(job.directory))):
        eventually(lambda: len(job.begun) >= 2)
        full.unlink()
        job.wait_for("a")

    assert job.letters == []
    assert job.made == {"a"}


def test_what_a_killed_worker_left_among_the_temporary_files_is_removed_by_the_next(new_job: NewJob, tmp_path: Path):
    job = new_job(lease_s=2)
    job.does_work()
    job.write(
        transforms=(job.directory / "transforms.py")
        .read_text()
        .replace(
            "        while data.element.startswith",
            "        with self._klio.upload('kept') as kept:\n            kept.write_bytes(b'x')\n"
            "        while data.element.startswith",
        )
    )
    environment = {**job.cloud.environment, "TMPDIR": str(tmp_path)}
    job.publish("hold")

    with running(job.directory, "--direct-runner", **environment) as process:
        eventually(lambda: list(tmp_path.glob("klio-scratch-*/work-*/out/kept")))
        process.kill()
    assert list(tmp_path.glob("klio-scratch-*/work-*/out/kept"))
    job.release()
    with running(job.directory, "--direct-runner", **environment) as process:
        job.wait_for("hold")
        assert process.stop() == 0

    assert list(tmp_path.glob("klio-scratch-*")) == []
