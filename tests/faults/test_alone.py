"""No credentials, or nobody who answers: a job says so before it begins, instead of hanging (27)."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.cli.conftest import Klio, klio, pubsub_host
from tests.flow.runs import running

__all__ = ["klio", "pubsub_host"]

pytestmark = pytest.mark.slow


@pytest.fixture
def job(klio: Klio, tmp_path: Path) -> Path:
    assert klio("job", "create", "hello", "--output", tmp_path / "job", "--gcp-project", "studio").status == 0
    return tmp_path / "job"


@pytest.fixture(autouse=True)
def nobody(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A machine on which nobody has logged in, and that is none of Google's."""
    for name in ("PUBSUB_EMULATOR_HOST", "STORAGE_EMULATOR_HOST", "GOOGLE_APPLICATION_CREDENTIALS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path))
    monkeypatch.setenv("GCE_METADATA_HOST", "127.0.0.1:1")
    assert "GOOGLE_CLOUD_PROJECT" not in os.environ


def test_a_job_without_credentials_says_so(job: Path) -> None:
    with running(job, "--direct-runner") as process:
        assert process.wait() == 6
        said = process.log

    assert "Error: no credentials for Google Cloud\n" in said
    assert "to do: `gcloud auth application-default login`, or --local for the cloud on this machine\n" in said
    assert "Traceback" not in said


def test_a_job_whose_service_does_not_answer_says_so(job: Path) -> None:
    with running(job, "--direct-runner", PUBSUB_EMULATOR_HOST="127.0.0.1:1") as process:
        assert process.wait() == 6
        said = process.log

    assert "Error: the subscription cannot be read\n  at: projects/studio/subscriptions/hello-input\n" in said
    assert "127.0.0.1:1" in said
    assert "to do: nobody answers: look at the network" in said
    assert "Traceback" not in said


def test_what_is_not_there_is_not_called_away(job: Path, pubsub_host: str) -> None:
    with running(job, "--direct-runner", PUBSUB_EMULATOR_HOST=pubsub_host) as process:
        assert process.wait() == 6
        said = process.log

    assert "got: NotFound: Resource not found (resource=hello-input).\n  to do: check the name in klio-job.yaml" in said
