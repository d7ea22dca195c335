import urllib.request

import pytest

from klio.metrics.prometheus import Page, page_at, serve
from klio.metrics.registry import MetricsRegistry
from klio.metrics.relays import relays_for
from klio_core.config import parse


@pytest.fixture
def page():
    page = Page()
    server = serve(page, 0)
    yield page, f"http://localhost:{server.server_port}"
    server.shutdown()
    server.server_close()


def client(port):
    (relay,) = relays_for(parse(f"job_name: mixer\njob_config: {{metrics: {{prometheus: {{port: {port}}}}}}}\n"))
    return relay


def test_the_page_is_what_prometheus_reads(page):
    values, url = page
    values.add("counter", "klio_seen_total", 'job="a"', 2)
    values.add("counter", "klio_seen_total", 'job="a"', 3)
    values.add("counter", "klio_seen_total", 'job="b"', 1)
    values.put("gauge", "klio_depth", 'job="a"', 0.5)
    with urllib.request.urlopen(f"{url}/metrics") as answer:
        assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
        assert answer.read().decode().splitlines() == [
            "# TYPE klio_depth gauge",
            'klio_depth{job="a"} 0.5',
            "# TYPE klio_seen_total counter",
            'klio_seen_total{job="a"} 5',
            'klio_seen_total{job="b"} 1',
        ]


def test_there_is_nothing_else(page):
    with pytest.raises(urllib.error.HTTPError, match="404"):
        urllib.request.urlopen(f"{page[1]}/secrets")


def test_metrics_become_values_of_the_page():
    relay = client(0)
    metrics = MetricsRegistry("mixer", [relay])
    metrics.counter("kmsg-received", transform="Mix.process").inc(2)
    metrics.gauge("depth").set(3)
    metrics.timer("kmsg-timer", timer_unit="ms").update(1_500_000_000)
    lines = page_at(0).text().splitlines()
    assert 'klio_kmsg_received_total{job="mixer",transform="Mix.process"} 2' in lines
    assert 'klio_depth{job="mixer",transform=""} 3' in lines
    assert 'klio_kmsg_timer_seconds_sum{job="mixer",transform=""} 1.5' in lines
    assert 'klio_kmsg_timer_seconds_count{job="mixer",transform=""} 1' in lines


def test_a_port_that_is_taken_is_said_and_the_work_goes_on(page, caplog):
    port = int(page[1].rpartition(":")[2])
    MetricsRegistry("mixer", [client(port)]).counter("seen").inc()
    assert f"metrics are not served at port {port}" in caplog.text
