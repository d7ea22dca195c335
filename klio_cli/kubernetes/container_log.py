"""What one container prints, each line once: read as far as it has come, or followed by a thread of its own."""

from __future__ import annotations

import queue
import re
import threading
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from klio_cli.kubernetes.cluster import Cluster
from klio_cli.where.place import Line
from klio_core.errors import KlioError
from klio_core.logging_api import SEVERITIES

_USUAL = "INFO"
_END_S = 10.0
# What klioexec begins its lines with; Kubernetes adds the whole time before it.
_OURS = re.compile(rf"\d\d:\d\d:\d\d ({'|'.join(SEVERITIES)}) +(.*)", re.DOTALL)


class ContainerLog:
    """A container, under `source` as people know it, of a pod. A connection that breaks off is taken up where it was.

    The cluster tells lines from a second on. So a line is known by its time, and by being the n-th of that time.
    """

    def __init__(self, cluster: Cluster, pod: str, container: str, source: str) -> None:
        self._cluster = cluster
        self._path = f"{cluster.pods}/{pod}/log"
        self._query = {"container": container, "timestamps": "true"}
        self._source = source
        self._restarts = 0
        self._severity = _USUAL
        self._last = ("", 0)
        self._come: queue.SimpleQueue[Line] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._failed: KlioError | None = None

    def read(self, restarts: int) -> Iterator[Line]:
        """Yield what is new, of a container that was started again `restarts` times; its last words before, too."""
        if restarts > self._restarts:
            self._restarts = restarts
            yield from self._new(previous="true")
        yield from self._new()

    def follow(self, restarts: int) -> Iterator[Line]:
        """Yield what has come meanwhile, and see that more comes. Raises KlioError where the cluster refused that."""
        if self._failed is not None:
            raise self._failed
        if self._thread is None or not self._thread.is_alive():
            yield from self._come_by_now()
            yield from self.read(restarts) if restarts > self._restarts else ()
            self._thread = threading.Thread(target=self._receive, name=f"klio-log-{self._source}", daemon=True)
            self._thread.start()
        yield from self._come_by_now()

    def rest(self) -> Iterator[Line]:
        """Yield what was still on its way when the pod was removed."""
        if self._thread is not None:
            self._thread.join(_END_S)
        yield from self._come_by_now()

    def _come_by_now(self) -> Iterator[Line]:
        while not self._come.empty():
            yield self._come.get()

    def _receive(self) -> None:
        try:
            for line in self._new(follow="true"):
                self._come.put(line)
        except KlioError as error:
            self._failed = error

    def _new(self, **more: str) -> Iterator[Line]:
        since = {"sinceTime": f"{self._last[0][:19]}Z"} if self._last[0] else {}
        yield from self._unseen(self._cluster.lines(self._path, **self._query, **since, **more))

    def _unseen(self, printed: Iterable[str]) -> Iterator[Line]:
        """Yield what is after the last line; one of no severity (of a traceback, say) has that of the one before."""
        before, now = self._last, ("", 0)
        for one in printed:
            told, _, text = one.partition(" ")
            time = _utc(told)
            now = (time, now[1] + 1 if time == now[0] else 1)
            if now <= before:
                continue
            before, self._last = ("", 0), now  # from here on all is new, should the clock go back, too
            if ours := _OURS.fullmatch(text):
                self._severity, text = ours[1], ours[2]
            yield Line(time, f"{self._source} {now[1]}", self._severity, self._source, text)


def _utc(time: str) -> str:
    try:
        return datetime.fromisoformat(time).astimezone(UTC).isoformat(timespec="microseconds")
    except ValueError:
        return time
