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


def test_values_that_are_no_usual_number_are_written_as_prometheus_reads_them():
    page = Page()
    for name, value in {"a": float("inf"), "b": float("nan"), "c": 123456.789, "d": 2.0, "e": 10**15}.items():
        page.put("gauge", name, "", value)
    assert [line for line in page.text().splitlines() if line[0] != "#"] == [
        "a{} inf",
        "b{} nan",
        "c{} 123456.789",
        "d{} 2",
        "e{} 1000000000000000",
    ]


def test_what_a_source_answers_stands_among_the_values_under_one_heading():
    page = Page()
    page.add("counter", "seen_total", 'job="b"', 1)
    page.show("a", lambda: [("counter", "seen_total", 'job="a"', 5)])
    page.show("a", lambda: [("counter", "seen_total", 'job="a"', 6)])
    assert page.text() == '# TYPE seen_total counter\nseen_total{job="a"} 6\nseen_total{job="b"} 1\n'


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
