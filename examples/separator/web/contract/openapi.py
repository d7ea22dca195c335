"""/openapi.json, whole: to what the routes say of themselves comes what all of them have in common.

That is the refusals of the guards, who may ask, an example of everything, and how one operation follows on another
(OpenAPI 3.1.0, https://spec.openapis.org/oas/v3.1.0).
"""

from __future__ import annotations

from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI
from fastapi.routing import APIRoute

from web.contract import examples
from web.guard.door import OPEN
from web.guard.rate import FREE
from web.guard.tokens import COOKIE
from web.problems import MEDIA_TYPE, ProblemAnswer

Node = dict[str, Any]

_ABOUT = (
    "A song is what somebody uploads; its name here is its SHA-256. Every refusal is a problem (RFC 9457): its `type` "
    "never changes, and its `todo` says what to do."
)
_TAGS = {
    "songs": "Upload songs, see how far they are, remove them.",
    "events": "Changes as they happen, as server-sent events.",
    "mixes": "Mixes of some stems of a song.",
    "files": "Stems, uploads and what else there is of a song, to listen to and to keep.",
    "session": "How the page signs in, where tokens are required.",
    "apiv1": "An older interface: songs in base64, tracks by the hash of their song.",
    "music": "Another older interface: songs, tracks and jobs by numbers.",
    "health": "For machines that look after this service.",
}
_WHO: Node = {
    "token": {"type": "http", "scheme": "bearer", "description": "For programs."},
    "session": {"type": "apiKey", "in": "cookie", "name": COOKIE, "description": "For the page, of POST /v1/session."},
}
_HASH_IN = {"upload": "$response.body#/songs/0/hash", "list_songs": "$response.body#/songs/0/hash"}
_SAFE = ("get", "head")


def operation_id(route: APIRoute) -> str:
    """Answer what an operation is called in the document, and so in generated clients: as its function here."""
    return route.name


def complete(app: FastAPI) -> None:
    """Make the document of an app that has all its routes and guards; it is not made anew after that."""
    said = app.openapi()
    _complete(said, required=app.state.tokens.required)


def _complete(said: Node, *, required: bool) -> None:
    said["info"]["description"] = _ABOUT
    components = said["components"]
    components["securitySchemes"] = _WHO
    components["schemas"]["Problem"] = ProblemAnswer.model_json_schema()
    components["responses"] = {}
    operations = list(_operations(said))
    for path, method, operation in operations:
        _add_refusals(path, method, operation)
        _add_examples(operation)
        _share_problems(operation, components["responses"])
        if path not in OPEN:
            operation["security"] = [{"token": []}, {"session": []}, *([] if required else [{}])]
    _add_links([operation for _, _, operation in operations])
    used = {tag for _, _, operation in operations for tag in operation["tags"]}
    said["tags"] = [{"name": name, "description": text} for name, text in _TAGS.items() if name in used]


def _operations(said: Node) -> Iterator[tuple[str, str, Node]]:
    for path, item in said["paths"].items():
        for method, operation in item.items():
            yield path, method, operation


def _add_refusals(path: str, method: str, operation: Node) -> None:
    """Add what the guards refuse, and what FastAPI does; take away what cannot be."""
    refusals = {421}
    if path not in FREE:
        refusals.add(429)
    if path not in OPEN:
        refusals.add(401)
    if method not in _SAFE:
        refusals.add(403)
    if "requestBody" in operation:
        refusals |= {400, 408, 413}
    responses = operation["responses"]
    for status in sorted(refusals):
        responses.setdefault(str(status), {"content": {MEDIA_TYPE: {}}})
    if not operation.get("parameters") and "requestBody" not in operation:
        responses.pop("422", None)
    operation["responses"] = dict(sorted(responses.items()))


def _share_problems(operation: Node, shared: Node) -> None:
    """Let all problems of one status be one response of the document."""
    for status, response in operation["responses"].items():
        if MEDIA_TYPE in response.get("content", {}):
            name = "".join(word.capitalize() for word in HTTPStatus(int(status)).name.split("_"))
            shared.setdefault(name, _problem(int(status)))
            operation["responses"][status] = {"$ref": f"#/components/responses/{name}"}


def _problem(status: int) -> Node:
    example = examples.PROBLEMS[status]
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}, "example": example}}
    return {"description": HTTPStatus(status).phrase, "content": content}


def _add_examples(operation: Node) -> None:
    for parameter in operation.get("parameters", ()):
        parameter.setdefault("example", examples.PARAMETERS[parameter["name"].lower()])
    bodies = [operation.get("requestBody", {}), *operation["responses"].values()]
    for media_type, media in [pair for body in bodies for pair in body.get("content", {}).items()]:
        example = examples.of(operation["operationId"], media_type, media.get("schema", {}))
        if example is not None and "examples" not in media:
            media.setdefault("example", example)


def _add_links(operations: list[Node]) -> None:
    """Say of operations that answer songs which others can be asked for one of them."""
    others = [one["operationId"] for one in operations if any(of["name"] == "song" for of in one.get("parameters", ()))]
    for operation in operations:
        where = _HASH_IN.get(operation["operationId"])
        for status in ("200", "202") if where else ():
            if status in operation["responses"]:
                links = {name: {"operationId": name, "parameters": {"song": where}} for name in others}
                operation["responses"][status]["links"] = links
