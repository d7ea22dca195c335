"""Whether a front lives and can answer; how it waits for what is away, and how it ends."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import httpx
import pytest
from click.testing import CliRunner

from klio.events import pubsub
from klio.testing import local_cloud
from klio_core.config import load
from klio_core.errors import EventError
from klio_exec.resources import make_missing
from tests.separator.web.kit import JOBS, PATIENCE_S, Jobs, Served, eventually, served
from web.__main__ import main
from web.front import Front
from web.serve import Server
from web.settings import Settings


def test_a_front_that_is_up_is_alive_and_ready(web: Served):
    assert web.client.get("/healthz").json() == {"status": "alive", "songs": 0}
    web.front.asking.look_at(web.jobs.upload())
    assert web.client.get("/readyz").json() == {"status": "ready", "songs": 1}


@contextmanager
def not_ready() -> Iterator[httpx.Client]:
    """A front that waits for what it needs."""
    server = Server(Front(Settings.model_validate({"port": 0})))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        eventually(lambda: server.started)
        with httpx.Client(base_url=server.url, timeout=PATIENCE_S) as client:
            yield client
    finally:
        server.should_exit = True
        thread.join(PATIENCE_S)


def test_a_front_without_jobs_lives_says_what_is_missing_and_is_ready_when_it_is_there():
    with local_cloud(), not_ready() as client:
        assert client.get("/healthz").status_code == 200
        eventually(lambda: "topic" in client.get("/readyz").json().get("detail", ""))
        answer = client.get("/readyz")
        assert (answer.status_code, answer.json()["type"]) == (503, "urn:klio:separator:not-ready")
        assert answer.headers["Retry-After"] == "1"
        assert "klio job run --local" in answer.json()["todo"]
        for job in ("separate", "mix", "callback"):
            assert client.get("/readyz").status_code == 503
            make_missing(load(JOBS / job / "klio-job.yaml"))
        eventually(lambda: client.get("/readyz").status_code == 200)


def test_the_subscription_of_a_front_ends_with_it(jobs: Jobs):
    with served(jobs) as web:
        path = web.front.listener.path
        pubsub.check_subscription(path)
    with pytest.raises(EventError, match="cannot be read"):
        pubsub.check_subscription(path)


def test_a_front_whose_subscription_was_removed_makes_another_and_finds_out_what_it_missed(web: Served):
    pubsub.remove_subscription(web.front.listener.path)
    song = web.jobs.upload()

    web.until(song, state="queued")
    assert web.client.get("/readyz").status_code == 200


@dataclass
class Process:
    """`python -m web`, as people start it."""

    process: subprocess.Popen[str]
    lines: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line)
            if found := re.search(r"http://127\.0\.0\.1:\d+", line):
                return found[0]
        raise AssertionError("".join(self.lines))


@contextmanager
def started(*options: str, **environment: str) -> Iterator[Process]:
    command = [sys.executable, "-m", "web", *options]
    with subprocess.Popen(
        command,
        cwd=JOBS,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        try:
            yield Process(process)
        finally:
            process.kill()


@pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, 0), (signal.SIGINT, 130)])
def test_a_front_that_is_told_to_end_lets_open_pages_go_and_ends(jobs: Jobs, number: signal.Signals, status: int):
    with started("--port", "0") as front:
        url = front.url
        with httpx.Client(base_url=url, timeout=PATIENCE_S) as client:
            eventually(lambda: client.get("/readyz").status_code == 200)
            with client.stream("GET", "/v1/events") as events:
                front.process.send_signal(number)
                assert all(line.startswith("id: ") for line in events.iter_lines() if line)
        assert front.process.wait(PATIENCE_S) == status


def test_a_front_is_started_with_settings_from_everywhere(jobs: Jobs):
    with started("--port", "0", "-O", "max_upload_mb=7", SEPARATOR_MAX_UPLOAD_MB="8", SEPARATOR_PORT="1") as front:
        assert httpx.get(f"{front.url}/healthz").status_code == 200


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("-O", "max_upload=7"), "max_upload_mb"),
        (("--port", "99999"), "port"),
        (("-O", "jobs=/nowhere"), "/nowhere/separate/klio-job.yaml"),
        (("--config", "/nowhere.yaml"), "/nowhere.yaml"),
    ],
)
def test_what_cannot_be_used_is_said_before_anything_begins(options: tuple[str, ...], says: str):
    said = CliRunner().invoke(main, options)

    assert said.exit_code == 2
    assert says in said.output


def test_a_port_that_is_taken_is_said(web: Served):
    with started("--port", web.url.rpartition(":")[2]) as front:
        output, _ = front.process.communicate(timeout=PATIENCE_S)

    assert front.process.returncode == 1
    assert "address already in use" in output
