"""What a cluster answers when it does not do what it is asked, in plain words. Pure."""

from __future__ import annotations

import json

from klio_core.errors import CloudError, KlioError, UsageError

_LOG_IN = "log in again: `gcloud auth login` for a cluster of Google's, else as whoever runs the cluster says"
_MORE_RIGHTS = (
    "have whoever runs the cluster allow it: kubectl create rolebinding klio --clusterrole=edit --user=… -n {namespace}"
)
OVER_QUOTA = (
    "the quota of the namespace is used up",
    "`kubectl describe quota` shows what there is; ask for less in kubernetes/deployment.yaml, or have it raised",
)


def refusal(status: int, body: str | bytes | None, where: str, namespace: str) -> KlioError:
    """Answer the error that an HTTP status and a `Status` object of the API are (v1.33, "API Concepts")."""
    said, reason = _said(body)
    got = f"{status} {said}".strip()
    if status == 401 or "system:anonymous" in said:
        what = "the cluster does not take these credentials; they may have expired"
        return CloudError(what, where=where, got=got, todo=_LOG_IN)
    if status == 403:
        return _forbidden(said, where, got, namespace)
    if status == 404 and said.startswith("namespaces "):
        todo = f"kubectl create namespace {namespace}, or name another one with -n"
        return CloudError(f"there is no namespace {namespace}", where=where, got=got, todo=todo)
    if status in {400, 422} or reason == "Invalid":
        return UsageError("the cluster does not take this", where=where, got=got, todo=_invalid(said))
    if status == 409:
        return CloudError("somebody else changed it at the same time", where=where, got=got, todo="try again")
    return CloudError("the cluster could not do it", where=where, got=got, todo="its own words say why; try again")


def _forbidden(said: str, where: str, got: str, namespace: str) -> CloudError:
    if is_quota(said):
        what, todo = OVER_QUOTA
        return CloudError(what, where=where, got=said, todo=todo)
    todo = _MORE_RIGHTS.format(namespace=namespace)
    return CloudError("the cluster does not allow you this", where=where, got=got, todo=todo)


def is_quota(said: str) -> bool:
    """Whether the cluster says that a namespace may hold no more."""
    return "exceeded quota" in said


def _invalid(said: str) -> str:
    if "field is immutable" in said:
        return "what selects a Deployment's pods stays: put it back, or remove the Deployment first (kubectl delete)"
    return "change it in the manifest"


def _said(body: str | bytes | None) -> tuple[str, str]:
    """Answer the message and the reason of a `Status`; of anything else, a proxy's page say, how it begins."""
    text = body.decode(errors="replace") if isinstance(body, bytes) else body or ""
    try:
        told = json.loads(text)
        return str(told["message"]), str(told.get("reason", ""))
    except (ValueError, KeyError, TypeError, AttributeError):
        return text[:300].strip(), ""
