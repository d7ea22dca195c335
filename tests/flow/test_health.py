"""What a probe hears of a real run."""

from __future__ import annotations

import re
import urllib.error
import urllib.request

import pytest

from .conftest import NewJob
from .kit import eventually
from .runs import Running

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]  # whole processes


def asked(process: Running, path: str) -> int:
    port = eventually(lambda: re.search(r"http://localhost:(\d+)/healthz", process.log))[1]
    try:
        with urllib.request.urlopen(f"http://localhost:{port}/{path}", timeout=10) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


@pytest.mark.parametrize("flags", [(), ("--workers", 2)], ids=["one process", "two workers"])
def test_a_run_is_ready_when_it_reads_and_healthy_through_a_long_element_and_a_drain(new_job: NewJob, flags: tuple):
    job = new_job(health_port=0, lease_s=2)
    job.does_work()
    with job.process(*flags) as process:
        eventually(lambda: asked(process, "readyz") == 200)
        job.publish("hold")
        eventually(lambda: "hold" in job.begun)
        assert (asked(process, "healthz"), asked(process, "readyz")) == (200, 200)

        process.popen.terminate()
        eventually(lambda: asked(process, "readyz") == 503)
        assert asked(process, "healthz") == 200
        job.release()
        assert process.wait() == 0
