from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

EXCLUSIVE = (
    "Error: --local and --direct-runner exclude each other\n"
    "  expected: --local for the local cloud, --direct-runner for the services that the job file names\n"
)
NOT_YET = (
    "Error: running in a container and on Kubernetes is not built yet\n"
    "  to do: `klio job run --local`, or --no-container: with --direct-runner, or on Dataflow\n"
)


@pytest.mark.parametrize(
    ("flags", "text"),
    [
        (["--local", "--direct-runner"], EXCLUSIVE),
        ([], NOT_YET),
        (["--direct-runner"], NOT_YET),
        (["--image-tag", "x", "--update"], NOT_YET),
    ],
)
def test_what_cannot_run_says_what_can(klio, tmp_path: Path, flags: list[str], text: str):
    screen = klio("job", "run", "-j", tmp_path, *flags)

    assert (screen.status, screen.out, screen.err) == (2, "", text)


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
