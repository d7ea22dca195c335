from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest


def klio_job_test(job: Path, *pytest_args: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "klio_cli.app", "job", "test", "-j", str(job), "--", *pytest_args]
    return subprocess.run(command, capture_output=True, text=True)


def test_a_new_job_passes_its_own_test(klio, tmp_path: Path):
    klio("job", "create", "hello", "--output", tmp_path / "job")

    done = klio_job_test(tmp_path / "job", "-q")

    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 passed" in done.stdout


@pytest.mark.slow
def test_the_exit_status_is_that_of_pytest(klio, tmp_path: Path):
    klio("job", "create", "hello", "--output", tmp_path / "job")
    (tmp_path / "job" / "test_transforms.py").write_text("def test_fails():\n    assert 1 == 2\n")

    failing = klio_job_test(tmp_path / "job", "-q")

    assert failing.returncode == 1
    assert "assert 1 == 2" in failing.stdout


def test_without_a_job_there_is_nothing_to_test(klio, tmp_path: Path):
    screen = klio("job", "test", "-j", tmp_path)

    assert screen.status == 2
    assert screen.err.splitlines()[0] == "Error: there is no klio-job.yaml"
