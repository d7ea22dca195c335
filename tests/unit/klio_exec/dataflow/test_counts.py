from __future__ import annotations

from typing import Any

from klio_exec.dataflow.counts import tally_of
from klio_exec.summary import Summary


def told(name: str, namespace: str = "klio", step: str = "s1", **value: Any) -> dict[str, Any]:
    return {"name": {"origin": "user", "name": name, "context": {"namespace": namespace, "step": step}}, **value}


def test_what_dataflow_adds_up_makes_the_summary_of_a_run():
    spread = {"count": "2", "sum": "3000000000", "min": "1000000000", "max": "2000000000", "mean": 1.5e9}
    tally = tally_of(
        [
            told("read", scalar=3),
            told("read", step="s2", scalar=2),
            told("read", namespace="apache_beam", scalar=100),
            told("verdict/process/input found", scalar=3),
            told("verdict/pass on/output exists", scalar=2),
            told("dead-letter/exception", scalar=1),
            told("work-ns", distribution=spread),
        ]
    )

    assert Summary.of("mixer", tally, 60.0).text("gs://dead") == (
        "mixer: 60.0 s\n"
        "  read               5\n"
        "  processed          2   1.5 s each, slowest 2 s\n"
        "  passed on          2   output exists 2\n"
        "  dropped            0\n"
        "  dead letters       1   exception 1 → gs://dead"
    )
