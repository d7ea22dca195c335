"""Jobs in their images on a real engine: what they print, how they end, what they are given and what they leave."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path
from typing import Any

import pytest
from docker import DockerClient

from tests.flow.kit import eventually

from .kit import PATIENCE_S, Hand, NewJob
from .relay import Relay

BATCH = ("--job-type", "batch")
DIRECT = ("job", "run", "--direct-runner")
# Two, three and four bytes each: whatever a chunk's size is, borders fall inside of characters.
WRITTEN = "ä€😀" * 20_000
PRINTS = """
import sys
import transforms
import apache_beam as beam

print("ä€😀" * 20_000)
print("to the other stream", file=sys.stderr)

def run(in_pcol, config):
    return in_pcol | beam.ParDo(transforms.HelloKlio())
"""
FAILS = """
import apache_beam as beam
from klio.transforms import decorators


class HelloKlio(beam.DoFn):
    @decorators.handle_klio
    def process(self, data):
        raise ValueError("no")
"""
# Says which credentials it sees, and then waits to be stopped.
WAITS = """
import os
import time
from pathlib import Path

print(Path(os.environ["GOOGLE_APPLICATION_CREDENTIALS"]).read_text(), flush=True)
time.sleep(600)
"""


def containers_of(engine: DockerClient, job: Path) -> list[dict[str, Any]]:
    """What the engine tells of the containers of a job."""
    listed = engine.containers.list(all=True)
    return [one.attrs for one in listed if one.attrs["Config"]["Image"].startswith(f"klio-{job.name}:")]


def test_a_batch_job_leaves_its_outputs_on_this_machine_and_no_container(
    klio: Hand, new_job: NewJob, engine: DockerClient
):
    job = new_job(*BATCH)

    done = klio(*DIRECT, "-j", job)

    assert done.returncode == 0, done.stderr
    assert {path.name: path.read_text() for path in (job / "output").iterdir()} == {
        "one.txt": "Hello, one!\n",
        "two.txt": "Hello, two!\n",
        "three.txt": "Hello, three!\n",
    }
    assert (job / "output_elements-00000-of-00001").read_text() == "one\ntwo\nthree\n"
    assert {path.stat().st_uid for path in (job / "output").iterdir()} == {os.getuid()}
    assert "  processed          3" in done.stderr
    assert containers_of(engine, job) == []
    assert klio.ok("job", "list", "--all", "-j", job).splitlines()[1].split()[:2] == [job.name, "DONE"]
    assert "  processed          3" in klio.ok("job", "logs", "-j", job)


def test_what_a_job_wrote_does_not_make_another_image_of_it(klio: Hand, new_job: NewJob):
    job = new_job(*BATCH)
    klio.ok(*DIRECT, "-j", job)

    again = klio(*DIRECT, "-j", job)

    assert "Building" not in again.stderr
    assert "passed on          3   output exists 3" in again.stderr


def test_every_byte_comes_out_on_the_stream_that_it_was_written_to(klio: Hand, new_job: NewJob):
    job = new_job(*BATCH, run=PRINTS)
    klio.ok("image", "build", "-j", job)

    done = klio(*DIRECT, "-j", job)

    assert done.returncode == 0, done.stderr
    assert done.stdout == WRITTEN + "\n"
    assert done.stderr.startswith("to the other stream\n")


def test_dead_letters_are_on_this_machine_and_the_status_is_that_of_the_run(klio: Hand, new_job: NewJob):
    job = new_job(*BATCH, transforms=FAILS)

    done = klio(*DIRECT, "-j", job)

    assert done.returncode == 3, done.stderr
    assert len(list((job / "dead-letters").glob("*.json"))) == 3


def test_a_job_that_cannot_be_loaded_says_so_as_it_does_without_a_container(klio: Hand, new_job: NewJob):
    job = new_job(*BATCH, run="def run(in_pcol, config):\n    raise ValueError('no')\n")

    done = klio(*DIRECT, "-j", job)

    assert (done.returncode, done.stdout) == (4, "")
    assert "Error: run() raised\n" in done.stderr


def test_an_image_without_klio_says_how_it_gets_there(klio: Hand, new_job: NewJob, engine: DockerClient):
    job = new_job(*BATCH)
    (job / "Dockerfile").write_text((job / "Dockerfile").read_text() + "RUN rm /usr/local/bin/klioexec\n")

    done = klio(*DIRECT, "-j", job)

    assert done.returncode == 5
    assert f"Error: there is no klioexec in the image\n  at: klio-{job.name}:" in done.stderr
    assert "to do: add klio[exec] to job-requirements.txt" in done.stderr
    assert containers_of(engine, job) == []


def test_a_credentials_file_that_is_not_there_is_no_directory_afterwards(klio: Hand, new_job: NewJob, tmp_path: Path):
    job = new_job(*BATCH)
    missing = tmp_path / "my-key.json"

    done = klio(*DIRECT, "-j", job, GOOGLE_APPLICATION_CREDENTIALS=str(missing))

    assert done.returncode == 2
    assert done.stderr == (
        "Error: there is no credentials file that can be read\n"
        f"  at: GOOGLE_APPLICATION_CREDENTIALS={missing}\n"
        "  to do: name the right file, or unset GOOGLE_APPLICATION_CREDENTIALS and run "
        "`gcloud auth application-default login`\n"
    )
    assert not missing.exists()


def test_credentials_are_in_a_mount_and_nowhere_else(klio: Hand, new_job: NewJob, engine: DockerClient, tmp_path: Path):
    job = new_job(*BATCH, run=WAITS)
    (tmp_path / "key.json").write_text("very-secret")
    klio.ok("image", "build", "-j", job)

    stops_soon = ("-O", "job_config.drain_timeout_s=1")
    key = str(tmp_path / "key.json")
    with klio.started(*DIRECT, "-j", job, *stops_soon, GOOGLE_APPLICATION_CREDENTIALS=key) as running:
        assert running.stdout is not None
        assert running.stdout.readline() == "very-secret\n"  # the job sees them
        (told,) = containers_of(engine, job)
        argv = Path(f"/proc/{running.pid}/cmdline").read_text()
        running.send_signal(signal.SIGTERM)
        running.wait(PATIENCE_S)

    image = engine.api.history(told["Image"])
    assert "very-secret" not in json.dumps(told) + json.dumps(image) + argv
    assert f"{tmp_path}/key.json" in {mount["Source"] for mount in told["Mounts"]}
    assert containers_of(engine, job) == []


def test_a_job_in_a_container_is_stopped_from_another_terminal(klio: Hand, new_job: NewJob, engine: DockerClient):
    job = new_job(*BATCH, run="import time\nprint('loading', flush=True)\ntime.sleep(600)\n")
    klio.ok("image", "build", "-j", job)

    with klio.started(*DIRECT, "-j", job) as running:
        assert running.stdout is not None
        assert running.stdout.readline() == "loading\n"
        listed = klio.ok("job", "list", "-j", job).splitlines()[1].split()
        (container,) = containers_of(engine, job)
        stopped = klio.ok("job", "stop", "-j", job)
        running.communicate(timeout=PATIENCE_S)

    assert (listed[:2], listed[-2]) == ([job.name, "RUNNING"], "container")
    assert container["Name"] == f"/klio-{listed[-1]}"
    assert stopped == f"{job.name}: CANCELLED"
    assert containers_of(engine, job) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_job_that_does_not_end_when_it_is_asked_to_is_given_up_after_its_own_time(
    klio: Hand, new_job: NewJob, engine: DockerClient, number: signal.Signals
):
    job = new_job(*BATCH, run="import time\nprint('loading', flush=True)\ntime.sleep(600)\n")
    klio.ok("image", "build", "-j", job)

    with klio.started(*DIRECT, "-j", job, "-O", "job_config.drain_timeout_s=1") as running:
        assert running.stdout is not None
        assert running.stdout.readline() == "loading\n"
        running.send_signal(number)
        _, said = running.communicate(timeout=PATIENCE_S)

    assert "not done within 1 s: the work is given back" in said
    assert containers_of(engine, job) == []


def test_the_job_of_a_command_that_was_killed_ends_and_the_next_run_removes_what_is_left(
    klio: Hand, new_job: NewJob, engine: DockerClient
):
    job = new_job("--job-type", "batch", run="import time\nprint('loading', flush=True)\ntime.sleep(600)\n")
    klio.ok("image", "build", "-j", job)
    with klio.started(*DIRECT, "-j", job, "-O", "job_config.drain_timeout_s=1") as running:
        assert running.stdout is not None
        assert running.stdout.readline() == "loading\n"
        running.kill()

    eventually(lambda: [one["State"]["Status"] for one in containers_of(engine, job)] == ["exited"])
    other = new_job("--job-type", "batch")
    klio.ok(*DIRECT, "-j", other)
    assert containers_of(engine, job) == []


def test_an_engine_that_goes_away_while_the_job_runs_is_said_to_be_gone(
    klio: Hand, new_job: NewJob, engine: DockerClient, tmp_path: Path
):
    job = new_job(*BATCH, run="import time\nprint('loading', flush=True)\ntime.sleep(600)\n")
    klio.ok("image", "build", "-j", job)

    with (
        Relay(tmp_path / "relay.sock") as relay,
        klio.started(*DIRECT, "-j", job, DOCKER_HOST=f"unix://{relay.path}") as running,
    ):
        assert running.stdout is not None
        assert running.stdout.readline() == "loading\n"
        relay.cut()
        _, said = running.communicate(timeout=PATIENCE_S)
        # It is gone for the command only: what that could no longer remove is ours to remove.
        for left in containers_of(engine, job):
            engine.api.remove_container(left["Id"], force=True)

    assert running.returncode == 5
    assert "Error: the container engine went away\n" in said
    assert "Traceback" not in said


def test_a_dry_run_shows_what_would_be_run_and_makes_nothing(klio: Hand, new_job: NewJob, engine: DockerClient):
    job = new_job(*BATCH)

    done = klio(*DIRECT, "-j", job, "--dry-run")

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[0] == f"{job.name} would run so (the image is built first):"
    assert f"  mount     {job} → {job}\n" in done.stdout
    assert not (job / "output").exists()
    assert engine.images.list(name=f"klio-{job.name}") == []


def test_two_runs_of_one_job_at_once_both_end_well(klio: Hand, new_job: NewJob):
    job = new_job(*BATCH)
    klio.ok("image", "build", "-j", job)

    with klio.started(*DIRECT, "-j", job) as one, klio.started(*DIRECT, "-j", job) as other:
        ended = [one.wait(PATIENCE_S), other.wait(PATIENCE_S)]

    assert ended == [0, 0]
    assert (job / "output" / "one.txt").read_text() == "Hello, one!\n"
