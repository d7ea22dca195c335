"""A Cloud Build for tests: as much of its REST API as is used, over HTTP.

It keeps the builds that are asked for, in memory, and builds none: a test says what becomes of each. It wants a token,
which it also hands out to whoever has a key. (cloud.google.com/build/docs/api/reference/rest, v1)
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

TOKEN = "a-token-of-this-test"
PAGE = "https://console.cloud.google.com/cloud-build/builds"
PLACE = re.compile(r"/v1/projects/(?P<project>[^/]+)/locations/global/builds(?:/(?P<id>[^/:]+)(?P<cancel>:cancel)?)?")


@dataclass
class Asked:
    """One build: what was asked for, and how it stands."""

    id: str
    project: str
    body: dict[str, Any]
    status: str = "QUEUED"
    told: dict[str, Any] = field(default_factory=dict)
    looks: int = 0

    def as_told(self) -> dict[str, Any]:
        return {
            **self.body,
            "id": self.id,
            "projectId": self.project,
            "status": self.status,
            "logUrl": f"{PAGE}/{self.id}?project={self.project}",
            **self.told,
        }


def built(asked: Asked, digest: str) -> None:
    """Let a build have ended well: its image is pushed, and has that digest."""
    (image,) = asked.body["images"]
    asked.status, asked.told = "SUCCESS", {"results": {"images": [{"name": image, "digest": digest}]}}


class Service:
    """The builds of all projects; `becomes` says at each look what has become of a build."""

    def __init__(self) -> None:
        self.builds: list[Asked] = []
        self.refuses: tuple[int, str] | None = None
        self.becomes: Callable[[Asked], None] = lambda _build: None

    def answer(self, method: str, path: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        place = PLACE.fullmatch(path)
        if self.refuses or place is None:
            status, message = self.refuses or (404, f"no such thing: {path}")
            return status, {"error": {"code": status, "message": message}}
        if method == "POST" and place["id"] is None:
            self.builds.append(Asked(f"build-{len(self.builds)}", place["project"], body))
            return 200, {"name": "operations/x", "metadata": {"build": self.builds[-1].as_told()}}
        (build,) = [one for one in self.builds if one.id == place["id"]]
        if place["cancel"]:
            build.status = "CANCELLED"
        else:
            build.looks += 1
            self.becomes(build)
        return 200, build.as_told()


class Handler(BaseHTTPRequestHandler):
    service: Service

    def do_GET(self) -> None:
        self.answer(*self.checked("GET"))

    def do_POST(self) -> None:
        if self.path == "/token":
            self.read()
            self.answer(200, {"access_token": TOKEN, "expires_in": 3600, "token_type": "Bearer"})
        else:
            self.answer(*self.checked("POST"))

    def checked(self, method: str) -> tuple[int, dict[str, Any]]:
        body = json.loads(self.read() or b"{}")
        if self.headers.get("Authorization") != f"Bearer {TOKEN}":
            return 401, {"error": {"code": 401, "message": "Request is missing required authentication credential."}}
        return self.service.answer(method, self.path.partition("?")[0], body)

    def read(self) -> bytes:
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def answer(self, status: int, answer: dict[str, Any]) -> None:
        body = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Say nothing of each request."""


@contextmanager
def cloud_build_server() -> Iterator[tuple[Service, str]]:
    """Serve a Cloud Build without builds; with it comes its address."""
    service = Service()
    handler = type("HandlerOfOne", (Handler,), {"service": service})
    with ThreadingHTTPServer(("localhost", 0), handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield service, f"http://localhost:{server.server_port}"
        server.shutdown()
        thread.join()
