"""Metrics for Prometheus: `http://HOST:PORT/metrics` in the text format 0.0.4, from the standard library alone."""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Callable, Iterable
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from klio.metrics.base import AbstractRelayClient
from klio.metrics.registry import TIMER_UNITS

log = logging.getLogger("klio.metrics")
_NO_NAME = re.compile(r"[^a-zA-Z0-9_]")
_SECOND = TIMER_UNITS["s"]


Sample = tuple[str, str, str, float]
"""One line of the page: its kind (counter or gauge), its name, its labels as text, its value."""


class Page:
    """The newest values of all metrics of this process. Counters only grow; a timer is its sum and its count."""

    def __init__(self) -> None:
        self._values: dict[tuple[str, str, str], float] = {}
        self._sources: dict[str, Callable[[], Iterable[Sample]]] = {}
        self._lock = threading.Lock()

    def add(self, kind: str, name: str, labels: str, value: float) -> None:
        """Add to a value."""
        with self._lock:
            self._values[kind, name, labels] = self._values.get((kind, name, labels), 0) + value

    def put(self, kind: str, name: str, labels: str, value: float) -> None:
        """Replace a value."""
        with self._lock:
            self._values[kind, name, labels] = value

    def show(self, job: str, source: Callable[[], Iterable[Sample]]) -> None:
        """Show what `source` answers, too; it is asked each time that the page is. A job has one."""
        with self._lock:
            self._sources[job] = source

    def text(self) -> str:
        """Answer the page."""
        with self._lock:
            samples = [(*key, value) for key, value in self._values.items()]
            sources = list(self._sources.values())
        samples += [sample for source in sources for sample in source()]
        lines: dict[str, None] = {}  # each kind is said once, above its values
        for kind, name, labels, value in sorted(samples, key=lambda sample: (sample[1], sample[0], sample[2])):
            lines[f"# TYPE {name} {kind}"] = None
            lines[f"{name}{{{labels}}} {repr(float(value)).removesuffix('.0')}"] = None
        return "\n".join(lines) + "\n"


class PrometheusClient(AbstractRelayClient):
    """Keeps the values, and serves them at the port that `job_config.metrics.prometheus.port` says."""

    RELAY_CLIENT_NAME = "prometheus"

    def __init__(self, klio_config: Any) -> None:
        super().__init__(klio_config)
        self._job = klio_config.job_name
        self._page = page_at(int(klio_config.job_config.metrics.prometheus.port))

    def unmarshal(self, metric: Any) -> Any:
        """Answer the metric as it is."""
        return metric

    def emit(self, metric: list[tuple[Any, ...]]) -> None:
        """Take one update into the page."""
        for change, *what in metric:
            change(*what)

    def counter(self, name: str, value: int = 0, transform: str | None = None, **_others: Any) -> Any:
        """Make the update of a counter."""
        return [(self._page.add, "counter", f"klio_{_plain(name)}_total", self._labels(transform), value)]

    def gauge(self, name: str, value: int = 0, transform: str | None = None, **_others: Any) -> Any:
        """Make the update of a gauge."""
        return [(self._page.put, "gauge", f"klio_{_plain(name)}", self._labels(transform), value)]

    def timer(self, name: str, value: int = 0, transform: str | None = None, **others: Any) -> Any:
        """Make the update of a timer: seconds, and how many."""
        base, labels = f"klio_{_plain(name)}_seconds", self._labels(transform)
        seconds = value * TIMER_UNITS[others.get("timer_unit", "ns")] / _SECOND
        return [
            (self._page.add, "counter", f"{base}_sum", labels, seconds),
            (self._page.add, "counter", f"{base}_count", labels, 1),
        ]

    def _labels(self, transform: str | None) -> str:
        return labelled(job=self._job, transform=transform or "")


@cache
def page_at(port: int) -> Page:
    """Answer the page that this process serves at `port`; one for the process. 0 is any free port.

    Where the port is taken, as by another worker of this machine, a warning is logged and the work goes on.
    """
    page = Page()
    try:
        server = serve(page, port)
    except OSError as error:
        log.warning("metrics are not served at port %d: %s", port, error)
    else:
        log.info("metrics for Prometheus: http://localhost:%d/metrics", server.server_port)
    return page


def serve(page: Page, port: int) -> ThreadingHTTPServer:
    """Serve a page in a thread, on this machine only. Raises OSError where the port is taken."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = page.text().encode() if self.path == "/metrics" else b"klio: see /metrics\n"
            self.send_response(200 if self.path == "/metrics" else 404)
            self.send_header("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_args: Any) -> None:
            """Say nothing: it is asked every few seconds."""

    server = ThreadingHTTPServer(("localhost", port), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, name="klio-prometheus", daemon=True).start()
    return server


def labelled(**labels: str) -> str:
    """Write labels as the page has them."""
    return ",".join(f'{name}="{_quoted(value)}"' for name, value in labels.items())


def _plain(name: str) -> str:
    return _NO_NAME.sub("_", name)


def _quoted(text: str) -> str:
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
