"""Google's Cloud Build, over REST: a build that is asked for, looked at and cancelled.

The fields are those of cloud.google.com/build/docs/api/reference/rest/v1/projects.locations.builds.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from klio_core.google_api import GoogleApi

ENDPOINT = "https://cloudbuild.googleapis.com"
ELSEWHERE = "CLOUDSDK_API_ENDPOINT_OVERRIDES_CLOUDBUILD"
"""The variable by which gcloud, too, is told of another address."""

_GOING_ON = {"STATUS_UNKNOWN", "PENDING", "QUEUED", "WORKING"}
_SUCCESS = "SUCCESS"


@dataclass(frozen=True, slots=True)
class CloudBuild:
    """One build as it stands; `digests` are those of its images, `why` is what the service says of its end."""

    id: str
    status: str
    page: str
    why: str
    digests: Mapping[str, str]

    @classmethod
    def read(cls, told: Mapping[str, Any]) -> CloudBuild:
        """Read what the service tells."""
        images = (told.get("results") or {}).get("images") or []
        return cls(
            id=told["id"],
            status=told.get("status", "STATUS_UNKNOWN"),
            page=told.get("logUrl", ""),
            why=(told.get("failureInfo") or {}).get("detail") or told.get("statusDetail", ""),
            digests={image["name"]: image["digest"] for image in images if image.get("digest")},
        )

    @property
    def is_over(self) -> bool:
        """Whether nothing more comes."""
        return self.status not in _GOING_ON

    @property
    def is_good(self) -> bool:
        """Whether it ended well: its images are in their registry."""
        return self.status == _SUCCESS


class CloudBuilds:
    """The builds of a project. Everything raises CloudError where the service does not answer or says no."""

    def __init__(self, project: str) -> None:
        endpoint = (os.environ.get(ELSEWHERE) or ENDPOINT).rstrip("/")
        self._api = GoogleApi("Cloud Build", endpoint)
        # Where gcloud's are, too: not every project may build in every region.
        self._builds = f"/v1/projects/{project}/locations/global/builds"

    def submit(self, asked: Mapping[str, Any]) -> CloudBuild:
        """Ask for a build."""
        operation = self._api.ask("POST", self._builds, body=asked)
        return CloudBuild.read(operation["metadata"]["build"])

    def look(self, build_id: str) -> CloudBuild:
        """Answer how it stands now."""
        return CloudBuild.read(self._api.ask("GET", f"{self._builds}/{build_id}"))

    def cancel(self, build_id: str) -> None:
        """Have it stopped."""
        self._api.ask("POST", f"{self._builds}/{build_id}:cancel", body={})
