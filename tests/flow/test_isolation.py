"""Whole jobs whose code ends its own process, hangs, and is left behind by its worker."""

from __future__ import annotations

from pathlib import Path

import pytest

from klio_core.dead_letter import DeadLetter

from .batches import Batch
from .conftest import NewJob
from .kit import eventually

pytestmark = pytest.mark.slow

CRASHES = """
import ctypes
import os

import apache_beam as beam

from klio.transforms import decorators


class Shout(beam.DoFn):
    def setup(self):
        with open("setups", "a") as file:
            file.write(f"{os.getpid()}\\n")

    @decorators.handle_klio
    def process(self, data):
        text = self._klio.download(data.element).read_text()
        if text == "bad":
            ctypes.string_at(0)
        with self._klio.upload(data.element) as out:
            out.write_text(text.upper())
        yield data
"""

HANGS = """
import os
import subprocess
from pathlib import Path

import apache_beam as beam

from klio.transforms import decorators


class Work(beam.DoFn):
    @decorators.handle_klio
    def process(self, data):
        left = subprocess.Popen(["sleep", "600"], start_new_session=True)
        note = Path(self._klio.config.job_config.ledger)
        note.with_suffix(".new").write_text(f"{os.getpid()} {left.pid}")
        note.with_suffix(".new").rename(note)
        while True:
            pass
"""


def test_an_element_that_crashes_its_process_takes_no_other_along(tmp_path: Path) -> None:
    job = Batch(tmp_path)
    (tmp_path / "transforms.py").write_text(CRASHES)
    job.config["job_config"]["isolation"] = "subprocess"  # type: ignore[index]
    names = [f"track-{number}" for number in range(20)]
    job.elements("\n".join(names))
    job.media(**dict.fromkeys(names, "text") | {"track-7": "bad"})

    status, log, _ = job.run()

    assert status == 3, log
    others = sorted(set(names) - {"track-7"})
    assert job.done == others
    assert job.out == dict.fromkeys(others, "TEXT")
    (letter,) = [DeadLetter.decode(path.read_bytes()) for path in (tmp_path / "dead").glob("*.json")]
    assert (letter.element, letter.reason, letter.error) == (b"track-7", "native-crash", "NativeCrash")
    assert "signal SIGSEGV" in letter.text
    assert "ctypes.string_at(0)" in letter.trace or "in string_at" in letter.trace
    setups = (tmp_path / "setups").read_text().split()
    assert len(setups) == len(set(setups))  # once in each process, and in fewer of them than there are elements
    assert len(setups) < 10


@pytest.mark.parametrize("how", ["kill", "stop"])
def test_nothing_of_a_worker_is_left_when_it_has_ended(new_job: NewJob, how: str) -> None:
    job = new_job(isolation="subprocess", drain_timeout_s=1)
    job.config["job_config"]["ledger"] = str(job.directory / "ledger")
    job.write(transforms=HANGS)
    with job.process() as process:
        job.publish("a")
        pids = eventually(lambda: job.begun)
        assert all(map(_works, pids))
        getattr(process, how)()
    eventually(lambda: not any(map(_works, pids)))


def _works(pid: str) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except FileNotFoundError:
        return False


def test_where_a_job_writes_does_not_change_with_its_code(tmp_path: Path) -> None:
    job = Batch(tmp_path)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    text = (tmp_path / "transforms.py").read_text()
    (tmp_path / "transforms.py").write_text(
        f"import os\n{text}".replace("text = ", f"os.chdir({str(elsewhere)!r}); text = ")
    )
    job.elements("a\nb\nc\n")
    job.media(a="x", b="bad", c="z")

    status, log, _ = job.run()

    assert status == 3, log
    assert (job.done, job.out) == (["a", "c"], {"a": "X", "c": "Z"})
    assert len(list((tmp_path / "dead").glob("*.json"))) == 1
    assert list(elsewhere.iterdir()) == []
