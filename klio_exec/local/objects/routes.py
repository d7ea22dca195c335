"""Which request asks for what."""

from __future__ import annotations

import base64
import binascii
from itertools import islice

from klio_exec.local.objects import downloads, uploads
from klio_exec.local.objects.partial import partial
from klio_exec.local.objects.records import HIGHEST, Conditions, Object, Range, number, object_name
from klio_exec.local.objects.shelf import Shelf
from klio_exec.local.objects.wire import Fields, Refusal, Reply, Request, invalid

_MAX_RESULTS = 1000


def answer(shelf: Shelf, request: Request) -> Reply:
    """Answer one request of the JSON API; what it refuses is an answer too."""
    try:
        return _routed(shelf, request)
    except Refusal as refusal:
        return refusal.reply()


def _routed(shelf: Shelf, request: Request) -> Reply:
    match request.segments:
        case ("storage", "v1", "b"):
            return _buckets(shelf, request)
        case ("storage", "v1", "b", bucket) | ("storage", "v1", "b", bucket, "iam", "testPermissions"):
            return _bucket(shelf, request, bucket)
        case ("storage", "v1", "b", bucket, "o") if request.method == "GET":
            return _partly(_listing(shelf, request, bucket), request)
        case ("storage" | "download", *_, "b", bucket, "o", name) if request.query.get("alt") == "media":
            return downloads.media(shelf, request, bucket, name)
        case ("storage", "v1", "b", bucket, "o", name):
            return _object(shelf, request, bucket, name)
        case ("storage", "v1", "b", bucket, "o", name, "copyTo" | "rewriteTo" as how, "b", to_bucket, "o", to_name):
            copied = _copied(shelf, request, (bucket, name), (to_bucket, to_name))
            return Reply.of(copied.resource() if how == "copyTo" else _rewritten(copied))
        case ("upload", "storage", "v1", "b", bucket, "o") | ("resumable", "upload", "storage", "v1", "b", bucket, "o"):
            return _upload(shelf, request, bucket)
        case ("",):
            return Reply.of({"kind": "klio#objects"})
    raise _unknown(request)


def _buckets(shelf: Shelf, request: Request) -> Reply:
    match request.method:
        case "GET":
            prefix = request.query.get("prefix", "")
            found = [bucket.resource() for bucket in shelf.index.buckets() if bucket.name.startswith(prefix)]
            return Reply.of({"kind": "storage#buckets", "items": found})
        case "POST":
            fields = request.json()
            return Reply.of(shelf.make_bucket(fields.pop("name", None), fields).resource())
    raise _unknown(request)


def _bucket(shelf: Shelf, request: Request, name: str) -> Reply:
    match request.method:
        case "GET" if request.segments[-1] == "testPermissions":
            shelf.bucket(name)
            may = [value for asked, value in request.pairs if asked == "permissions"]  # everybody may do everything
            return Reply.of({"kind": "storage#testIamPermissionsResponse", "permissions": may})
        case "GET":
            return Reply.of(shelf.bucket(name).resource())
        case "DELETE":
            shelf.drop_bucket(name)
            return Reply(204)
    raise _unknown(request)


def _object(shelf: Shelf, request: Request, bucket: str, name: str) -> Reply:
    match request.method:
        case "GET":
            return _partly(shelf.find(bucket, name, request.query).resource(), request)
        case "PATCH":
            return Reply.of(shelf.patch(bucket, name, request.query, request.json()).resource())
        case "DELETE":
            shelf.drop(bucket, name, request.query)
            return Reply(204)
    raise _unknown(request)


def _upload(shelf: Shelf, request: Request, bucket: str) -> Reply:
    match request.method, "upload_id" in request.query:
        case "POST", False:
            return uploads.insert(shelf, request, bucket)
        case "PUT" | "POST", True:
            return uploads.proceed(shelf, request)
        case "DELETE", True:
            return uploads.cancel(shelf, request)
    raise _unknown(request)


def _partly(content: Fields, request: Request) -> Reply:
    return Reply.of(partial(content, request.query.get("fields", "")))


def _listing(shelf: Shelf, request: Request, bucket: str) -> Fields:
    shelf.bucket(bucket)
    query = request.query
    limit = min(number(query, "maxResults") or _MAX_RESULTS, _MAX_RESULTS)
    after = _from_token(query["pageToken"]) if "pageToken" in query else ""
    wanted = Range.of(query)
    found = list(islice(shelf.walk(bucket, wanted, query.get("delimiter", ""), after), limit + 1))
    listed: Fields = {
        "kind": "storage#objects",
        "items": [entry.resource() for _, entry in found[:limit] if entry],
        "prefixes": [name for name, entry in found[:limit] if entry is None],
    }
    if len(found) > limit:
        name, entry = found[limit - 1]
        listed["nextPageToken"] = _to_token(name if entry else name + HIGHEST)
    return listed


def _copied(shelf: Shelf, request: Request, source: tuple[str, str], target: tuple[str, str]) -> Object:
    if request.method != "POST":
        raise _unknown(request)
    found = shelf.find(*source, request.query, "Source")
    return shelf.copy(found, target[0], object_name(target[1]), request.json(), Conditions.of(request.query))


def _rewritten(copied: Object) -> Fields:
    size = str(copied.size)
    return {
        "kind": "storage#rewriteResponse",
        "done": True,
        "objectSize": size,
        "totalBytesRewritten": size,
        "resource": copied.resource(),
    }


def _to_token(name: str) -> str:
    return base64.urlsafe_b64encode(name.encode()).decode()


def _from_token(token: str) -> str:
    try:
        return base64.b64decode(token, altchars=b"-_", validate=True).decode()
    except (binascii.Error, UnicodeDecodeError) as error:
        raise invalid(f"Invalid pageToken: {token!r}") from error


def _unknown(request: Request) -> Refusal:
    asked = f"{request.method} /{'/'.join(request.segments)}"
    return Refusal(501, "notImplemented", f"The local object store does not know {asked}.")
