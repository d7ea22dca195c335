from __future__ import annotations

from collections import Counter

from klio.metrics.prometheus import page_at
from klio_core.config import parse
from klio_exec.runners import page
from klio_exec.runners.tally import Tally


def test_what_a_run_has_counted_is_on_its_page_as_it_stands_when_asked() -> None:
    config = parse("job_name: counted\njob_config: {metrics: {prometheus: {port: 0}}}\n")
    tally = Tally()
    page.show(tally, config)
    tally.counts = Counter({"read": 3, "verdict/process/": 2, "verdict/drop/input missing": 1, "retried": 4})
    tally.counts["dead-letter/bad-element"] = 1
    tally.worked, tally.work_ns, tally.slowest_ns = 2, 1_500_000_000, 1_000_000_000

    assert [line for line in page_at(0).text().splitlines() if 'job="counted"' in line] == [
        'klio_messages_dead_total{job="counted",reason="bad-element"} 1',
        'klio_messages_decided_total{job="counted",verdict="drop",reason="input missing"} 1',
        'klio_messages_decided_total{job="counted",verdict="process",reason=""} 2',
        'klio_messages_read_total{job="counted"} 3',
        'klio_messages_retried_total{job="counted"} 4',
        'klio_work_seconds_count{job="counted"} 2',
        'klio_work_seconds_max{job="counted"} 1',
        'klio_work_seconds_sum{job="counted"} 1.5',
    ]
    tally.counts["read"] += 1
    assert 'klio_messages_read_total{job="counted"} 4' in page_at(0).text()


def test_a_job_that_asks_for_no_page_gets_none() -> None:
    for metrics in ("{}", "false"):
        page.show(Tally(), parse(f"job_name: pageless\njob_config: {{metrics: {metrics}}}\n"))

    assert "pageless" not in page_at(0).text()
