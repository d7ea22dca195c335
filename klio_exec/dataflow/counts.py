"""What klio counted in a job on Dataflow, as the service adds it up."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from klio.metrics.counts import NAMESPACE, SECONDS
from klio_exec.runners.tally import Tally


def tally_of(metrics: Iterable[Mapping[str, Any]]) -> Tally:
    """Add up the values of klio's counters over the steps of a graph."""
    tally = Tally()
    for metric in metrics:
        name = metric["name"]
        if name.get("context", {}).get("namespace") != NAMESPACE:
            continue
        if "scalar" in metric:
            tally.counts[name["name"]] += int(metric["scalar"])
        elif name["name"] == SECONDS and "distribution" in metric:
            spread = {key: int(value) for key, value in metric["distribution"].items() if key in _OF_A_SPREAD}
            tally.add_work(spread["count"], spread["sum"], spread["max"])
    return tally


_OF_A_SPREAD = ("count", "sum", "max")
