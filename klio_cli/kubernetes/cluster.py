"""One cluster and a namespace in it: objects, as the API has them, are read, applied, changed and removed there."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from klio_cli.kubernetes import kubeconfig
from klio_cli.kubernetes.kubeconfig import Context
from klio_cli.kubernetes.refusal import refusal
from klio_core.errors import CloudError, KlioError, UsageError

Json = dict[str, Any]

MANAGER = "klio"
_APPLY, _MERGE = "application/apply-patch+yaml", "application/merge-patch+json"
_TIMEOUTS_S = (10.0, 60.0)  # to connect, to answer
_PAGE = 200
_NOT_STARTED, _NOT_THERE = 400, 404


class Cluster:
    """A cluster, by the name of its context, and a namespace. Every method raises CloudError where it does not answer.

    What it refuses is a CloudError or, where what it is given is wrong, a UsageError.
    """

    def __init__(self, context: Context, namespace: str | None = None) -> None:
        """Take the cluster of a context, and its namespace if no other one is given; nobody is asked yet.

        Raises CloudError where there are no credentials.
        """
        namespace = namespace or context.namespace
        self.name = context.name
        self.namespace = namespace
        self.configmaps = f"/api/v1/namespaces/{namespace}/configmaps"
        self.deployments = f"/apis/apps/v1/namespaces/{namespace}/deployments"
        self.events = f"/api/v1/namespaces/{namespace}/events"
        self.pods = f"/api/v1/namespaces/{namespace}/pods"
        self._api = kubeconfig.client(context)
        self._kinds: dict[str, dict[str, Json]] = {}

    def __str__(self) -> str:
        return f"namespace {self.namespace} of {self.name}"

    def find(self, path: str) -> Json | None:
        """Answer an object, None where there is none."""
        try:
            return self._read(_Ask("GET", path))
        except _Refused as refused:
            if refused.status == _NOT_THERE:
                return None
            raise refused.error from refused

    def all(self, collection: str, **selectors: str) -> Iterator[Json]:
        """Yield the objects of a collection that `labelSelector` and `fieldSelector` say, page by page."""
        query = {**selectors, "limit": str(_PAGE)}
        while True:
            page = self._told(_Ask("GET", collection, query))
            yield from page.get("items") or ()
            token = page.get("metadata", {}).get("continue")
            if not token:
                return
            query["continue"] = token

    def apply(self, body: Json, where: str, *, rehearse: bool = False) -> Json:
        """Make an object so (server-side apply), or see whether that would be done; answer what it is then.

        Fields that others have set and `body` names become ours. Raises UsageError for a kind that is not known there.
        """
        query = {"fieldManager": MANAGER, "force": "true", "fieldValidation": "Strict"}
        query |= {"dryRun": "All"} if rehearse else {}
        return self._told(_Ask("PATCH", self.path(body, where), query, body, _APPLY, where))

    def change(self, path: str, body: Json) -> Json:
        """Change some fields of an object (JSON merge patch)."""
        return self._told(_Ask("PATCH", path, {"fieldManager": MANAGER}, body, _MERGE))

    def delete(self, path: str) -> None:
        """Remove an object; one that is not there is removed."""
        try:
            self._read(_Ask("DELETE", path))
        except _Refused as refused:
            if refused.status != _NOT_THERE:
                raise refused.error from refused

    def lines(self, path: str, **query: str) -> Iterator[str]:
        """Yield the lines of a log as far as it has come; with `follow` as they come, until it ends or breaks off.

        There are none where it has not begun, or is gone.
        """
        try:
            answer = self._answer(_Ask("GET", path, query))
        except _Refused as refused:
            if refused.status in {_NOT_STARTED, _NOT_THERE}:
                return
            raise refused.error from refused
        left = b""
        for piece in self._pieces(answer, follow="follow" in query):
            *whole, left = (left + piece).split(b"\n")
            yield from (line.decode(errors="replace") for line in whole)
        if left:
            yield left.decode(errors="replace")

    def _pieces(self, answer: Any, *, follow: bool) -> Iterator[bytes]:
        from urllib3.exceptions import HTTPError

        try:
            yield from answer.stream()
        except HTTPError as error:
            if not follow:
                raise self._silent(str(error)) from error

    def path(self, body: Json, where: str) -> str:
        """Answer where an object is. Raises UsageError for a kind that the cluster does not know."""
        return f"{self._collection(body, where)}/{body['metadata']['name']}"

    def _collection(self, body: Json, where: str) -> str:
        version, kind = body["apiVersion"], body["kind"]
        place = f"/apis/{version}" if "/" in version else f"/api/{version}"
        if version not in self._kinds:
            told = self.find(place) or {}
            self._kinds[version] = {one["kind"]: one for one in told.get("resources", ()) if "/" not in one["name"]}
        known = self._kinds[version].get(kind)
        if known is None:
            todo = "see that what it belongs to is installed in the cluster, or take it out of the manifests"
            raise UsageError(f"the cluster knows no {kind} of {version}", where=where, got=self.name, todo=todo)
        inside = f"/namespaces/{self.namespace}" if known["namespaced"] else ""
        return f"{place}{inside}/{known['name']}"

    def _told(self, ask: _Ask) -> Json:
        try:
            return self._read(ask)
        except _Refused as refused:
            raise refused.error from refused

    def _read(self, ask: _Ask) -> Json:
        told: Json = json.loads(self._answer(ask).data)
        return told

    def _answer(self, ask: _Ask) -> Any:
        """Answer the response. Raises _Refused for one that is no success, CloudError where there is none."""
        from kubernetes.client import ApiException
        from urllib3.exceptions import HTTPError

        try:
            return self._api.call_api(
                ask.path,
                ask.method,
                query_params=list(ask.query.items()),
                header_params={"Accept": "application/json", "Content-Type": ask.kind},
                body=ask.body,
                auth_settings=["BearerToken"],
                _preload_content=False,
                _return_http_data_only=True,
                _request_timeout=_TIMEOUTS_S,
            )
        except HTTPError as error:
            raise self._silent(str(error)) from error
        except ApiException as error:
            if not error.status:  # what answered is not known to be the cluster
                raise self._silent(str(error.reason)) from error
            where = ask.where or f"{self}: {ask.path.rpartition('/')[2]}"
            raise _Refused(error.status, refusal(error.status, error.body, where, self.namespace)) from error

    def _silent(self, got: str) -> CloudError:
        return CloudError(
            "the cluster does not answer",
            where=f"{self.name}, {self._api.configuration.host}",
            got=got,
            todo="check the network (does a VPN reach it?); `kubectl config get-contexts` names other clusters",
        )


class _Ask(NamedTuple):
    """What the cluster is asked; `where` is what people know it by."""

    method: str
    path: str
    query: Mapping[str, str] = MappingProxyType({})
    body: Json | None = None
    kind: str = "application/json"
    where: str = ""


class _Refused(Exception):
    """The cluster answered that it would not; `error` is what is told."""

    def __init__(self, status: int, error: KlioError) -> None:
        super().__init__(error.what)
        self.status = status
        self.error = error
