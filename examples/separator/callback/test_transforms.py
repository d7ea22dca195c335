"""The job's own test: `klio job test`."""

import http.server
import json
import threading

import pytest
from transforms import Tell

from klio.testing import run_one

STEMS = ("vocals", "drums", "bass", "other")


@pytest.fixture
def listener():
    """Somebody who listens on this machine, and keeps what is said."""

    class Listen(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            server.heard.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_):
            """Say nothing."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Listen)
    server.heard = []
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def job(klio_config, **said):
    settings = {**klio_config.as_dict()["job_config"], **said}
    return type(klio_config)({**klio_config.as_dict(), "job_config": settings})


def files(*askers):
    stems = {f"{stem}/song": b"MP3" for stem in STEMS}
    return stems | {"askers/song": json.dumps([{"id": f"a{n}", **one} for n, one in enumerate(askers)]).encode()}


def told(result):
    return [(one["id"], one["outcome"]) for one in json.loads(result.outputs["song"])]


def test_whoever_asked_is_told_and_that_is_written_down(klio_config, listener):
    config = job(klio_config, allow=["127.0.0.1"])
    asker = {"url": f"http://127.0.0.1:{listener.server_port}/done", "data": {"n": 1}}
    result = run_one(Tell(config.job_config), "song", files=files(asker), config=config)

    assert listener.heard == [{"hash": "song", "state": "done", "stems": list(STEMS), "data": {"n": 1}}]
    assert told(result) == [("a0", "delivered")]


def test_this_machine_is_not_told_unless_the_job_file_allows_it(klio_config, listener):
    asker = {"url": f"http://localhost:{listener.server_port}/"}
    result = run_one(Tell(klio_config.job_config), "song", files=files(asker), config=klio_config)

    assert (listener.heard, told(result)) == ([], [("a0", "refused")])


def test_where_nobody_has_asked_there_is_nothing_to_do(klio_config):
    stems = {f"{stem}/song": b"MP3" for stem in STEMS}
    result = run_one(Tell(klio_config.job_config), "song", files=stems, config=klio_config, rules=True)

    assert (result.verdict.reason, result.outputs) == ("input missing", {})
