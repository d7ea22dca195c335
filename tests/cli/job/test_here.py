"""The hand and the runs on this machine: list, logs and stop of real runs."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from klio_core import runs
from tests.cli.conftest import Klio
from tests.flow.kit import eventually

KLIO = [sys.executable, "-m", "klio_cli.app"]


@contextmanager
def running(job: Path, *options: str) -> Iterator[subprocess.Popen[str]]:
    """`klio job run --local` as a process, from the moment on when it reads."""
    command = [*KLIO, "job", "run", "--local", "-j", str(job), *options]
    with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        try:
            assert "Ctrl-C stops it" in process.stderr.readline()
            yield process
        finally:
            process.kill()


def runs_of(job: Path) -> list[runs.Run]:
    return runs.of_project(job.parent)


@pytest.mark.slow
def test_a_run_is_listed_its_log_followed_and_stopped(klio: Klio, job: Path):
    with running(job) as process:
        (run,) = runs_of(job)
        listed = klio("job", "list", "-j", job).out.splitlines()
        with subprocess.Popen([*KLIO, "job", "logs", "-f", "-j", str(job)], stdout=subprocess.PIPE, text=True) as logs:
            assert logs.stdout is not None
            assert "runs, and reads" in logs.stdout.readline()  # it follows
            stopped = klio("job", "stop", "--drain", "-j", job)
            followed = logs.stdout.read().splitlines()
        process.wait()

    assert re.fullmatch(r"name +state +since +kind +job", listed[0])
    assert listed[1].split()[:2] == [run.job, "RUNNING"]
    assert listed[1].split()[-2:] == ["local", run.id]
    assert (stopped.status, stopped.out, stopped.err) == (
        0, f"{run.job}: DONE\n", f"{run.job} ({run.id}) drains\n",
    )  # fmt: skip
    assert re.fullmatch(
        r"[-0-9]+ [:0-9]+  WARNING  klio.run\[\d+\]  stopping: what has been begun is finished.*", followed[0]
    )
    assert re.fullmatch(r"[-0-9]+ [:0-9]+  INFO     klio\[\d+\]  .+: [0-9.]+ s", followed[1])  # the summary
    assert logs.returncode == 0
    assert klio("job", "list", "-j", job).err == f"no job runs on this machine in {job.parent}\n"
    assert klio("job", "list", "--all", "-j", job).out.splitlines()[1].split()[:2] == [run.job, "DONE"]


@pytest.mark.slow
def test_without_drain_what_is_in_work_is_given_back_at_once(klio: Klio, job: Path):
    transforms = (job / "transforms.py").read_text()
    (job / "transforms.py").write_text(
        transforms.replace("        yield", "        __import__('time').sleep(600)\n        yield")
    )
    with running(job) as process:
        published = klio("message", "publish", "--local", "-j", job, "hello")
        assert published.status == 0, published.err
        eventually(lambda: klio("job", "status", "hello", "-j", job).out.find("working") > 0)
        stopped = klio("job", "stop", "-j", job)

        assert process.wait() == 130
    (run,) = runs_of(job)
    assert (stopped.status, stopped.out) == (0, f"{run.job}: CANCELLED\n")


@pytest.mark.slow
def test_the_log_of_all_workers_is_one(klio: Klio, job: Path):
    with running(job, "--workers", "2") as process:
        eventually(lambda: klio("job", "logs", "-j", job).out.count("Ctrl-C stops it") == 3)
        klio("job", "stop", "--drain", "-j", job)
        process.wait()

    (run,) = runs_of(job)
    assert len(list(run.directory.glob("log-*.jsonl"))) == 3  # the supervisor, and two workers


@pytest.mark.slow
def test_a_run_that_fails_to_start_says_so_in_its_log(klio: Klio, job: Path):
    (job / "run.py").write_text("import nothing_of_the_kind\n")
    subprocess.run([*KLIO, "job", "run", "--local", "-j", str(job)], check=False, capture_output=True)

    (run,) = runs_of(job)
    screen = klio("job", "logs", "-j", job, "--severity", "ERROR")
    assert run.state.startswith("FAILED ")
    assert "nothing_of_the_kind" in screen.out


def test_nothing_runs_here_until_something_does(klio: Klio, job: Path):
    name = klio("job", "config", "get", "job_name", "-j", job).out.strip()

    assert klio("job", "list", "-j", job).err == f"no job runs on this machine in {job.parent}\n"
    assert klio("job", "stop", "-j", job).err == f"no job {name} runs on this machine in {job.parent}\n"
    screen = klio("job", "logs", "-j", job)
    assert (screen.status, screen.err) == (
        2,
        (
            f"Error: no run of {name} is known on this machine\n"
            f"  at: {job.parent}\n"
            "  to do: `klio job run` keeps one, `klio job list --all` lists the runs there are\n"
        ),
    )


def test_a_run_that_nobody_could_end_is_killed_and_needs_no_stop(klio: Klio, job: Path):
    name = klio("job", "config", "get", "job_name", "-j", job).out.strip()
    with runs.recorded(job.parent, name, "local"):
        pass  # its process was killed: it noted no end

    assert klio("job", "list", "--all", "-j", job).out.splitlines()[1].split()[:2] == [name, "KILLED"]
    assert klio("job", "stop", "-j", job).status == 0


def test_a_run_of_a_job_for_dataflow_is_asked_for_with_local(klio: Klio, job: Path):
    name = klio("job", "config", "get", "job_name", "-j", job).out.strip()
    with runs.recorded(job.parent, name, "container") as recorder:
        listed = klio("job", "list", "--local", "-j", job, "-Opipeline_options.runner=DataflowRunner").out

    assert listed.splitlines()[1].split()[-1] == recorder.run.id
