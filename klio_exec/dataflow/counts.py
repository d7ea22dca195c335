"""What klio counted in a job on Dataflow, as the service adds it up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from klio.metrics.counts import NAMESPACE, SECONDS
from klio_core.on_dataflow.api import counters
from klio_exec.runners.tally import Tally


def tally_of(metrics: Sequence[Mapping[str, Any]]) -> Tally:
    """Answer the values of klio's counters over the steps of a graph."""
    tally = Tally()
    tally.counts += counters(metrics, NAMESPACE)
    for metric in metrics:
        name = metric["name"]
        if name["name"] == SECONDS and name.get("context", {}).get("namespace") == NAMESPACE:
            spread = metric["distribution"]
            tally.add_work(int(spread["count"]), int(spread["sum"]), int(spread["max"]))
    return tally
