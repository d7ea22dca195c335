"""The hand and a job on Dataflow: list, status, logs and stop, against a server that speaks the service's API."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from klio_core.logging_api import ELSEWHERE
from tests.cli.conftest import Klio
from tests.dataflow.server import Service, dataflow_server
from tests.flow.bigquery_server import key_file

JOB = """
job_name: mixer
pipeline_options:
  runner: DataflowRunner
  project: proj
  dataflow_endpoint: {address}
job_config: {{}}
"""


@pytest.fixture
def service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    """A Dataflow, a job file that names it, and credentials for it."""
    with dataflow_server() as (service, address):
        monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(key_file(tmp_path, address)))
        monkeypatch.setenv(ELSEWHERE, address)
        (tmp_path / "klio-job.yaml").write_text(JOB.format(address=address))
        monkeypatch.chdir(tmp_path)
        yield service


def here(time: str) -> str:
    return f"{datetime.fromisoformat(time).astimezone():%Y-%m-%d %H:%M:%S}"


SINCE = here("2026-11-21T01:00:01.500Z")
PAGE = "https://console.cloud.google.com/dataflow/jobs/europe-west1"


def test_the_jobs_that_run_are_listed_the_newest_first(klio: Klio, service: Service):
    for name, state in (("old", "DONE"), ("a", "RUNNING"), ("b", "PENDING"), ("mixer", "RUNNING")):
        service.add(name, state=state)
    service.add("elsewhere", region="us-east1")

    screen = klio("job", "list")

    assert (screen.status, screen.err) == (0, "")
    assert screen.out == (
        f"name   state    since                kind       job\n"
        f"mixer  RUNNING  {SINCE}  streaming  2026-11-21_4\n"
        f"b      PENDING  {SINCE}  streaming  2026-11-21_3\n"
        f"a      RUNNING  {SINCE}  streaming  2026-11-21_2\n"
    )
    everything = klio("job", "list", "--all", "--format", "json").out.splitlines()
    assert [json.loads(line)["name"] for line in everything] == ["mixer", "b", "a", "old"]


def test_where_none_runs_the_list_says_so(klio: Klio, service: Service):
    screen = klio("job", "list")

    assert (screen.status, screen.out, screen.err) == (0, "", "no job runs on Dataflow in proj, europe-west1\n")


def test_a_job_is_cancelled_and_waited_for(klio: Klio, service: Service):
    job = service.add("mixer", state="RUNNING")
    other = service.add("other", state="RUNNING")

    screen = klio("job", "stop")

    assert (screen.status, screen.out) == (0, "mixer: CANCELLED\n")
    assert screen.err == f"mixer ({job.id}) is cancelled\n"
    assert (job.asked, other.asked) == (["CANCELLED"], [])


def test_a_job_is_drained(klio: Klio, service: Service):
    job = service.add("mixer", state="RUNNING")

    screen = klio("job", "stop", "--drain")

    assert (screen.status, screen.out) == (0, "mixer: DRAINED\n")
    assert job.asked == ["DRAINED"]


def test_to_stop_what_does_not_run_is_done_at_once(klio: Klio, service: Service):
    job = service.add("mixer", state="DONE")

    screen = klio("job", "stop")

    assert (screen.status, screen.err) == (0, "no job mixer runs on Dataflow in proj, europe-west1\n")
    assert job.asked == []


def test_another_job_is_named_by_hand(klio: Klio, service: Service):
    job = service.add("other", "elsewhere", "us-east1", state="RUNNING")

    screen = klio(
        "job", "stop", "--job-name", "other", "--gcp-project", "elsewhere", "-Opipeline_options.region=us-east1"
    )

    assert (screen.status, screen.out) == (0, "other: CANCELLED\n")
    assert job.asked == ["CANCELLED"]


def counted(name: str, number: int, step: str = "s1", **context: str) -> dict[str, object]:
    return {"name": {"origin": "user", "name": name, "context": {"namespace": "klio", "step": step, **context}}} | {
        "scalar": number
    }


def test_the_status_is_that_of_the_service_with_what_klio_counted(klio: Klio, service: Service):
    job = service.add("mixer", state="RUNNING")
    job.metrics = [
        counted("read", 7),
        counted("read", 5, "s2"),
        counted("read", 99, tentative="true"),
        counted("verdict/process/input found", 6),
        counted("dead-letter/exception", 2),
        counted("dead-letter/timeout", 1),
    ]

    screen = klio("job", "status")

    assert (screen.status, screen.err) == (0, "")
    assert screen.out == (
        f"mixer  RUNNING since {SINCE}\n"
        f"  job           {job.id}\n"
        f"  page          {PAGE}/{job.id}?project=proj\n"
        "  read          12\n"
        "  to process    6\n"
        "  dead letters  3\n"
    )


def test_the_status_of_a_job_that_never_was_is_an_error(klio: Klio, service: Service):
    screen = klio("job", "status", "--remote")

    assert (screen.status, screen.err) == (
        2,
        (
            "Error: there is no job mixer on Dataflow\n"
            "  at: proj, europe-west1\n"
            "  to do: `klio job list --all` lists the jobs there are\n"
        ),
    )


def test_what_the_service_and_the_workers_say_comes_in_one_order_without_secrets(klio: Klio, service: Service):
    job = service.add("mixer", state="DONE")
    job.messages = [("BASIC", "Workers have started."), ("DEBUG", "so much detail"), ("ERROR", "Out of quota.")]
    service.log(job, "INFO", "hello")
    service.log(job, "DEBUG", "small talk")
    service.log(job, "ERROR", "refused: Authorization: Bearer abcdefghijklmnopqrstuvwxyz")
    service.log(service.add("other"), "ERROR", "of another job")

    screen = klio("job", "logs", "--follow")

    assert (screen.status, screen.err) == (0, "")
    assert [line.split("  ", 1)[1] for line in screen.out.splitlines()] == [
        "INFO     worker-1  hello",
        "INFO     dataflow  Workers have started.",
        "ERROR    worker-1  refused: Authorization: Bearer <redacted>",
        "ERROR    dataflow  Out of quota.",
    ]
    worse = klio("job", "logs", "--severity", "ERROR").out
    assert [line.split()[-1] for line in worse.splitlines()] == ["<redacted>", "quota."]


@pytest.mark.slow
def test_a_log_is_followed_until_the_job_has_ended(klio: Klio, service: Service):
    job = service.add("mixer", state="RUNNING", becomes=["RUNNING", "DONE"])
    job.messages = [("BASIC", "one"), ("BASIC", "two")]

    screen = klio("job", "logs", "-f")

    assert [line.split()[-1] for line in screen.out.splitlines()] == ["one", "two"]
    assert job.becomes == []


@pytest.mark.parametrize("command", [["list"], ["stop"], ["logs"], ["status", "--remote"]])
def test_a_service_that_says_no_is_an_error_with_its_words(klio: Klio, service: Service, command: list[str]):
    service.refuses = (403, "Dataflow API has not been used in project proj before or it is disabled.")

    screen = klio("job", *command)

    assert (screen.status, screen.out) == (6, "")
    assert screen.err.startswith("Error: Dataflow refused\n")
    assert "got: 403 Dataflow API has not been used in project proj before or it is disabled.\n" in screen.err


def test_a_job_of_this_machine_is_not_looked_for_on_dataflow(klio: Klio, service: Service, tmp_path: Path):
    job = service.add("mixer", state="RUNNING")

    for chosen in ("-Opipeline_options.runner=DirectRunner", "--local"):
        screen = klio("job", "stop", chosen)

        assert (screen.status, screen.err) == (0, f"no job mixer runs on this machine in {tmp_path}\n")
    assert job.asked == []


def test_a_job_that_runs_is_not_deleted(klio: Klio, service: Service):
    job = service.add("mixer", state="RUNNING")

    screen = klio("job", "delete", "--yes")

    assert (screen.status, screen.out) == (2, "")
    assert screen.err == (
        "Error: mixer runs on Dataflow\n"
        f"  at: {PAGE}/{job.id}?project=proj\n"
        "  to do: `klio job stop --drain`, and delete it then\n"
    )


def test_verification_says_how_it_stands_on_dataflow(klio: Klio, service: Service):
    service.add("mixer", state="RUNNING")
    assert "✓ Dataflow in proj, europe-west1: mixer is RUNNING\n" in klio("job", "verify").out

    service.refuses = (403, "Dataflow API has not been used in project proj before.")
    screen = klio("job", "verify")

    assert screen.status == 6
    assert "✗ Dataflow refused: " in screen.out
    assert "403 Dataflow API has not been used in project proj before." in screen.out
