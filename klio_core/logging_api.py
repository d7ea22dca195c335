"""What workers on Dataflow log, as Cloud Logging keeps it (cloud.google.com/logging/docs/reference/v2/rest)."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from klio_core.google_api import GoogleApi

ENDPOINT = "https://logging.googleapis.com"
ELSEWHERE = "CLOUDSDK_API_ENDPOINT_OVERRIDES_LOGGING"
"""The variable by which gcloud, too, is told of another address."""

SEVERITIES = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a worker. `time` is RFC 3339, in UTC."""

    id: str
    time: str
    severity: str
    worker: str
    text: str

    @classmethod
    def read(cls, told: Mapping[str, Any]) -> Entry:
        """Read an entry: text as it is, of a structure its message."""
        structure = told.get("jsonPayload") or {}
        labels = {**told.get("resource", {}).get("labels", {}), **told.get("labels", {})}
        return cls(
            id=told.get("insertId", ""),
            time=told.get("timestamp", ""),
            severity=told.get("severity", "DEFAULT"),
            worker=structure.get("worker") or labels.get("compute.googleapis.com/resource_name", ""),
            text=told.get("textPayload") or structure.get("message") or str(structure),
        )


class WorkerLogs:
    """The log of one job's workers. Raises CloudError where the service cannot or will not."""

    def __init__(self, project: str, job_id: str, *, anonymous: bool = False) -> None:
        self._project = project
        self._job_id = job_id
        self._api = GoogleApi("Cloud Logging", os.environ.get(ELSEWHERE) or ENDPOINT, anonymous=anonymous)

    def entries(self, since: str = "", severity: str = "INFO") -> Iterator[Entry]:
        """Yield the entries from a time on, of this severity or more, the oldest first."""
        wanted = [f'resource.type="dataflow_step" AND resource.labels.job_id="{self._job_id}"', f"severity>={severity}"]
        if since:
            wanted.append(f'timestamp>="{since}"')
        asked: dict[str, Any] = {
            "resourceNames": [f"projects/{self._project}"],
            "filter": " AND ".join(wanted),
            "orderBy": "timestamp asc",
            "pageSize": 1000,
        }
        while True:
            answer = self._api.ask("POST", "/v2/entries:list", body=asked)
            yield from (Entry.read(told) for told in answer.get("entries", []))
            asked["pageToken"] = answer.get("nextPageToken", "")
            if not asked["pageToken"]:
                return
