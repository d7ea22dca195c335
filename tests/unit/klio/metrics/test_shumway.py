from __future__ import annotations

import json
import socket
from collections.abc import Iterator

import pytest

from klio.metrics.registry import MetricsRegistry
from klio.metrics.relays import relays_for
from klio.metrics.shumway import ShumwayMetricsClient
from klio_core.config import parse
from klio_core.errors import ConfigError


@pytest.fixture
def agent() -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as agent:
        agent.bind(("127.0.0.1", 0))
        agent.settimeout(30)
        yield agent


def metrics(shumway: str) -> MetricsRegistry:
    return MetricsRegistry(
        "mixer", relays_for(parse(f"job_name: mixer\njob_config: {{metrics: {{shumway: {shumway}}}}}\n"))
    )


def test_each_update_is_a_datagram_to_the_agent(agent: socket.socket) -> None:
    made = metrics(f'{{key: music, timer_unit: ms, ffwd_addr: "127.0.0.1:{agent.getsockname()[1]}"}}')
    made.counter("seen", transform="Mix", tags={"kind": "ogg"}).inc(2)
    made.gauge("depth").set(7)
    made.timer("took", timer_unit="us").update(3_000_000)

    assert [json.loads(agent.recv(4096)) for _ in range(3)] == [
        said("music", 2, what="seen", transform="Mix", kind="ogg", job_name="mixer"),
        said("music", 7, what="depth", transform=None, job_name="mixer"),
        said("music", 3, what="took", transform=None, unit="ms", job_name="mixer"),
    ]


def said(key: str, value: int, **attributes: str | None) -> dict[str, object]:
    return {"key": key, "value": value, "attributes": attributes, "type": "metric", "tags": [], "resources": {}}


def test_true_alone_means_the_agent_of_this_machine_and_the_jobs_name_as_key() -> None:
    (relay,) = relays_for(parse("job_name: mixer\njob_config: {metrics: {shumway: true}}\n"))

    assert isinstance(relay, ShumwayMetricsClient)
    assert json.loads(relay.unmarshal(relay.counter("seen", 1)))["key"] == "mixer"


def test_nobody_is_told_where_the_job_file_says_nothing_or_false() -> None:
    for text in ("{}", "{shumway: false}"):
        assert relays_for(parse(f"job_name: mixer\njob_config: {{metrics: {text}}}\n")) == []


def test_an_agent_that_is_not_there_changes_nothing() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as gone:
        gone.bind(("127.0.0.1", 0))
        port = gone.getsockname()[1]

    counter = metrics(f'{{ffwd_addr: "127.0.0.1:{port}"}}').counter("seen")
    for _ in range(3):
        counter.inc()


@pytest.mark.parametrize("address", ["agent:", "agent:port", ":19000", "a:1:2", "agent:70000"])
def test_what_is_no_address_is_refused_with_the_job_file(address: str) -> None:
    with pytest.raises(ConfigError, match="expected: HOST, or HOST:PORT"):
        metrics(f'{{ffwd_addr: "{address}"}}')
