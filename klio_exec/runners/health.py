"""Whether a run goes on, told over HTTP to whoever restarts those that do not, such as Kubernetes."""

from __future__ import annotations

import logging
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from klio_core.config import KlioConfig
from klio_exec.stop import Stop

log = logging.getLogger("klio.run")
_SILENT_S = 60.0


class Health:
    """What `/healthz` and `/readyz` answer: 200 or 503, with a line that says why.

    A run is healthy while its loop comes round, or while it keeps the leases of what is worked on, however long that
    takes; one that has not begun is loading, and healthy too. It is ready from then on until it is asked to end.
    """

    def __init__(self, stop: Stop, silent_s: float = _SILENT_S) -> None:
        self._stop = stop
        self._silent_s = silent_s
        self._beat: float | None = None

    @classmethod
    def of(cls, config: KlioConfig, stop: Stop) -> Health:
        """Answer the health of a run, served at `job_config.health_port` where the job file has one."""
        health = cls(stop, max(_SILENT_S, config.job_config.lease_s))
        port = config.job_config.health_port
        if port is not None:
            _serve(health, port)
        return health

    def alive(self) -> None:
        """Note that the run goes on."""
        self._beat = time.monotonic()

    def answer(self, path: str) -> tuple[int, str]:
        """Answer the HTTP status and the text for a path."""
        if path == "/healthz":
            silent = 0.0 if self._beat is None else time.monotonic() - self._beat
            return (200, "goes on") if silent < self._silent_s else (503, f"nothing for {silent:.0f} s")
        if path == "/readyz":
            if self._stop.asked:
                return 503, "is asked to end"
            return (503, "is loading") if self._beat is None else (200, "reads events")
        return 404, "see /healthz and /readyz"


def _serve(health: Health, port: int) -> None:
    """Serve in a thread, to all who can reach this machine: a probe comes from another. A taken port is a warning."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, text = health.answer(self.path)
            body = f"{text}\n".encode()
            self.send_response(status)
            self.send_header("Content-Type", "text/plain; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_args: Any) -> None:
            """Say nothing: it is asked every few seconds."""

    try:
        server = ThreadingHTTPServer(("", port), Handler)
    except OSError as error:
        log.warning("health is not served at port %d: %s", port, error)
        return
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, name="klio-health", daemon=True).start()
    log.info("health: http://localhost:%d/healthz and /readyz", server.server_port)
