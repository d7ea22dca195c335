"""Adds up klio's counters over the bundles of a run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from apache_beam.metrics import monitoring_infos

from klio.metrics.counts import DEAD_LETTER, NAMESPACE, SECONDS


class Tally:
    """What klio counted so far in one run."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.work_ns = 0
        self.worked = 0
        self.slowest_ns = 0

    def add(self, infos: Iterable[Any]) -> None:
        """Take in what one bundle, or a whole run, reported."""
        for info in infos:
            if info.labels.get(monitoring_infos.NAMESPACE_LABEL) != NAMESPACE:
                continue
            name = info.labels[monitoring_infos.NAME_LABEL]
            if info.urn == monitoring_infos.USER_COUNTER_URN:
                self.counts[name] += monitoring_infos.extract_counter_value(info)
            elif info.urn == monitoring_infos.USER_DISTRIBUTION_URN and name == SECONDS:
                count, total, _shortest, longest = monitoring_infos.extract_distribution(info)
                self.add_work(count, total, longest)

    def join(self, other: Tally) -> None:
        """Take in what another run counted."""
        self.counts += other.counts
        self.work_ns += other.work_ns
        self.worked += other.worked
        self.slowest_ns = max(self.slowest_ns, other.slowest_ns)

    def with_letters(self, buried: Counter[str]) -> Tally:
        """Answer a copy with these dead letters, by reason, where a bundle that did not end has counted fewer."""
        found = Tally()
        found.join(self)
        found.counts |= Counter({f"{DEAD_LETTER}{reason}": number for reason, number in buried.items()})
        return found

    @property
    def dead(self) -> int:
        """How many dead letters there were."""
        return sum(number for name, number in self.counts.items() if name.startswith(DEAD_LETTER))

    def add_work(self, count: int, total: int, longest: int) -> None:
        """Take in how often the author's code worked, how long altogether and at most (ns)."""
        self.worked += count
        self.work_ns += total
        self.slowest_ns = max(self.slowest_ns, longest)
