"""Whole jobs in this process: published to, drained, looked at."""

from __future__ import annotations

import os
from pathlib import Path

import apache_beam as beam
import pytest

from klio.context import UNBOUND, current
from klio.testing import local_cloud
from klio.transforms import decorators
from klio_core.errors import DataNotFound, JobCodeError, LocalCloudError, UsageError
from klio_core.message import Message

JOB = """
job_name: transcoder
pipeline_options: {streaming: true, project: klio-local}
job_config:
  max_attempts: 1
  events:
    inputs:
      - {type: pubsub, topic: projects/klio-local/topics/tracks, subscription: projects/klio-local/subscriptions/tracks}
    outputs:
      - {type: pubsub, topic: projects/klio-local/topics/done}
  data:
    inputs:
      - {type: gcs, location: gs://tracks/raw, file_suffix: .wav}
    outputs:
      - {type: file, location: done, file_suffix: .ogg}
"""
SAME_PLACE = """
job_name: same-place
pipeline_options: {streaming: true, project: klio-local}
job_config:
  data:
    inputs: [{type: gcs, location: gs://tracks, file_suffix: .wav}]
    outputs:
      - {type: gcs, location: gs://tracks, file_suffix: .ogg}
      - {type: gcs, name: pictures, location: gs://tracks, file_suffix: .png}
"""
BATCH = """
job_name: batch
pipeline_options: {streaming: false}
job_config:
  events:
    inputs: [{type: file, file_pattern: elements.txt}]
    outputs: [{type: file, file_path_prefix: left}]
"""


class Transcode(beam.DoFn):
    @decorators.handle_klio
    def process(self, data):
        raw = self._klio.download(data.element).read_bytes()
        if raw == b"noise":
            raise ValueError("this is noise")
        with self._klio.upload(data.element) as out:
            out.write_bytes(raw.upper())
        yield data


def run(in_pcol, config):
    return in_pcol | beam.ParDo(Transcode())


def test_a_job_is_published_to_drained_and_looked_at():
    with local_cloud() as cloud:
        job = cloud.job(config=JOB, run=run)
        cloud.put("gs://tracks/raw/ada.wav", b"la")
        job.put({"noise": b"noise", "again": b"do"})
        job.publish("ada", b"noise", "missing", Message.of(b"again", force=True), Message.of(b"any", ping=True))
        job.publish_raw(b"\xffno message")

        summary = job.drain()

        assert job.verdicts == {
            "ada": "committed",
            "noise": "dead letter: exception",
            "missing": "dropped: input missing",
            "again": "committed",
            "any": "passed on: ping",
            "\udcffno message": "dead letter: undecodable",
        }
        assert job.outputs == {"ada": b"LA", "again": b"DO"}
        assert sorted(job.elements) == [b"ada", b"again", b"any"]
        assert sorted((letter.element, letter.error) for letter in job.dead_letters) == [
            (b"noise", "ValueError"),
            (b"\xffno message", "UndecodableMessage"),
        ]
        assert (summary.read, summary.processed, summary.dead.total()) == (6, 2, 2)
        assert sorted(path.name for path in (job.directory / "done").iterdir()) == ["ada.ogg", "again.ogg"]
        assert cloud.ls("gs://tracks/") == [
            "gs://tracks/raw/ada.wav",
            "gs://tracks/raw/again.wav",
            "gs://tracks/raw/noise.wav",
        ]
        assert cloud.get("gs://tracks/raw/ada.wav") == b"la"
        with pytest.raises(DataNotFound):
            cloud.get("gs://tracks/raw/nobody.wav")
    assert current() is UNBOUND


def test_what_was_there_before_the_cloud_is_there_again(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PUBSUB_EMULATOR_HOST", "elsewhere:1")
    monkeypatch.delenv("STORAGE_EMULATOR_HOST", raising=False)

    with local_cloud() as cloud:
        assert os.environ["PUBSUB_EMULATOR_HOST"] == cloud.pubsub
        assert os.environ["STORAGE_EMULATOR_HOST"] == cloud.objects
        here = Path.cwd()

    assert os.environ["PUBSUB_EMULATOR_HOST"] == "elsewhere:1"
    assert "STORAGE_EMULATOR_HOST" not in os.environ
    assert Path.cwd() == here


def test_files_in_one_place_are_told_apart_by_their_suffix():
    with local_cloud() as cloud:
        job = cloud.job(config=SAME_PLACE, run=run)
        for suffix in ("wav", "ogg", "png"):
            cloud.put(f"gs://tracks/a.{suffix}", suffix.encode())

        assert job.outputs == {"0/a": b"ogg", "pictures/a": b"png"}


def test_a_batch_reads_below_its_directory_and_writes_elsewhere(tmp_path: Path):
    (tmp_path / "elements.txt").write_text("one\ntwo\n")

    @decorators.handle_klio
    def same(ctx, data):
        return data

    with local_cloud(tmp_path) as cloud:
        job = cloud.job(config=BATCH, run=lambda in_pcol, config: in_pcol | beam.Map(same))
        summary = job.drain()

        assert (summary.read, summary.processed) == (2, 2)
        (left,) = job.directory.glob("left*")
        assert sorted(left.read_text().split()) == ["one", "two"]
        with pytest.raises(UsageError, match="no event input 0 that one can publish to"):
            job.publish("three")
    assert [path.name for path in tmp_path.iterdir()] == ["elements.txt"]


@pytest.mark.slow
def test_faults_befall_the_cloud_and_the_job_bears_them():
    faults = ["duplicate@pubsub.delivery", "unavailable@objects.download,nth=1", "lost-reply@objects.upload,nth=1"]
    with local_cloud(faults=faults) as cloud:
        job = cloud.job(config=JOB.replace("type: file, location: done", "type: gcs, location: gs://done"), run=run)
        job.put({"ada": b"la", "grace": b"si"})
        job.publish("ada", "grace")
        job.drain()

        assert job.outputs == {"ada": b"LA", "grace": b"SI"}
        assert job.dead_letters == []
        assert cloud.committed["lost-reply@objects.upload"] == 1
        assert cloud.committed["unavailable@objects.download"] == 1
        assert cloud.committed["duplicate@pubsub.delivery"] >= 2


@pytest.mark.slow
@pytest.mark.parametrize("cloud_number", [1, 2])
def test_a_job_is_drained_as_often_as_something_was_published_and_may_work_in_other_processes(cloud_number: int):
    with local_cloud() as cloud:
        job = cloud.job(config=JOB.replace("  max_attempts: 1", "  isolation: subprocess"), run=run)
        job.put({"ada": b"la"})
        for _ in range(2):
            job.publish("ada")
            job.drain()
        nothing_left = job.drain()

        assert [str(one.state) for one in job.statuses if one.state.final] == ["committed", "passed on"]
        assert job.elements == [b"ada", b"ada"]
        assert nothing_left.read == 0


@pytest.mark.slow
def test_two_jobs_with_modules_of_the_same_names_each_run_their_own(tmp_path: Path):
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "klio-job.yaml").write_text(
            JOB.replace("transcoder", name).replace("s/tracks", f"s/{name}-tracks")
        )
        (tmp_path / name / "work.py").write_text(
            "from klio.transforms import decorators\n"
            "@decorators.handle_klio\n"
            "def work(ctx, data):\n"
            "    with ctx.upload(data.element) as out:\n"
            f"        out.write_text('{name}')\n"
            "    return data\n"
        )
        (tmp_path / name / "run.py").write_text(
            "import apache_beam as beam\n"
            "import work\n"
            "def run(in_pcol, config):\n"
            "    return in_pcol | beam.Map(work.work)\n"
        )
    with local_cloud() as cloud:
        jobs = [cloud.job(tmp_path / name) for name in ("first", "second")]
        for job in jobs:
            job.put({"a": b"x"})
            job.publish("a")
            job.drain()

        assert [job.outputs for job in jobs] == [{"a": b"first"}, {"a": b"second"}]


@pytest.mark.slow
def test_a_job_that_does_not_come_to_an_end_is_told_of_in_time():
    def stuck(in_pcol, config):
        return in_pcol | beam.Map(lambda raw: __import__("threading").Event().wait(4))

    with local_cloud() as cloud:
        job = cloud.job(
            config=JOB.replace("    inputs:\n      - {type: gcs, location: gs://tracks/raw, file_suffix: .wav}\n", ""),
            run=stuck,
        )
        job.publish("a")

        with pytest.raises(LocalCloudError, match="the job was not done within 1 s") as error:
            job.drain(timeout_s=1)

    assert error.value.got == "messages that are not done: 1"


def test_run_py_that_cannot_be_imported_points_at_its_line(tmp_path: Path):
    (tmp_path / "klio-job.yaml").write_text(JOB)
    (tmp_path / "run.py").write_text("\nimport nowhere_at_all\n")

    with local_cloud(tmp_path) as cloud, pytest.raises(JobCodeError) as error:
        cloud.job()

    assert str(error.value.where).splitlines()[0] == f"{tmp_path}/run.py:2"


def test_a_directory_without_a_job_is_said_to_be_one(tmp_path: Path):
    with local_cloud(tmp_path) as cloud, pytest.raises(UsageError, match=r"there is no klio-job\.yaml"):
        cloud.job()


def test_what_is_no_fault_is_refused():
    with pytest.raises(UsageError, match="no such fault"), local_cloud(faults=["sad@objects.upload"]):
        pass
