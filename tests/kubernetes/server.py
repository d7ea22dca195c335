"""A server that speaks the parts of Kubernetes' API (v1.33) that klio uses, over HTTP, as a kubeconfig names it."""

from __future__ import annotations

import json
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import yaml

from tests.kubernetes.controller import Controller
from tests.kubernetes.objects import KINDS, OUTSIDE, Json, Key, Objects, Refused, merged, named
from tests.kubernetes.typed import unknown_fields

TOKEN = "kube-secret-0123456789abcdef"
VERBS = ["get", "list", "patch", "delete"]
GROUPS = [version.split("/") for version in KINDS if "/" in version]
VERSIONS = [{"groupVersion": f"{group}/{version}", "version": version} for group, version in GROUPS]
ROOTS: dict[str, Json] = {
    "/api": {"kind": "APIVersions", "versions": ["v1"]},
    "/apis": {
        "kind": "APIGroupList",
        "apiVersion": "v1",
        "groups": [
            {"name": group, "versions": [told], "preferredVersion": told}
            for (group, _), told in zip(GROUPS, VERSIONS, strict=True)
        ],
    },
}
PAGE = 2  # less than what is asked for, so that clients must turn the page


@dataclass
class Cluster:
    """A cluster, with what tests look at: every request, and every object that was applied."""

    objects: Objects = field(default_factory=Objects)
    requests: list[str] = field(default_factory=list)
    applied: list[Json] = field(default_factory=list)
    forbidden: set[tuple[str, str]] = field(default_factory=set)  # verb and collection
    token: str = TOKEN
    quota: str = ""
    drops: int = 0  # so many answers are not given
    breaks: set[str] = field(default_factory=set)  # pods whose log breaks off, once
    ends: bool = False

    def __post_init__(self) -> None:
        self.controller = Controller(self.objects)
        for name in ("default", "audio"):
            self.objects.put(("namespaces", "", name), {"kind": "Namespace", "metadata": {"name": name}})

    def deployment(self, name: str = "song", namespace: str = "audio") -> Json:
        return self.objects.get(("deployments", namespace, name))

    def pods(self, namespace: str = "audio") -> list[Json]:
        return self.objects.selected("pods", namespace)

    def read(self, key: Key) -> Json:
        if key[0] == "deployments" and key in self.objects.kept:
            self.controller.look(*key[1:])
        return self.objects.get(key)

    def apply(self, key: Key, body: Json, query: dict[str, str]) -> Json:
        if "fieldManager" not in query:
            raise Refused(422, "Invalid", "PatchOptions.meta.k8s.io is invalid: fieldManager: Required value")
        if key[1] and ("namespaces", "", key[1]) not in self.objects.kept:
            raise Refused(404, "NotFound", f'namespaces "{key[1]}" not found')
        self._check(key, body)
        body = merged({"metadata": {"namespace": key[1], "name": key[2]}}, body)
        made = merged(self.objects.kept.get(key, {}), body)
        if query.get("dryRun") == "All":
            return made
        self.applied.append(deepcopy(body))
        return self.objects.put(key, made)

    def _check(self, key: Key, body: Json) -> None:
        if self.quota:
            told = f'{named(key[0])} "{key[2]}" is forbidden: exceeded quota: {self.quota}'
            raise Refused(403, "Forbidden", told)
        if unknown := unknown_fields(body):
            told = f"failed to create typed patch object: {unknown[0]}: field not declared in schema"
            raise Refused(400, "BadRequest", told)
        before = self.objects.kept.get(key, body)
        if before.get("spec", {}).get("selector") != body.get("spec", {}).get("selector"):
            told = f'{body["kind"]}.apps "{key[2]}" is invalid: spec.selector: Invalid value: …: field is immutable'
            raise Refused(422, "Invalid", told)

    def log(self, pod: Json, query: dict[str, str]) -> str:
        name, previous = pod["metadata"]["name"], query.get("previous") == "true"
        if "status" not in pod:
            raise Refused(400, "BadRequest", f'container "worker" in pod "{name}" is waiting to start')
        containers = [one["name"] for one in pod["spec"]["containers"]]
        container = query.get("container", containers[0])
        if len(containers) > 1 and "container" not in query:
            raise Refused(400, "BadRequest", f"a container name must be specified for pod {name}, choose one of: ...")
        said = self.controller.logs.get((name, container if len(containers) > 1 else "", previous), [])
        since = query.get("sinceTime", "")[:19]
        lines = [
            f"{time} {line}" if query.get("timestamps") == "true" else line for time, line in said if time >= since
        ]
        return "".join(f"{line}\n" for line in lines[-int(query.get("tailLines", "1000000")) :])


class Handler(BaseHTTPRequestHandler):
    cluster: Cluster
    lock: threading.Lock
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # head and body in one packet: else each answer waits for an acknowledgement

    def do_GET(self) -> None:
        self.answer_with(self.get)

    def follow(self, pod: Json) -> None:
        """Write each line as it is said, in pieces, until the pod is gone."""
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        told, name = 0, pod["metadata"]["name"]
        while True:
            with self.lock:
                text = self.cluster.log(pod, self.query()).encode()[told:]
                ends = self.cluster.ends or pod not in self.cluster.objects.kept.values()
            for piece in (text[: len(text) // 2], text[len(text) // 2 :]):
                if piece:
                    self.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece))
                    self.wfile.flush()
            told += len(text)
            if ends or name in self.cluster.breaks:
                break
            time.sleep(0.01)
        if name in self.cluster.breaks:  # without the piece that says that it is the last one
            self.cluster.breaks.remove(name)
            self.close_connection = True
        else:
            self.wfile.write(b"0\r\n\r\n")

    def do_PATCH(self) -> None:
        self.answer_with(self.patch)

    def do_DELETE(self) -> None:
        self.answer_with(lambda: self.cluster.objects.remove(self.key()))

    def get(self) -> Any:
        version, collection, name, part = self.place()
        if not version:
            return ROOTS[urlsplit(self.path).path]
        if not collection:
            return discovered(version)
        if part == "log":
            return self.cluster.log(self.cluster.read(self.key()), self.query())
        return self.cluster.read(self.key()) if name else self.listed(collection)

    def listed(self, collection: str) -> Json:
        query = self.query()
        namespace = self.namespace()
        for key in [
            key for key in self.cluster.objects.kept if key[:2] == (collection, namespace) == ("deployments", namespace)
        ]:
            self.cluster.read(key)
        found = self.cluster.objects.selected(
            collection, namespace, query.get("labelSelector", ""), query.get("fieldSelector", "")
        )
        start = int(query.get("continue") or 0)
        more = {"continue": str(start + PAGE)} if len(found) > start + PAGE else {}
        return {"kind": "List", "metadata": more, "items": found[start : start + PAGE]}

    def patch(self) -> Json:
        body, kind = json.loads(self.read_body), self.headers["Content-Type"]
        if kind == "application/apply-patch+yaml":
            return self.cluster.apply(self.key(), body, self.query())
        if kind == "application/merge-patch+json":
            before = self.cluster.objects.get(self.key())
            return self.cluster.objects.put(self.key(), merged(before, body))
        raise Refused(415, "UnsupportedMediaType", f"the body of the request was in an unknown format - {kind}")

    def place(self) -> tuple[str, str, str, str]:
        """The group and version, the collection, the name, and what of it."""
        _, api, *steps = urlsplit(self.path).path.split("/")
        if api not in {"api", "apis"}:
            raise Refused(404, "NotFound", "the server could not find the requested resource")
        if not steps:
            return "", "", "", ""
        version = steps.pop(0) if api == "api" else "/".join((steps.pop(0), steps.pop(0)))
        if steps[:1] == ["namespaces"] and len(steps) > 2:
            steps = steps[2:]
        collection, name, part = [*steps, "", "", ""][:3]
        return version, collection, name, part

    def namespace(self) -> str:
        steps = urlsplit(self.path).path.split("/")
        return steps[steps.index("namespaces") + 1] if "namespaces" in steps and self.place()[1] not in OUTSIDE else ""

    def key(self) -> Key:
        _, collection, name, _ = self.place()
        return collection, self.namespace(), name

    def query(self) -> dict[str, str]:
        return {key: values[-1] for key, values in parse_qs(urlsplit(self.path).query).items()}

    def check(self) -> None:
        if self.headers.get("Authorization") != f"Bearer {self.cluster.token}":
            raise Refused(401, "Unauthorized", "Unauthorized")
        _, collection, name, part = self.place()
        verb = {"GET": "get" if name else "list"}.get(self.command, self.command.lower())
        kind = f"{collection}/{part}" if part else collection
        if (verb, kind) in self.cluster.forbidden:
            told = f'{named(kind)} "{name}" is forbidden: User "ada" cannot {verb} resource "{kind}" in API group ""'
            raise Refused(403, "Forbidden", f'{told} in the namespace "{self.namespace()}"')

    def answer_with(self, make: Callable[[], Any]) -> None:
        self.read_body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        with self.lock:
            self.cluster.requests.append(f"{self.command} {self.path}")
            if self.cluster.drops:
                self.cluster.drops -= 1
                self.close_connection = True
                return
            try:
                self.check()
                if self.query().get("follow") != "true":
                    self.answer(200, make())
                    return
                pod = self.cluster.read(self.key())
                self.cluster.log(pod, self.query())
            except Refused as refused:
                told = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "message": str(refused)}
                self.answer(refused.code, told | {"reason": refused.reason, "code": refused.code})
                return
        self.follow(pod)

    def answer(self, status: int, answer: Any) -> None:
        body = (answer if isinstance(answer, str) else json.dumps(answer)).encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/plain" if isinstance(answer, str) else "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Say nothing of each request."""


def discovered(version: str) -> Json:
    if version not in KINDS:
        raise Refused(404, "NotFound", "the server could not find the requested resource")
    resources = [
        {"kind": kind, "name": name, "singularName": kind.lower(), "namespaced": name not in OUTSIDE, "verbs": VERBS}
        for kind, name in KINDS[version].items()
    ]
    return {"kind": "APIResourceList", "groupVersion": version, "resources": resources}


@contextmanager
def kubernetes_server(keys: tuple[Path, Path] | None = None) -> Iterator[tuple[Cluster, str]]:
    """Serve a cluster with the namespaces default and audio, by HTTPS if it has `keys`; with it comes its address."""
    cluster = Cluster()
    handler = type("HandlerOfOne", (Handler,), {"cluster": cluster, "lock": threading.Lock()})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True  # a client may keep its connection
        if keys:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*keys)
            server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield cluster, f"http{'s' if keys else ''}://127.0.0.1:{server.server_port}"
        cluster.ends = True
        server.shutdown()
        thread.join()


def kubeconfig(file: Path, address: str, user: Json | None = None, **cluster: str) -> Path:
    """Write a file of kubectl's with one context, studio, the current one; another, elsewhere, leads nowhere."""
    chosen = {"cluster": "studio", "user": "ada", "namespace": "audio"}
    written = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "studio",
        "clusters": [
            {"name": "studio", "cluster": {"server": address, **cluster}},
            {"name": "elsewhere", "cluster": {"server": "http://127.0.0.1:1"}},
        ],
        "users": [{"name": "ada", "user": {"token": TOKEN} if user is None else user}],
        "contexts": [
            {"name": "studio", "context": chosen},
            {"name": "elsewhere", "context": {"cluster": "elsewhere", "user": "ada"}},
        ],
    }
    file.write_text(yaml.safe_dump(written))
    return file
