"""How long the separator's front takes from its start to `/readyz`, and to look at all songs again while it runs.

Front and local cloud are processes of their own. A start counts from the call of its program. Songs come to lie there
twice: as somebody else puts them there, so that a front reads two small files of each; and then as every front leaves
them, with a note on each of these. Wrong is a front that does not know all songs.
"""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.local_front import Cloud, a_cloud, hashes, until_ready
from benchmarks.table import Row, check
from klio.data.gcs import GcsStore
from web.songs.catalogue import Catalogue
from web.songs.lying import Look


@dataclass(frozen=True)
class Start:
    """What one start took: seconds on the clock and of the processors, and MiB."""

    clock_s: float
    cpu_s: float
    resident_mib: float


def rows(*, short: bool) -> list[Row]:
    """Measure, and check that all songs are known."""
    few, many, times = (30, 40, 1) if short else (1_000, 10_000, 3)
    with a_cloud() as cloud:
        cloud.fill(hashes(0, few))
        _note(cloud)
        little = [_start(cloud, few) for _ in range(times)]
        cloud.fill(hashes(few, many))
        bare = _start(cloud, many)
        _note(cloud)
        much = [_start(cloud, many) for _ in range(times)]
        return [
            _row(f"a front starts, {few:,} songs there", "", little),
            _row(f"a front starts, {many:,} songs there", "≤ 8 s, ≤ 200 MiB", much),
            _row(f"the same, but {many - few:,} of them no front has seen before", "", [bare]),
            Row("it looks at all of them again", "", _again(cloud, many)),
        ]


def _start(cloud: Cloud, songs: int) -> Start:
    began = time.monotonic()
    with cloud.front() as front:
        took = until_ready(front) - began
        line = front.connect()
        line.request("GET", "/readyz")
        known = json.loads(line.getresponse().read())["songs"]
        line.close()
        check(known == songs, f"{songs} songs lie there, the front knows {known}")
        return Start(took, front.cpu_s, front.resident_mib)


def _note(cloud: Cloud) -> None:
    """Leave the songs as a front leaves them that has run for a while."""
    look = Look(cloud.places, GcsStore())
    for _ in look.all():
        pass
    while look.note():
        pass


def _again(cloud: Cloud, songs: int) -> str:
    look, catalogue = Look(cloud.places, GcsStore()), Catalogue(cloud.places)
    for _ in range(2):
        began, cpu = time.monotonic(), time.process_time()
        catalogue.put_all(look.all(), began)
    took = f"{time.monotonic() - began:.1f} s, {time.process_time() - cpu:.2f} of them CPU"
    check(len(catalogue) == songs, f"{songs} songs lie there, {len(catalogue)} are found")
    return took


def _row(what: str, wanted: str, starts: Sequence[Start]) -> Row:
    clock, cpu = (statistics.median(took) for took in zip(*((one.clock_s, one.cpu_s) for one in starts), strict=True))
    memory = max(one.resident_mib for one in starts)
    return Row(what, wanted, f"{clock:.1f} s, {cpu:.1f} of them CPU, {memory:.0f} MiB")
