"""Waiting for a job on Dataflow, against a server that speaks the service's API."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from klio_core.errors import CloudError
from klio_core.on_dataflow.api import Dataflow
from klio_exec.dataflow.wait import Watch
from tests.dataflow.server import Submitted, dataflow_server
from tests.flow.bigquery_server import key_file


@dataclass(frozen=True)
class Seen:
    watch: Watch
    job: Submitted


@pytest.fixture
def seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Seen]:
    with dataflow_server() as (service, address):
        monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(key_file(tmp_path, address)))
        job = service.add("mixer")
        dataflow = Dataflow("proj", "europe-west1", address)
        yield Seen(Watch(dataflow, dataflow.job(job.id)), job)


def test_a_job_that_runs_is_waited_for_no_longer(seen: Seen):
    seen.job.becomes = ["RUNNING"]

    seen.watch.until_running(60)

    assert seen.watch.job.state == "RUNNING"


def test_a_batch_that_was_done_before_anyone_looked_did_run(seen: Seen):
    seen.job.becomes = ["DONE"]

    seen.watch.until_running(60)

    assert seen.watch.job.state == "DONE"


def test_a_job_that_dies_is_an_error_with_the_services_last_word(seen: Seen):
    seen.job.becomes = ["FAILED"]
    seen.job.messages = [("ERROR", "No quota for machines."), ("BASIC", "Cleaning up.")]

    with pytest.raises(CloudError) as raised:
        seen.watch.until_running(60)

    assert str(raised.value) == (
        "the job ended on Dataflow before it ran\n"
        f"  at: https://console.cloud.google.com/dataflow/jobs/europe-west1/{seen.job.id}?project=proj\n"
        "  got: FAILED: No quota for machines.\n"
        "  to do: `klio job logs` shows what the service and the workers said"
    )


def test_a_job_that_does_not_come_to_run_is_an_error(seen: Seen):
    with pytest.raises(CloudError, match="the job does not run on Dataflow after 0 s"):
        seen.watch.until_running(0)


@pytest.mark.slow
def test_what_the_service_says_is_logged_once_while_a_job_runs(seen: Seen, caplog: pytest.LogCaptureFixture):
    seen.job.becomes = ["RUNNING", "DONE"]
    seen.job.messages = [("BASIC", "one"), ("WARNING", "two"), ("DETAILED", "not this"), ("BASIC", "three")]

    with caplog.at_level(logging.INFO, "klio.run"):
        seen.watch.until_ended()

    assert [(one.levelname, one.getMessage()) for one in caplog.records if one.name == "klio.run"] == [
        ("INFO", "mixer is RUNNING"),
        ("INFO", "one"),
        ("WARNING", "two"),
        ("INFO", "three"),
        ("INFO", "mixer is DONE"),
    ]
