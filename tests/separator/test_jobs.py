"""Both jobs as processes on a local cloud of their own: events in, stems and mixes out."""

from __future__ import annotations

import hashlib
import io
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from klio_core.config import load
from klio_core.graph import Graph, Job, Weight, problems_of
from klio_core.message import JobRef, Limited, Message
from klio_exec.local import world
from tests.flow.kit import Cloud, eventually
from tests.separator.conftest import MIX, SEPARATE
from tests.separator.models import SOURCES, FixedShares
from tests.separator.records import begun, ended

pytestmark = pytest.mark.timeout(300)

BUCKET = "klio-local-separator"
ROOT = SEPARATE.parents[2]


@dataclass
class Service:
    """A local cloud, and the jobs that run on it."""

    project: Path
    cloud: Cloud
    repo: Path
    environment: dict[str, str]
    running: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def bucket(self) -> Any:
        return self.cloud.storage.bucket(BUCKET)

    @property
    def records(self) -> Path:
        """A file of status records for each worker of `separate`."""
        return self.project / ".klio" / "status" / "separate"

    def start(self, job: Path, *options: str) -> subprocess.Popen[bytes]:
        """Run one of the jobs as `klio job run --local` does."""
        command = [sys.executable, "-m", "klio_cli.app", "job", "run", "--local", "--project", str(self.project)]
        log = self.project / f"{job.name}-{time.monotonic_ns()}.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                [*command, "-j", str(job), *options],
                env=self.environment,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        self.running.append(process)
        eventually(lambda: "Ctrl-C stops it" in log.read_text() or process.poll())
        assert process.poll() is None, log.read_text()
        return process

    def separate(self, *options: str) -> subprocess.Popen[bytes]:
        trusted = "job_config.trusted=[tests.separator.models.FixedShares]"
        said = ["job_config.model=shares", f"job_config.repo={self.repo}", trusted, "job_config.lease_s=10"]
        return self.start(SEPARATE, *(f"-O{one}" for one in said), *options)

    def upload(self, content: bytes) -> str:
        name = hashlib.sha256(content).hexdigest()
        self.bucket.blob(f"queue/{name}").upload_from_string(content)
        return name

    def wish(self, name: str, *mixes: str) -> None:
        """Keep what people wish for of a song, as the front does."""
        file = {"title": "A Song", "mixes": dict.fromkeys(mixes, 0.0)}
        self.bucket.blob(f"songs/{name}.json").upload_from_string(json.dumps(file))

    def publish(self, job: str, element: str, payload: bytes = b"", *others: str) -> None:
        """Ask a job; `others` work on it, too, when it has."""
        recipients = tuple(JobRef(name, "klio-local") for name in (job, *others))
        message = Message.of(element.encode(), payload=payload, recipients=Limited(recipients))
        self.cloud.publish(f"projects/klio-local/topics/{job}-input", [message.encode()])

    def there(self, prefix: str) -> set[str]:
        return {blob.name for blob in self.cloud.storage.list_blobs(BUCKET, prefix=prefix)}

    def sound(self, name: str) -> np.ndarray:
        samples, rate = soundfile.read(io.BytesIO(self.bucket.blob(name).download_as_bytes()), dtype="float32")
        assert rate == 44_100
        return samples


@pytest.fixture
def service(tmp_path: Path, repo: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    state = world.up(tmp_path)
    for name, value in state.environment().items():
        monkeypatch.setenv(name, value)
    cloud = Cloud(state.pubsub, state.objects)
    cloud.storage.create_bucket(BUCKET)
    service = Service(tmp_path, cloud, repo, {**os.environ, "PYTHONPATH": str(ROOT)})
    try:
        yield service
    finally:
        for process in service.running:
            process.send_signal(signal.SIGTERM)
        for process in service.running:
            process.wait(60)
        cloud.close()
        world.down(tmp_path)


def song(seconds: float, seed: int = 7) -> tuple[np.ndarray, bytes]:
    """Noise that is as dull as music, and the FLAC file that holds it."""
    noise = np.random.default_rng(seed).standard_normal((int(44_100 * seconds), 2))
    dull = np.stack([np.convolve(channel, np.hanning(24), "same") for channel in noise.T], axis=1)
    samples = (0.03 * dull).astype(np.float32)
    content = io.BytesIO()
    soundfile.write(content, samples, 44_100, format="FLAC", subtype="PCM_24")
    return samples, content.getvalue()


def test_a_song_goes_in_and_its_stems_come_out_as_long_as_it(service: Service):
    service.separate()
    samples, content = song(5)
    name = service.upload(content)
    service.publish("separate", name)

    wanted = {f"stems/{name}-{what}" for what in (*(f"{stem}.mp3" for stem in SOURCES), "peaks.json")}
    assert eventually(lambda: service.there("stems/") == wanted)
    middle = slice(44_100, 3 * 44_100)
    for stem, share in zip(SOURCES, FixedShares.shares, strict=True):
        made = service.sound(f"stems/{name}-{stem}.mp3")
        assert made.shape == samples.shape
        lost = made[middle] - share * samples[middle]
        assert np.std(lost) < 0.02 * share * np.std(samples[middle])  # what MP3 loses
    facts = json.loads(service.bucket.blob(f"stems/{name}-peaks.json").download_as_bytes())
    assert {stem: len(values) for stem, values in facts["peaks"].items()} == dict.fromkeys(SOURCES, 1_000)
    assert (facts["duration_s"], facts["model"], facts["attempt"]) == (5.0, "shares", 1)
    assert facts["worker"] in {file.stem for file in service.records.iterdir()}


def test_two_mixes_of_a_song_whose_stems_are_missing_are_both_made_and_the_song_is_separated_once(service: Service):
    service.separate()
    service.start(MIX)
    _, content = song(2)
    name = service.upload(content)
    service.publish("mix", name, b"vocals+drums")
    service.publish("mix", name)

    wanted = {f"mixes/{name}-mix-drums-vocals.mp3", f"mixes/{name}-mix-bass-drums.mp3"}
    assert eventually(lambda: service.there("mixes/") == wanted)
    drums, vocals, mix = (
        service.sound(f"{place}.mp3")
        for place in (f"stems/{name}-drums", f"stems/{name}-vocals", f"mixes/{name}-mix-drums-vocals")
    )
    np.testing.assert_allclose(mix[20_000:60_000], (drums + vocals)[20_000:60_000], atol=0.03)
    assert ended(service.project, "separate", "committed") == {name: 1}


def test_mixes_that_are_wished_for_are_made_of_a_song_that_is_done_and_it_is_separated_once(service: Service):
    service.separate()
    service.start(MIX)
    wished, asked, neither = (service.upload(song(2, seed)[1]) for seed in (1, 2, 3))
    service.wish(wished, "vocals", "bass+other")
    service.wish(asked, "vocals")
    service.wish(neither)
    for name in (wished, neither):
        service.publish("separate", name, b"wishes", "mix", "callback")  # as the front does
    service.publish("mix", asked)  # by hand, and what somebody else wishes for meanwhile is made, too

    mixes = {wished: ("vocals", "bass-other"), asked: ("vocals", "bass-drums")}
    there = {f"mixes/{name}-mix-{stems}.mp3" for name, names in mixes.items() for stems in names}
    assert eventually(lambda: service.there("mixes/") == there)
    assert eventually(lambda: ended(service.project, "mix", "dropped")[neither])
    assert begun(service.project) == dict.fromkeys((wished, asked, neither), 1)
    assert service.there("dead-letters/") == set()


def broken() -> dict[str, tuple[bytes, str]]:
    """Uploads that cannot be separated, and why not."""
    _, whole = song(2)
    hours = bytearray(whole)
    hours[22:26] = (3 * 3600 * 44_100).to_bytes(4, "big")  # so many samples, says its header
    nan = io.BytesIO()
    soundfile.write(nan, np.full((44_100, 2), np.nan), 44_100, format="WAV", subtype="FLOAT")
    return {
        "empty": (b"", "empty-audio"),
        "no audio": (b"<!doctype html><title>404</title>", "not-audio"),
        "cut off": (whole[: len(whole) // 2], "truncated-audio"),
        "three hours": (bytes(hours), "too-large"),
        "not a number": (nan.getvalue(), "unsound-audio"),
    }


def test_what_cannot_be_separated_says_why_and_the_next_song_works(service: Service):
    process = service.separate("--exit-when-idle", "3")
    reasons = {}
    for content, reason in broken().values():
        name = service.upload(content)
        reasons[name] = reason
        service.publish("separate", name)
    for seconds in (0.1, 2):
        service.publish("separate", service.upload(song(seconds)[1]))

    assert process.wait(120) == 3
    letters = [json.loads(service.bucket.blob(one).download_as_bytes()) for one in service.there("dead-letters/")]
    told = {letter["element"]: letter["reason"] for letter in letters}
    assert told == reasons
    assert len(service.there("stems/")) == 2 * 5


def test_a_worker_that_is_killed_in_mid_song_loses_nothing(service: Service):
    slow = ("-Ojob_config.model=small", "-Ojob_config.shifts=2")
    first = service.separate(*slow)
    _, content = song(16)
    name = service.upload(content)
    service.publish("separate", name)
    eventually(lambda: '"working"' in "".join(file.read_text() for file in service.records.glob("*.jsonl")))
    os.killpg(first.pid, signal.SIGKILL)  # the command, and the job itself
    first.wait()
    service.running.remove(first)

    service.separate(*slow)
    eventually(lambda: len(service.there("stems/")) == 5, within_s=250)
    assert {len(service.sound(f"stems/{name}-{stem}.mp3")) for stem in SOURCES} == {16 * 44_100}


@pytest.mark.parametrize("job", [SEPARATE, MIX], ids=["separate", "mix"])
def test_a_job_passes_its_own_tests_and_the_audit(job: Path):
    command = [sys.executable, "-m", "klio_cli.app", "job", "audit", "-j", str(job)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)

    assert (done.returncode, "nothing found" in done.stdout) == (0, True), done.stdout + done.stderr


def test_events_and_data_lead_from_job_to_job():
    jobs = [Job(load(job / "klio-job.yaml"), job) for job in (SEPARATE, MIX, SEPARATE.parent / "callback")]

    assert [problem for problem in problems_of(Graph(jobs)) if problem.weight is Weight.ERROR] == []
