"""What clients of the older interfaces sent, byte for byte, and what they got.

`NAME.request` is a request as a client put it on the line; `NAME.answer` the status, the kind of the content, and the
content. They were recorded with python-requests and curl, as the sample programs of those interfaces use them.
"""

from __future__ import annotations

import socket
from http.client import HTTPResponse
from pathlib import Path
from urllib.parse import urlsplit

from klio_exec.local.pubsub import stats
from tests.separator.web.kit import Served

FIXTURES = Path(__file__).parent / "fixtures"
SONG = FIXTURES / "short-hop.mp3"
HASH = "b2095f70220352cdde4dfd68a596893358c7c218e5a9a3728bf001e0efd54db1"
PATIENCE_S = 30


def exchange(url: str, name: str) -> str:
    """Send what a client sent, and answer what came back, in the form of the files."""
    place = urlsplit(url)
    with socket.create_connection((place.hostname, place.port), PATIENCE_S) as line:
        line.sendall((FIXTURES / f"{name}.request").read_bytes())
        answer = HTTPResponse(line)
        answer.begin()
        content = answer.read().decode()
        return f"{answer.status} {answer.headers['content-type']}\n{content}\n"


def expected(name: str) -> str:
    """Answer what a client got."""
    return (FIXTURES / f"{name}.answer").read_text()


def forget(web: Served) -> None:
    """Remove all songs, and what jobs were asked: the next test sends the same song for the first time."""
    for song in web.front.catalogue.songs():
        web.front.asking.delete(song.hash)
    for job in web.front.places.jobs:
        if stats(web.cloud.pubsub)[job.subscription]["pending"]:
            web.jobs.asked(job)
