"""A Dataflow for tests: as much of its REST API as Beam and klio use, and of Cloud Logging's, over HTTP.

It keeps the jobs that are submitted whole, in memory, and runs none of them: a test says what becomes of each. It
wants a token, which it also hands out to whoever has a key. (cloud.google.com/dataflow/docs/reference/rest, v1b3)
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
from urllib.parse import parse_qs, urlsplit

TOKEN = "a-token-of-this-test"
PAGE = 2
# google.dataflow.v1beta3.JobState, JobType and JobMessageImportance
STATES = (
    *("UNKNOWN", "STOPPED", "RUNNING", "DONE", "FAILED", "CANCELLED", "UPDATED", "DRAINING", "DRAINED", "PENDING"),
    *("CANCELLING", "QUEUED", "RESOURCE_CLEANING_UP"),
)
TYPES = ("UNKNOWN", "BATCH", "STREAMING")
IMPORTANCES = {"DEBUG": 1, "DETAILED": 2, "BASIC": 5, "WARNING": 3, "ERROR": 4}
RANK = ("DEBUG", "DETAILED", "BASIC", "WARNING", "ERROR")
SEVERITIES = ("DEFAULT", "DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
OVER = {"DONE", "FAILED", "CANCELLED", "UPDATED", "DRAINED"}


class Refused(Exception):
    """What the service says no to, with HTTP's status."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclass
class Submitted:
    """One job: what was submitted, and what a test says of it. `becomes` are its next states, one for each look."""

    id: str
    project: str
    region: str
    body: dict[str, Any]
    state: str = "PENDING"
    becomes: list[str] = field(default_factory=list)
    messages: list[tuple[str, str]] = field(default_factory=list)
    metrics: list[dict[str, Any]] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    @property
    def name(self) -> str:
        return str(self.body["name"])

    @property
    def options(self) -> dict[str, Any]:
        """What Beam was told."""
        told: dict[str, Any] = self.body["environment"]["sdkPipelineOptions"]["options"]
        return told

    @property
    def pool(self) -> dict[str, Any]:
        """The workers that are wanted."""
        (pool,) = self.body["environment"]["workerPools"]
        return dict(pool)

    def look(self) -> None:
        if self.becomes:
            self.state = self.becomes.pop(0)


class Service:
    """The jobs of all projects, and the log entries; `refuses` is an HTTP status and a message for every request."""

    def __init__(self) -> None:
        self.jobs: list[Submitted] = []
        self.entries: list[dict[str, Any]] = []
        self.requests: list[str] = []
        self.refuses: tuple[int, str] | None = None
        self.begins: Callable[[Submitted], None] = lambda _job: None

    def add(self, name: str, project: str = "proj", region: str = "europe-west1", **told: Any) -> Submitted:
        """A job that is there already; `told` are fields of Submitted."""
        body = {"name": name, "type": "JOB_TYPE_STREAMING"}
        job = Submitted(f"2026-11-21_{len(self.jobs) + 1}", project, region, body, **told)
        self.jobs.insert(0, job)
        return job

    def log(self, job: Submitted, severity: str, text: str, worker: str = "worker-1") -> None:
        """Let a worker of a job say something, each time half a second after what was said before."""
        labels = {"job_id": job.id}
        self.entries.append(
            {
                "insertId": f"e{len(self.entries)}",
                "timestamp": f"2026-11-21T01:00:{len(self.entries):02}.000Z",
                "severity": severity,
                "resource": {"type": "dataflow_step", "labels": labels},
                "jsonPayload": {"message": text, "worker": worker},
            }
        )

    def submit(self, project: str, region: str, body: dict[str, Any]) -> dict[str, Any]:
        job = self.add(body["name"], project, region)
        job.body = body
        self.begins(job)
        return told(job, full=True)

    def listed(self, project: str, region: str, query: dict[str, str]) -> dict[str, Any]:
        found = [job for job in self.jobs if (job.project, job.region) == (project, region)]
        found = [job for job in found if query.get("name") in {None, job.name}]
        if query.get("filter") == "ACTIVE":
            found = [job for job in found if job.state not in OVER]
        return paged("jobs", [told(job) for job in found], query)

    def job(self, project: str, region: str, job_id: str) -> Submitted:
        for job in self.jobs:
            if (job.project, job.region, job.id) == (project, region, job_id):
                return job
        raise Refused(404, f"({job_id}): Information about job {job_id} could not be found in our system.")

    def ask(self, job: Submitted, wanted: str | int) -> dict[str, Any]:
        state = STATES[wanted] if isinstance(wanted, int) else wanted.removeprefix("JOB_STATE_")
        if job.state in OVER:
            raise Refused(400, f"Workflow modification failed: the job is {job.state}.")
        job.asked.append(state)
        job.becomes = [state]
        return told(job)

    def messages(self, job: Submitted, query: dict[str, str]) -> dict[str, Any]:
        least = RANK.index(query.get("minimumImportance", "JOB_MESSAGE_BASIC").removeprefix("JOB_MESSAGE_"))
        since = query.get("startTime", "")
        found = [
            {"id": str(n), "time": at(n), "messageText": text, "messageImportance": f"JOB_MESSAGE_{kind}"}
            for n, (kind, text) in enumerate(job.messages)
            if RANK.index(kind) >= least and at(n) >= since
        ]
        return paged("jobMessages", found, query)

    def logged(self, body: dict[str, Any]) -> dict[str, Any]:
        """Answer the entries that a filter of equalities and times asks for: all of one job, from a time on."""
        wanted = dict(re.findall(r'([\w.]+)\s*=\s*"([^"]*)"', body["filter"]))
        since = re.search(r'timestamp\s*>=\s*"([^"]*)"', body["filter"])
        least = re.search(r"severity\s*>=\s*(\w+)", body["filter"])
        found = [
            entry
            for entry in self.entries
            if all(valued(entry, path) == value for path, value in wanted.items())
            and entry["timestamp"] >= (since[1] if since else "")
            and SEVERITIES.index(entry["severity"]) >= (SEVERITIES.index(least[1]) if least else 0)
        ]
        return paged("entries", found, {key: str(value) for key, value in body.items()})


def at(number: int) -> str:
    return f"2026-11-21T01:00:{number:02}.500Z"


def valued(entry: Any, path: str) -> object:
    for step in path.split("."):
        entry = entry.get(step, {})
    return entry


def paged(key: str, found: list[dict[str, Any]], query: dict[str, str]) -> dict[str, Any]:
    start = int(query.get("pageToken") or 0)
    rest = {"nextPageToken": str(start + PAGE)} if len(found) > start + PAGE else {}
    return {key: found[start : start + PAGE], **rest}


def told(job: Submitted, *, full: bool = False) -> dict[str, Any]:
    kept = job.body if full else {key: job.body[key] for key in ("name", "type", "labels") if key in job.body}
    return kept | {
        "id": job.id,
        "projectId": job.project,
        "location": job.region,
        "currentState": f"JOB_STATE_{job.state}",
        "currentStateTime": at(1),
        "createTime": at(0),
    }


def with_numbers(value: Any) -> Any:
    """The same answer with numbers for enumerations, as Google's own clients ask for it."""
    if isinstance(value, list):
        return [with_numbers(one) for one in value]
    if isinstance(value, dict):
        return {key: with_numbers(one) for key, one in value.items()}
    for prefix, number in (
        ("JOB_STATE_", STATES.index),
        ("JOB_TYPE_", TYPES.index),
        ("JOB_MESSAGE_", IMPORTANCES.__getitem__),
    ):
        if isinstance(value, str) and value.startswith(prefix):
            return number(value.removeprefix(prefix))
    return value


class Handler(BaseHTTPRequestHandler):
    service: Service
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.answer_with(lambda _body: self.get())

    def do_PUT(self) -> None:
        self.answer_with(lambda body: self.service.ask(self.job(), body["requestedState"]))

    def do_POST(self) -> None:
        if self.path == "/token":
            self.body()
            self.answer(200, {"access_token": TOKEN, "expires_in": 3600, "token_type": "Bearer"})
        elif self.path.startswith("/v2/entries:list"):
            self.answer_with(self.service.logged)
        else:
            self.answer_with(lambda body: self.service.submit(*self.place()[:2], body))

    def get(self) -> dict[str, Any]:
        project, region, job_id, what = self.place()
        if not job_id:
            return self.service.listed(project, region, self.query())
        job = self.service.job(project, region, job_id)
        if what == "messages":
            return self.service.messages(job, self.query())
        if what == "metrics":
            return {"metrics": job.metrics}
        job.look()
        return told(job)

    def job(self) -> Submitted:
        return self.service.job(*self.place()[:3])

    def place(self) -> tuple[str, str, str, str]:
        pattern = r"/v1b3/projects/([^/]+)/locations/([^/]+)/jobs(?:/([^/]+))?(?:/(\w+))?"
        found = re.fullmatch(pattern, urlsplit(self.path).path)
        if found is None:
            raise Refused(404, f"no such thing: {self.path}")
        return found[1], found[2], found[3] or "", found[4] or ""

    def query(self) -> dict[str, str]:
        return {key: values[-1] for key, values in parse_qs(urlsplit(self.path).query).items()}

    def body(self) -> bytes:
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def answer_with(self, make: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
        body = json.loads(self.body() or b"{}")
        self.service.requests.append(f"{self.command} {urlsplit(self.path).path}")
        try:
            self.check()
            made = make(body)
        except Refused as refused:
            error = {"code": refused.status, "message": str(refused), "status": "REFUSED"}
            self.answer(refused.status, {"error": error})
            return
        numbers = "enum-encoding=int" in self.query().get("$alt", "")
        self.answer(200, with_numbers(made) if numbers else made)

    def check(self) -> None:
        if not self.headers.get("Authorization", "").startswith("Bearer "):
            raise Refused(401, "Request is missing required authentication credential.")
        if self.service.refuses:
            raise Refused(*self.service.refuses)

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
def dataflow_server() -> Iterator[tuple[Service, str]]:
    """Serve a Dataflow without jobs; with it comes its address."""
    service = Service()
    handler = type("HandlerOfOne", (Handler,), {"service": service})
    with ThreadingHTTPServer(("localhost", 0), handler) as server:
        server.daemon_threads = True  # a client may keep its connection
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield service, f"http://localhost:{server.server_port}"
        server.shutdown()
        thread.join()
