"""What a running job tells of itself: its page for Prometheus, and the datagrams for an agent."""

from __future__ import annotations

import json
import re
import socket
import urllib.request

import pytest

from .conftest import NewJob
from .kit import Job, eventually
from .runs import Running

pytestmark = pytest.mark.slow  # a job in a process of its own


def page_of(process: Running) -> dict[str, float]:
    url = re.search(r"http://localhost:\d+/metrics", process.log)
    assert url is not None
    with urllib.request.urlopen(url[0], timeout=60) as answer:
        lines = answer.read().decode().splitlines()
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines if line[0] != "#")}


def test_while_a_job_runs_its_page_shows_what_became_of_each_message(new_job: NewJob):
    job = new_job(metrics={"prometheus": {"port": 0}})
    job.does_work()
    with job.process() as process:
        job.publish("a", "b")
        job.wait_for("a", "b")
        job.publish("a", "../up")
        eventually(lambda: counted(page_of(process), job))
        shown = page_of(process)
        assert process.stop() == 3

    assert shown[f'klio_messages_decided_total{{job="{job.name}",verdict="process",reason=""}}'] == 2
    assert shown[f'klio_messages_decided_total{{job="{job.name}",verdict="pass on",reason="output exists"}}'] == 1
    assert shown[f'klio_messages_dead_total{{job="{job.name}",reason="bad-element"}}'] == 1
    assert shown[f'klio_work_seconds_count{{job="{job.name}"}}'] == 2
    assert shown[f'klio_kmsg_received_total{{job="{job.name}",transform="Work.process"}}'] == 2


def counted(page: dict[str, float], job: Job) -> bool:
    return page.get(f'klio_messages_read_total{{job="{job.name}"}}') == 4


def test_while_a_job_runs_an_agent_is_told_of_each_update(new_job: NewJob):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as agent:
        agent.bind(("127.0.0.1", 0))
        agent.settimeout(60)
        job = new_job(metrics={"shumway": {"key": "music", "ffwd_addr": f"127.0.0.1:{agent.getsockname()[1]}"}})
        job.does_work()
        job.publish("a")
        with job.process() as process:
            told = json.loads(agent.recv(4096))
            assert process.stop() == 0

    assert (told["key"], told["attributes"]["what"]) == ("music", "kmsg-read")
    assert told["attributes"]["job_name"] == job.name
