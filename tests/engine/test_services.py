"""Streaming jobs in their images against the local cloud: events in, mixes out, and an end without loss."""

from __future__ import annotations

import io
import shutil
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import soundfile
from docker import DockerClient

from klio_core.message import Message
from tests.flow.conftest import cloud
from tests.flow.kit import Cloud, eventually

from .kit import Hand, NewJob

__all__ = ["cloud"]  # the fixture of whole jobs

AUTOMIXER = Path(__file__).resolve().parents[2] / "examples" / "automixer"
DIRECT = ("job", "run", "--direct-runner")
PAIR = "one.wav,two.wav"
# Says that it has begun, and takes its time.
SLOW = """
import time
import apache_beam as beam
from klio.transforms import decorators


class HelloKlio(beam.DoFn):
    @decorators.handle_klio
    def process(self, data):
        print("begun", flush=True)
        time.sleep(3)
        with self._klio.upload(data.element) as path:
            path.write_text("done")
        yield data
"""


def ends(cloud: Cloud, name: str) -> tuple[str, str, str]:
    """Make the topics and subscriptions of a job: its input, its output, and a subscription to the output."""
    project = "projects/klio-local"
    inward = cloud.topic(f"{project}/topics/{name}-input")
    outward = cloud.topic(f"{project}/topics/{name}-output")
    cloud.subscription(f"{project}/subscriptions/{name}-input", inward, ack_deadline_seconds=60)
    return inward, outward, cloud.subscription(f"{project}/subscriptions/{name}-output", outward)


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 0)])
def test_a_streaming_job_that_is_stopped_ends_what_it_has_begun(
    klio: Hand, new_job: NewJob, engine: DockerClient, cloud: Cloud, number: signal.Signals, status: int
):
    job = new_job(transforms=SLOW)
    inward, _, outward = ends(cloud, job.name)
    klio.ok("image", "build", "-j", job)

    with klio.started(*DIRECT, "-j", job, **cloud.environment) as running:
        cloud.publish(inward, [Message.of(b"a").encode()])
        assert running.stdout is not None
        assert running.stdout.readline() == "begun\n"
        running.send_signal(number)
        _, summary = running.communicate(timeout=120)

    assert running.returncode == status, summary
    assert "  processed          1" in summary
    assert cloud.get(f"gs://klio-local-output/{job.name}/a.txt") == b"done"
    assert [Message.decode(raw).element for raw in cloud.pull(outward)] == [b"a"]
    assert [one for one in engine.containers.list(all=True) if job.name in str(one.image.tags)] == []


@pytest.fixture
def tracks() -> Iterator[dict[str, bytes]]:
    """Two tracks by the example's own synthesiser."""
    sys.path.insert(0, str(AUTOMIXER))
    import synth

    yield {"one.wav": _wav(synth.compose(120.0, 6.0, 1)), "two.wav": _wav(synth.compose(124.0, 6.0, 2))}
    sys.path.remove(str(AUTOMIXER))


def _wav(song: Any) -> bytes:
    file = io.BytesIO()
    soundfile.write(file, song.samples, 44_100, format="WAV", subtype="PCM_16")
    return file.getvalue()


def test_the_automixer_mixes_in_its_own_image(
    klio: Hand, engine: DockerClient, cloud: Cloud, tracks: dict[str, bytes], tmp_path: Path
):
    job = tmp_path / "automixer"
    shutil.copytree(AUTOMIXER, job, ignore=shutil.ignore_patterns(".klio", "__pycache__"))
    inward, _, outward = ends(cloud, "automixer")
    for name, content in tracks.items():
        cloud.put(f"gs://klio-local-automixer/tracks/{name}", content)
    cloud.publish(inward, [Message.of(PAIR.encode()).encode()])

    with klio.started(*DIRECT, "-j", job, "--exit-when-idle", 5, **cloud.environment) as running:
        out, err = running.communicate(timeout=400)

    assert running.returncode == 0, out + err
    made = cloud.get(f"gs://klio-local-automixer/mixes/{PAIR}.ogg")
    assert made is not None, err
    samples, rate = soundfile.read(io.BytesIO(made), always_2d=True)
    assert samples.shape[1] == 2
    assert len(samples) / rate > 6
    assert [Message.decode(raw).element for raw in eventually(lambda: cloud.pull(outward))] == [PAIR.encode()]
    image = klio.ok("image", "build", "-j", job)
    base = engine.images.get(next(line for line in (job / "Dockerfile").read_text().splitlines() if "FROM" in line)[5:])
    assert engine.images.get(image).attrs["Size"] - base.attrs["Size"] < 250_000_000
    engine.images.remove(image, force=True)
