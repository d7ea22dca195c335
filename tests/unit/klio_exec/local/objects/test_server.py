"""The server itself: ports, directories, its death, and requests that no client of Google's would make."""

import http.client
import json
import socket
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from google.auth.credentials import AnonymousCredentials
from google.cloud import storage

from klio_core.errors import LocalCloudError
from klio_exec.local.objects import ObjectServer, local_objects


def ask(
    endpoint: str, method: str, target: str, body: bytes = b"", **headers: str
) -> tuple[int, bytes, dict[str, str]]:
    connection = http.client.HTTPConnection(urlsplit(endpoint).netloc)
    try:
        connection.request(method, target, body, {name.replace("_", "-"): value for name, value in headers.items()})
        answer = connection.getresponse()
        return answer.status, answer.read(), dict(answer.getheaders())
    finally:
        connection.close()


def put(endpoint: str, bucket: str, name: str, content: bytes) -> None:
    assert ask(endpoint, "POST", f"/upload/storage/v1/b/{bucket}/o?uploadType=media&name={name}", content)[0] == 200


def get(endpoint: str, bucket: str, name: str) -> bytes:
    return ask(endpoint, "GET", f"/download/storage/v1/b/{bucket}/o/{name}?alt=media")[1]


def test_a_port_in_use_is_named_with_what_to_do(tmp_path: Path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        with pytest.raises(LocalCloudError) as refusal, local_objects(tmp_path, port):
            pass

    assert refusal.value.what == f"port {port} is in use by another program"
    assert "choose another port" in str(refusal.value.todo)
    with local_objects(tmp_path, port):  # and nothing was kept back, neither the port nor the directory
        pass


def test_a_second_server_of_one_directory_is_refused(tmp_path: Path):
    with local_objects(tmp_path), pytest.raises(LocalCloudError) as refusal:
        ObjectServer(tmp_path)

    assert refusal.value.where == str(tmp_path)


def test_what_was_kept_is_there_after_a_restart(tmp_path: Path):
    with local_objects(tmp_path, make_buckets=True) as endpoint:
        put(endpoint, "bucket", "a", b"sound")
    with local_objects(tmp_path) as endpoint:
        assert get(endpoint, "bucket", "a") == b"sound"


def test_stopping_ends_connections_that_clients_keep_open(tmp_path: Path):
    server = ObjectServer(tmp_path)
    server.start()
    connection = http.client.HTTPConnection(urlsplit(server.endpoint).netloc)
    connection.request("GET", "/")
    assert connection.getresponse().read()

    server.stop()

    assert connection.sock.recv(1) == b""  # the end of the stream
    connection.close()


SERVE = """
import sys, threading
from pathlib import Path
from klio_exec.local.objects import local_objects
with local_objects(Path(sys.argv[1]), make_buckets=True) as endpoint:
    print(endpoint, flush=True)
    threading.Event().wait()
"""


@pytest.fixture
def start(tmp_path: Path):
    running = []

    def start() -> tuple[str, subprocess.Popen]:
        process = subprocess.Popen([sys.executable, "-c", SERVE, str(tmp_path)], stdout=subprocess.PIPE, text=True)
        running.append(process)
        return process.stdout.readline().strip(), process

    yield start
    for process in running:
        process.kill()
        process.wait()
        process.stdout.close()


def test_after_a_kill_everything_that_was_answered_is_there_and_nothing_else(start, tmp_path: Path):
    endpoint, process = start()
    for number in range(20):
        put(endpoint, "bucket", f"n{number}", b"%d" % number * 1000)
    put(endpoint, "bucket", "n0", b"replaced")
    with socket.create_connection(urlsplit(endpoint).netloc.split(":")) as half:  # an upload in the middle of its way
        half.sendall(b"POST /upload/storage/v1/b/bucket/o?uploadType=media&name=half HTTP/1.1\r\n")
        half.sendall(b"Host: here\r\nContent-Length: 4000000\r\n\r\n" + b"x" * 2_000_000)
        process.kill()
        process.wait()

    endpoint, _ = start()

    listed = json.loads(ask(endpoint, "GET", "/storage/v1/b/bucket/o")[1])["items"]
    assert {entry["name"] for entry in listed} == {f"n{number}" for number in range(20)}
    assert get(endpoint, "bucket", "n0") == b"replaced"
    assert get(endpoint, "bucket", "n19") == b"19" * 1000
    assert list((tmp_path / "parts").iterdir()) == []
    assert len(list((tmp_path / "contents").iterdir())) == 20


def test_a_resumable_upload_goes_on_after_a_kill(start):
    endpoint, process = start()
    begun = ask(
        endpoint, "POST", "/upload/storage/v1/b/bucket/o?uploadType=resumable&name=a&ifGenerationMatch=0", b"{}"
    )
    upload = urlsplit(begun[2]["Location"])._replace(scheme="", netloc="").geturl()
    status, _, headers = ask(endpoint, "PUT", upload, b"0123", Content_Range="bytes 0-3/*")
    assert (status, headers["Range"]) == (308, "bytes=0-3")
    process.kill()
    process.wait()

    endpoint, _ = start()

    status, _, headers = ask(endpoint, "PUT", upload, Content_Range="bytes */*")
    assert (status, headers["Range"]) == (308, "bytes=0-3")
    status, body, _ = ask(endpoint, "PUT", upload, b"23456789", Content_Range="bytes 2-9/10")  # overlapping
    assert (status, json.loads(body)["size"]) == (200, "10")
    assert ask(endpoint, "PUT", upload, Content_Range="bytes */10")[1] == body  # asked again: the same answer
    assert get(endpoint, "bucket", "a") == b"0123456789"


def test_a_piece_beyond_what_has_arrived_adds_nothing(endpoint: str, bucket):
    begun = ask(endpoint, "POST", f"/upload/storage/v1/b/{bucket.name}/o?uploadType=resumable&name=a", b"{}")
    upload = begun[2]["Location"].removeprefix(endpoint)

    status, _, headers = ask(endpoint, "PUT", upload, b"56789", Content_Range="bytes 5-9/10")

    assert (status, "Range" in headers) == (308, False)
    assert ask(endpoint, "DELETE", upload)[0] == 499
    assert ask(endpoint, "PUT", upload, b"", Content_Range="bytes */10")[0] == 404


@pytest.mark.parametrize(
    ("method", "target", "body", "headers", "status"),
    [
        ("GET", "/", b"", {}, 200),
        ("GET", "/nothing/here", b"", {}, 501),
        ("PUT", "/storage/v1/b", b"", {}, 501),
        ("GET", "/storage/v1/b/{bucket}/o/%ff", b"", {}, 400),
        ("POST", "/storage/v1/b", b"not json", {}, 400),
        ("POST", "/storage/v1/b", b"[]", {}, 400),
        ("POST", "/storage/v1/b", b"{}", {}, 400),
        ("GET", "/storage/v1/b/{bucket}/o?maxResults=many", b"", {}, 400),
        ("GET", "/storage/v1/b/{bucket}/o?pageToken=%21", b"", {}, 400),
        ("GET", "/storage/v1/b/{bucket}/o/a?ifGenerationMatch=x", b"", {}, 400),
        ("POST", "/upload/storage/v1/b/{bucket}/o?uploadType=odd&name=a", b"x", {}, 400),
        ("POST", "/upload/storage/v1/b/{bucket}/o?uploadType=media", b"x", {}, 400),
        ("POST", "/upload/storage/v1/b/{bucket}/o?uploadType=multipart", b"x", {}, 400),
        ("PUT", "/upload/storage/v1/b/{bucket}/o?upload_id=unknown", b"x", {}, 404),
        ("POST", "/upload/storage/v1/b/{bucket}/o?name=a", b"", {"Transfer_Encoding": "chunked"}, 411),
        ("POST", "/batch/storage/v1", b"x", {"Content_Type": "text/plain"}, 400),
        ("GET", "/storage/v1/b/{bucket}/o/a", b"", {}, 404),
    ],
)
def test_a_request_that_makes_no_sense_is_answered_and_the_server_goes_on(
    endpoint: str, bucket, method, target, body, headers, status
):
    answered, content, _ = ask(endpoint, method, target.format(bucket=bucket.name), body, **headers)

    assert answered == status
    assert status == 200 or json.loads(content)["error"]["code"] == status
    assert ask(endpoint, "GET", "/")[0] == 200


def test_an_object_as_large_as_that_never_lies_in_memory_whole(start, tmp_path: Path):
    endpoint, process = start()
    client = storage.Client(project="x", credentials=AnonymousCredentials(), client_options={"api_endpoint": endpoint})
    blob = client.bucket("bucket").blob("large")
    size = 64 << 20
    with (tmp_path / "large").open("wb") as file:
        file.truncate(size)

    def peak_kb() -> int:
        status = Path(f"/proc/{process.pid}/status").read_text()
        return int(status.split("VmHWM:")[1].split()[0])

    before = peak_kb()
    blob.upload_from_filename(str(tmp_path / "large"), checksum=None)
    blob.download_to_filename(str(tmp_path / "copy"), checksum=None)
    client.close()

    assert (tmp_path / "copy").stat().st_size == size
    assert peak_kb() - before < 25_000
