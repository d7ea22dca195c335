from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

NO_ENGINE = "tcp://127.0.0.1:1"
EXCLUSIVE = (
    "Error: --local and --direct-runner exclude each other\n"
    "  expected: --local for the local cloud, --direct-runner for the services that the job file names\n"
)


def test_local_and_the_services_of_the_job_file_exclude_each_other(klio, tmp_path: Path):
    screen = klio("job", "run", "--local", "--direct-runner", "-j", tmp_path)

    assert (screen.status, screen.out, screen.err) == (2, "", EXCLUSIVE)


def test_without_an_engine_a_job_says_what_needs_none(klio, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("DOCKER_HOST", NO_ENGINE)
    klio("job", "create", "hello", "--job-type", "batch", "--output", tmp_path / "job")

    screen = klio("job", "run", "--direct-runner", "-j", tmp_path / "job")

    assert (screen.status, screen.out) == (5, "")
    assert screen.err == (
        "Error: no container engine answers\n"
        f"  at: {NO_ENGINE} (DOCKER_HOST)\n"
        "  got: Connection refused\n"
        "  to do: start Docker, or name another engine in DOCKER_HOST or by `docker context use`; "
        "`klio job run --local` needs none\n"
    )


def test_a_dry_run_shows_all_that_a_container_is_given(klio, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("DOCKER_HOST", NO_ENGINE)
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "key.json"))
    (tmp_path / "key.json").write_text("{}")
    job = tmp_path / "job"
    klio("job", "create", "hello", "--job-type", "batch", "--output", job)

    screen = klio("job", "run", "-j", job, "--dry-run", "--image-tag", "mine", "-O", "job_config.n=1")

    assert (screen.status, screen.err) == (0, "")
    assert screen.out == (
        "hello would run so (whether the image is there is not known: no container engine answers):\n"
        "  image     klio-hello:mine\n"
        "  command   klioexec run --job-dir=/usr/src/app --config-file=/run/klio/klio-job.yaml --direct-runner\n"
        f"  mount     {job} → {job}\n"
        f"  mount     {tmp_path}/key.json → /run/klio/credentials.json, read-only\n"
        "  variable  HOME=/tmp\n"
        "  variable  USER=klio\n"
        "  variable  PYTHONUNBUFFERED=1\n"
        "  variable  GOOGLE_CLOUD_PROJECT=klio-local\n"
        "  variable  GOOGLE_APPLICATION_CREDENTIALS=/run/klio/credentials.json\n"
        f"  user      {os.getuid()}:{os.getgid()}\n"
        "  network   the engine's\n"
    )
    assert not (job / "output").exists()


def handed_on(klio, tmp_path: Path, **options: str):
    """What `klio job run` says of a new job with these options of Beam's."""
    klio("job", "create", "hello", "--output", tmp_path / "job")
    given = (f"-Opipeline_options.{name}={value}" for name, value in options.items())
    return klio("job", "run", "-j", tmp_path / "job", "--dry-run", *given)


def test_a_runner_that_would_start_its_own_job_service_needs_what_no_image_has(klio, tmp_path: Path):
    screen = handed_on(klio, tmp_path, runner="FlinkRunner")

    assert (screen.status, screen.out) == (2, "")
    assert screen.err == (
        "Error: FlinkRunner starts a job service of its own, for which an image has no Java\n"
        "  expected: pipeline_options.job_endpoint: the HOST:PORT of a job service\n"
        "  got: runner: FlinkRunner\n"
        "  to do: name one; --no-container starts it from this machine, --direct-runner runs without that runner\n"
    )


def test_a_job_service_in_a_container_cannot_start_containers(klio, tmp_path: Path):
    screen = handed_on(klio, tmp_path, runner="PortableRunner", job_endpoint="embed")

    assert (screen.status, screen.out) == (2, "")
    assert screen.err == (
        "Error: a job service inside the job's container has no engine to start workers with\n"
        "  expected: pipeline_options.environment_type: LOOPBACK, or a job_endpoint that is HOST:PORT\n"
        "  got: job_endpoint: embed, environment_type: DOCKER\n"
        "  to do: --no-container starts both on this machine\n"
    )


def test_what_containers_elsewhere_would_not_see_or_leave_is_refused_before_an_image_is_built(klio, tmp_path: Path):
    screen = handed_on(klio, tmp_path, runner="PortableRunner", job_endpoint="there:8099")

    assert (screen.status, screen.out) == (2, "")
    assert screen.err == (
        f"Error: {tmp_path}/job/klio-job.yaml cannot be used: 1 problem\n"
        f"{tmp_path}/job/klio-job.yaml: job_config.events.dead_letters: no place that workers see: dead-letters\n"
        "  to do: name a topic, or a place in a bucket: gs://…\n"
    )


def test_a_job_is_handed_to_a_job_service_of_this_machine_from_a_container_that_reaches_it(klio, tmp_path: Path):
    screen = handed_on(klio, tmp_path, runner="FlinkRunner", job_endpoint="localhost:8099", environment_type="LOOPBACK")

    assert screen.status == 0
    assert "  command   klioexec run --job-dir=/usr/src/app --config-file=/run/klio/klio-job.yaml\n" in screen.out
    assert "  network   that of this machine\n" in screen.out


def test_a_job_for_kubernetes_is_not_run_here_by_mistake(klio, tmp_path: Path):
    screen = handed_on(klio, tmp_path, runner="DirectGKERunner")

    assert (screen.status, screen.out) == (2, "")
    assert screen.err == (
        "Error: a job on Kubernetes is one Deployment\n"
        f"  at: {tmp_path}/job/kubernetes\n"
        "  got: none\n"
        "  to do: `klio job create NAME --runner DirectGKERunner` writes a job with one\n"
    )


def test_a_dry_run_without_a_container_shows_what_klioexec_is_asked(klio, tmp_path: Path):
    job = tmp_path / "job"
    klio("job", "create", "hello", "--output", job)

    screen = klio("job", "run", "--local", "-j", job, "--dry-run", "--workers", 2)

    assert (screen.status, screen.out, screen.err) == (0, f"klioexec run --job-dir={job} --local --workers=2\n", "")


def test_less_than_no_failures_cannot_be_allowed(klio, tmp_path: Path):
    screen = klio("job", "run", "--local", "-j", tmp_path, "--max-failures", "-1")

    assert (screen.status, screen.out) == (2, "")
    assert screen.err == "Error: --max-failures: less than none is not possible\n  got: -1\n"


def test_a_directory_without_a_job_says_how_to_make_one(klio, tmp_path: Path):
    screen = klio("job", "run", "--local", "-j", tmp_path)

    assert (screen.status, screen.out) == (2, "")
    assert screen.err == (
        "Error: there is no klio-job.yaml\n"
        f"  at: {tmp_path}\n"
        "  to do: cd into a job's directory, say where it is with -j, or make a job with `klio job create NAME`\n"
    )


def command(*argv: object) -> list[str]:
    return [sys.executable, "-m", "klio_cli.app", *map(str, argv)]


@pytest.mark.slow
def test_a_new_batch_job_runs_to_its_end(klio, tmp_path: Path):
    job = tmp_path / "job"
    klio("job", "create", "hello", "--job-type", "batch", "--output", job)

    done = subprocess.run(
        command("job", "run", "--direct-runner", "--no-container", "-j", job), capture_output=True, text=True
    )

    assert done.returncode == 0, done.stderr
    assert {p.name: p.read_text() for p in (job / "output").iterdir()} == {
        "one.txt": "Hello, one!\n",
        "two.txt": "Hello, two!\n",
        "three.txt": "Hello, three!\n",
    }


def test_the_exit_status_and_the_words_of_the_run_are_ours(klio, tmp_path: Path):
    job = tmp_path / "job"
    klio("job", "create", "hello", "--job-type", "batch", "--output", job)
    (job / "run.py").write_text("def run(in_pcol, config):\n    raise ValueError('no')\n")

    done = subprocess.run(
        command("job", "run", "--direct-runner", "--no-container", "-j", job), capture_output=True, text=True
    )

    assert (done.returncode, done.stdout) == (4, "")
    assert done.stderr.startswith("Error: run() raised\n")
    assert done.stderr.count("Traceback") == 0


@pytest.mark.slow
def test_a_new_streaming_job_does_its_work_and_ends_with_sigterm(klio, tmp_path: Path):
    job = tmp_path / "job"
    klio("job", "create", "hello", "--output", job)
    up = subprocess.run(command("local", "up", "--project", tmp_path), capture_output=True, text=True)
    assert up.returncode == 0, up.stderr
    run = command("job", "run", "--local", "-j", job)
    running = subprocess.Popen(run, stderr=subprocess.PIPE, text=True, start_new_session=True)
    try:
        publish = command("message", "publish", "--local", "--follow", "-j", job, "a", "b")
        published = subprocess.run(publish, capture_output=True, text=True, timeout=60)
        running.send_signal(signal.SIGTERM)
        _, summary = running.communicate(timeout=30)
        listed = klio("local", "ls", "--project", tmp_path, "gs://klio-local-output/")
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(running.pid, signal.SIGKILL)
        subprocess.run(command("local", "down", "--project", tmp_path), check=True, capture_output=True)

    assert published.returncode == 0, published.stderr
    assert {line.split("  ")[0] for line in published.stdout.splitlines() if "committed" in line} == {"a", "b"}
    assert running.returncode == 0, summary
    assert [line.split()[1] for line in listed.out.splitlines()] == [
        "gs://klio-local-output/hello/a.txt",
        "gs://klio-local-output/hello/b.txt",
    ]


HAND = """
import sys
from klio_cli import here
sys.executable = sys.argv[1]
sys.exit(here.klioexec(["run"]))
"""
CHILD = f"""\
#!{sys.executable}
import signal, sys, time

def stop(number, _frame):
    print("child got", number, flush=True)
    sys.exit(42)

signal.signal(signal.SIGINT, stop)
signal.signal(signal.SIGTERM, stop)
print("ready", flush=True)
time.sleep(30)
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_reaches_the_child_and_its_exit_status_is_ours(tmp_path: Path, number: signal.Signals):
    child = tmp_path / "python"
    child.write_text(CHILD)
    child.chmod(0o755)
    hand = subprocess.Popen(
        [sys.executable, "-c", HAND, child],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    assert hand.stdout is not None
    assert hand.stdout.readline() == "ready\n"

    os.kill(hand.pid, number)
    out, err = hand.communicate(timeout=10)

    assert (hand.returncode, out, err) == (42, f"child got {int(number)}\n", "")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_child_that_a_signal_killed_is_128_and_its_number(tmp_path: Path, number: signal.Signals):
    child = tmp_path / "python"
    child.write_text(f"#!/bin/sh\nkill -{int(number)} $$\n")
    child.chmod(0o755)

    done = subprocess.run([sys.executable, "-c", HAND, child], capture_output=True, text=True)

    assert (done.returncode, done.stdout, done.stderr) == (128 + number, "", "")


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (("--sample", 0), "--max-messages, --sample: one at least\n  got: 0\n"),
        (("--max-messages", -1), "--max-messages, --sample: one at least\n  got: -1\n"),
        (
            ("--max-messages", 1, "--sample", 1),
            "--max-messages and --sample exclude each other\n  to do: --sample N ends after N, too\n",
        ),
        (
            ("--sample", 1, "--workers", 2),
            "--workers: each would take that many messages\n  to do: leave it out, or the limit\n",
        ),
    ],
)
def test_a_limit_that_makes_no_sense_is_refused(klio, tmp_path: Path, flags: tuple[object, ...], said: str):
    screen = klio("job", "run", "--local", "-j", tmp_path, *flags)

    assert (screen.status, screen.out, screen.err) == (2, "", f"Error: {said}")


def test_a_limit_is_nothing_for_workers_elsewhere(klio, tmp_path: Path):
    klio("job", "create", "hello", "--output", tmp_path / "job")

    there = "-Opipeline_options.runner=DataflowRunner"
    screen = klio("job", "run", "--sample", 2, "-j", tmp_path / "job", there)

    assert (screen.status, screen.out) == (2, "")
    assert screen.err.startswith("Error: --sample: only a run on this machine knows that\n")
