"""Jobs on Dataflow, as its REST API tells of them (cloud.google.com/dataflow/docs/reference/rest, v1b3)."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

from klio_core.google_api import GoogleApi

if TYPE_CHECKING:
    from klio_core.config import KlioConfig

ENDPOINT = "https://dataflow.googleapis.com"
RUNNING = "RUNNING"
DONE = "DONE"
FINAL = frozenset({DONE, "FAILED", "CANCELLED", "UPDATED", "DRAINED"})
"""States that a job does not leave."""

_STATE = "JOB_STATE_"
_IMPORTANCE = "JOB_MESSAGE_"


@dataclass(frozen=True, slots=True)
class DataflowJob:
    """One job. `state` is the service's own word, without its prefix: RUNNING; the times are RFC 3339, in UTC."""

    id: str
    name: str
    state: str
    since: str = ""
    created: str = ""
    streaming: bool = True
    labels: Mapping[str, str] = field(default_factory=dict)

    @property
    def final(self) -> bool:
        """Whether it has ended, one way or another."""
        return self.state in FINAL

    @classmethod
    def read(cls, told: Mapping[str, Any]) -> Self:
        """Read what the service tells of a job."""
        return cls(
            id=told["id"],
            name=told.get("name", ""),
            state=told.get("currentState", f"{_STATE}UNKNOWN").removeprefix(_STATE),
            since=told.get("currentStateTime", ""),
            created=told.get("createTime", ""),
            streaming=told.get("type") == "JOB_TYPE_STREAMING",
            labels=told.get("labels") or {},
        )


@dataclass(frozen=True, slots=True)
class Note:
    """What the service has to say of a job; `importance` is DEBUG, DETAILED, BASIC, WARNING or ERROR."""

    id: str
    time: str
    importance: str
    text: str


def counters(metrics: Iterable[Mapping[str, Any]], namespace: str) -> Counter[str]:
    """Add up the counters of one namespace over the steps of a graph, from what `Dataflow.metrics` answers."""
    found: Counter[str] = Counter()
    for metric in metrics:
        name = metric["name"]
        if name.get("context", {}).get("namespace") == namespace and "scalar" in metric:
            found[name["name"]] += int(metric["scalar"])
    return found


class Dataflow:
    """The jobs of one project in one region. Everything raises CloudError where the service cannot or will not."""

    def __init__(self, project: str, region: str, endpoint: str | None = None, *, anonymous: bool = False) -> None:
        self.project = project
        self.region = region
        self._api = GoogleApi("Dataflow", endpoint or ENDPOINT, anonymous=anonymous)
        self._jobs = f"/v1b3/projects/{project}/locations/{region}/jobs"

    @classmethod
    def of(cls, config: KlioConfig) -> Self:
        """Answer the Dataflow that a job file names."""
        options = config.pipeline_options
        return cls(options.project or "", options.region, options.dataflow_endpoint, anonymous=options.no_auth)

    def jobs(self, name: str | None = None, *, active: bool = True) -> Iterator[DataflowJob]:
        """Yield the jobs, the newest first; those of one name; only those that have not ended."""
        query = {"filter": "ACTIVE" if active else "ALL"} | ({"name": name} if name else {})
        for told in self._pages(self._jobs, "jobs", query):
            job = DataflowJob.read(told)
            if name in (None, job.name):
                yield job

    def active(self, name: str) -> DataflowJob | None:
        """Answer the job of this name that has not ended; there is one at most."""
        return next((job for job in self.jobs(name) if not job.final), None)

    def job(self, job_id: str) -> DataflowJob:
        """Answer one job as it is now."""
        return DataflowJob.read(self._api.ask("GET", f"{self._jobs}/{job_id}"))

    def end(self, job_id: str, *, drain: bool) -> None:
        """Ask a job to end: at once, or by finishing what it has read."""
        wanted = f"{_STATE}{'DRAINED' if drain else 'CANCELLED'}"
        self._api.ask("PUT", f"{self._jobs}/{job_id}", body={"requestedState": wanted})

    def notes(self, job_id: str, since: str = "", importance: str = "BASIC") -> Iterator[Note]:
        """Yield what the service has said of a job from a time on, of this importance or more, the oldest first."""
        query = {"minimumImportance": f"{_IMPORTANCE}{importance}"} | ({"startTime": since} if since else {})
        for told in self._pages(f"{self._jobs}/{job_id}/messages", "jobMessages", query):
            kind = told.get("messageImportance", "").removeprefix(_IMPORTANCE)
            yield Note(told.get("id", ""), told.get("time", ""), kind, told.get("messageText", ""))

    def metrics(self, job_id: str) -> list[dict[str, Any]]:
        """Answer the values of all metrics that are final, as the service tells them."""
        told = self._api.ask("GET", f"{self._jobs}/{job_id}/metrics").get("metrics", [])
        return [one for one in told if one["name"].get("context", {}).get("tentative") != "true"]

    def ended(self, job: DataflowJob, within_s: float, pause_s: float = 2.0) -> DataflowJob:
        """Wait until a job has ended, and answer it as it is then, or as it is when the time is over."""
        deadline = time.monotonic() + within_s
        while not (job := self.job(job.id)).final and time.monotonic() < deadline:
            time.sleep(pause_s)
        return job

    def page(self, job_id: str) -> str:
        """Answer the address where people look at the job."""
        return f"https://console.cloud.google.com/dataflow/jobs/{self.region}/{job_id}?project={self.project}"

    def _pages(self, path: str, key: str, query: Mapping[str, str]) -> Iterator[dict[str, Any]]:
        token = ""
        while True:
            answer = self._api.ask("GET", path, query={**query, **({"pageToken": token} if token else {})})
            yield from answer.get(key, [])
            token = answer.get("nextPageToken", "")
            if not token:
                return
