"""A BigQuery for tests: as much of its REST API as Beam's transforms use, over HTTP, with its media in Cloud Storage.

It keeps tables in memory, loads and exports them by files in buckets as the service does, answers queries by SQLite,
and wants a token. Jobs are done as soon as they are asked for. (cloud.google.com/bigquery/docs/reference/rest)
"""

from __future__ import annotations

import io
import json
import re
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import fastavro
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from .kit import Cloud

TOKEN = "a-token-of-this-test"
AVRO = {"STRING": "string", "INTEGER": "long", "FLOAT": "double", "BOOLEAN": "boolean", "BYTES": "bytes"}


class Refused(Exception):
    """What the service says no to; `status` is HTTP's, `reason` the service's own word."""

    def __init__(self, status: int, reason: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.reason = reason


@dataclass
class Table:
    fields: list[dict[str, str]]
    rows: list[dict[str, Any]] = field(default_factory=list)

    def add(self, row: dict[str, Any]) -> None:
        for name in row.keys() - {one["name"] for one in self.fields}:
            raise Refused(400, "invalid", f"JSON parsing error in row: No such field: {name}.")
        self.rows.append(row)


class BigQuery:
    """Tables by `project.dataset.table`, and the jobs that were run."""

    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud
        self.tables: dict[str, Table] = {}
        self.datasets: set[str] = set()
        self.jobs: dict[str, dict[str, Any]] = {}

    def table(self, name: str) -> Table:
        if name not in self.tables:
            raise Refused(404, "notFound", f"Not found: Table {name}")
        return self.tables[name]

    def run(self, job: dict[str, Any]) -> dict[str, Any]:
        job |= {"status": {"state": "DONE"}, "id": job["jobReference"]["jobId"], "statistics": {}}
        self.jobs[job["id"]] = job
        asked = job["configuration"]
        try:
            for kind in ("load", "extract", "query"):
                if kind in asked:
                    getattr(self, f"_{kind}")(asked[kind], job)
        except Refused as error:  # a job that failed is an answer, no error of HTTP
            job["status"]["errorResult"] = {"reason": error.reason, "message": str(error)}
        return job

    def _load(self, asked: dict[str, Any], _job: dict[str, Any]) -> None:
        name = named(asked["destinationTable"])
        if name not in self.tables:
            if asked.get("createDisposition") == "CREATE_NEVER":
                raise Refused(404, "notFound", f"Not found: Table {name}")
            if "schema" not in asked:
                raise Refused(400, "invalid", "No schema specified on job or table.")
        table = self.tables.get(name) or Table(asked["schema"]["fields"])
        if table.rows and asked.get("writeDisposition") == "WRITE_EMPTY":
            raise Refused(409, "duplicate", f"Already Exists: Table {name}")
        loaded = Table(table.fields, [] if asked.get("writeDisposition") == "WRITE_TRUNCATE" else list(table.rows))
        for uri in asked["sourceUris"]:
            for line in (self.cloud.get(uri) or b"").splitlines():
                loaded.add(json.loads(line))
        self.tables[name] = loaded

    def _extract(self, asked: dict[str, Any], _job: dict[str, Any]) -> None:
        assert asked["destinationFormat"] == "AVRO"
        table = self.table(named(asked["sourceTable"]))
        fields = [{"name": one["name"], "type": ["null", AVRO[one["type"]]]} for one in table.fields]
        file = io.BytesIO()
        fastavro.writer(file, {"type": "record", "name": "Root", "fields": fields}, table.rows)
        (uri,) = asked["destinationUris"]
        self.cloud.put(uri.replace("*", "000000000000"), file.getvalue())

    def _query(self, asked: dict[str, Any], job: dict[str, Any]) -> None:
        sql = re.sub(r"\[([^\]:]+):([^\]]+)\]|`([^`]+)`", r'"\1.\2\3"', asked["query"]).replace('".', '"')
        reads = [name for name in self.tables if f'"{name}"' in sql]
        found = {"referencedTables": [reference(name) for name in reads]}
        job["statistics"] = {"query": found, "totalBytesProcessed": "1000"}
        if job["configuration"].get("dryRun"):
            return
        with sqlite3.connect(":memory:") as database:
            for name in reads:
                columns = [one["name"] for one in self.tables[name].fields]
                database.execute(f'CREATE TABLE "{name}" ({", ".join(columns)})')
                values = [[row.get(column) for column in columns] for row in self.tables[name].rows]
                database.executemany(f'INSERT INTO "{name}" VALUES ({", ".join("?" * len(columns))})', values)
            answer = database.execute(sql)
            names = [column[0] for column in answer.description]
            rows = [dict(zip(names, row, strict=True)) for row in answer]
        kinds = {str: "STRING", int: "INTEGER", float: "FLOAT"}
        fields = [{"name": name, "type": kinds[type(rows[0][name])]} for name in names]
        self.tables[named(asked["destinationTable"])] = Table(fields, rows)


def named(table: dict[str, str]) -> str:
    return f"{table['projectId']}.{table['datasetId']}.{table['tableId']}"


def reference(name: str) -> dict[str, str]:
    return dict(zip(("projectId", "datasetId", "tableId"), name.split("."), strict=True))


class Handler(BaseHTTPRequestHandler):
    """The service's paths."""

    bigquery: BigQuery

    def answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        try:
            self.send(200, self.found(self.path.partition("?")[0], body))
        except Refused as error:
            what = {"code": error.status, "message": str(error), "errors": [{"reason": error.reason}]}
            self.send(error.status, {"error": what})

    def found(self, path: str, body: bytes) -> Any:
        if path == "/token":
            return {"access_token": TOKEN, "token_type": "Bearer", "expires_in": 3600}
        if self.headers.get("Authorization") != f"Bearer {TOKEN}":
            raise Refused(401, "authError", "no token, or not the right one")
        parts = re.fullmatch(r"/bigquery/v2/projects/([^/]+)/(jobs|datasets)(?:/(.+))?", path)
        assert parts is not None, path
        return getattr(self, f"{self.command.lower()}_{parts[2]}")(parts[1], parts[3], body)

    do_GET = do_POST = do_DELETE = answer  # noqa: N815  (names of the standard library)

    def post_jobs(self, _project: str, _id: None, body: bytes) -> Any:
        return self.bigquery.run(json.loads(body))

    def get_jobs(self, _project: str, job: str, _body: bytes) -> Any:
        return self.bigquery.jobs[job]

    def post_datasets(self, project: str, _id: None, body: bytes) -> Any:
        dataset = json.loads(body)
        self.bigquery.datasets.add(f"{project}.{dataset['datasetReference']['datasetId']}")
        return dataset

    def get_datasets(self, project: str, path: str, _body: bytes) -> Any:
        dataset, _, table = path.partition("/tables/")
        if table:
            name = f"{project}.{dataset}.{table}"
            kept = self.bigquery.table(name)
            size = str(len(repr(kept.rows)))
            return {"tableReference": reference(name), "schema": {"fields": kept.fields}, "numBytes": size}
        if f"{project}.{dataset}" not in self.bigquery.datasets:
            raise Refused(404, "notFound", f"Not found: Dataset {project}:{dataset}")
        return {"datasetReference": {"projectId": project, "datasetId": dataset}}

    def delete_datasets(self, project: str, dataset: str, _body: bytes) -> Any:
        name = f"{project}.{dataset}"
        self.bigquery.datasets.remove(name)
        for table in [table for table in self.bigquery.tables if table.startswith(f"{name}.")]:
            del self.bigquery.tables[table]
        return {}

    def send(self, status: int, answer: Any) -> None:
        body = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Say nothing of each request."""


@contextmanager
def bigquery_server(cloud: Cloud) -> Iterator[tuple[BigQuery, str]]:
    """Serve an empty BigQuery, whose files are in `cloud`; with it comes its address."""
    bigquery = BigQuery(cloud)
    handler = type("HandlerOfOne", (Handler,), {"bigquery": bigquery})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield bigquery, f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def key_file(directory: Path, address: str) -> Path:
    """The key of a service account that gets its token from the server."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    text = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    account = {"type": "service_account", "project_id": "proj", "client_email": "me@proj", "private_key": text}
    path = directory / "key.json"
    path.write_text(json.dumps(account | {"token_uri": f"{address}/token"}))
    return path
