"""The separator's front: uploads, status reads, and server-sent events to fifty pages.

Front and local cloud are processes of their own, clients are real ones in this process, and all of them share the
processors. Jobs do not run, so what is not measured here is the separation itself, and how a front does beside
workers that take all processors. Wrong is an answer that is not the one expected, and an event that does not come.
"""

from __future__ import annotations

import http.client
import json
import math
import os
import random
import selectors
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from benchmarks.local_front import Cloud, Front, a_cloud, hashes, until_ready
from benchmarks.table import Row, check
from klio.events import pubsub
from klio_core.status import State, Status

_BOUNDARY = "benchmark"
_HEAD = (
    f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="song.wav"\r\n'
    "Content-Type: audio/wav\r\n\r\n"
).encode()
_TAIL = f"\r\n--{_BOUNDARY}--\r\n".encode()
_FORM = {"Content-Type": f"multipart/form-data; boundary={_BOUNDARY}"}


@dataclass(frozen=True)
class Size:
    """How much of everything."""

    songs: int
    uploads: int
    upload_bytes: int
    reads: int
    clients: int
    pages: int
    told: int
    rounds: int
    every_s: float = 0.5


_WHOLE = Size(1_000, uploads=200, upload_bytes=10_000_000, reads=8_000, clients=16, pages=50, told=10, rounds=40)
_SHORT = Size(30, uploads=2, upload_bytes=100_000, reads=60, clients=4, pages=5, told=2, rounds=3, every_s=0.1)


def rows(*, short: bool) -> list[Row]:
    """Measure, and check the answers."""
    size = _SHORT if short else _WHOLE
    done, open_ = hashes(0, size.songs - size.told), hashes(size.songs - size.told, size.songs)
    with a_cloud() as cloud:
        cloud.fill(done)
        cloud.fill(open_, done=False)
        with cloud.front() as front:
            until_ready(front)
            read, shown = _reads(front, done, size), _pages(cloud, front, open_, size)
            return [*read, *_first_events(front, open_), *shown, *_uploads(front, size)]


def _uploads(front: Front, size: Size) -> list[Row]:
    """Measure uploads one after the other, from the first byte and from the last one to the whole answer (ms)."""
    line = front.connect()
    line.connect()
    cpu, sent, whole = front.cpu_s, [], []
    for _ in range(size.uploads):
        body = _HEAD + _song(size.upload_bytes) + _TAIL
        began = time.perf_counter()
        line.request("POST", "/v1/songs", body, _FORM)
        last = time.perf_counter()
        answer = line.getresponse()
        said = answer.read()
        ended = time.perf_counter()
        check(answer.status == 202, f"an upload was answered {answer.status}: {said[:300]!r}")
        sent.append(1000 * (ended - last))
        whole.append(1000 * (ended - began))
    line.close()
    each = f"{1000 * (front.cpu_s - cpu) / size.uploads:.0f} ms of the front's CPU"
    what = f"202 for {size.upload_bytes / 1e6:g} MB, after the last byte was sent"
    return [
        Row(what, "p99 ≤ 300 ms", _spread(sent)),
        Row("the same, from the first byte on", "", f"{_spread(whole)}; {each}"),
    ]


def _song(size: int) -> bytes:
    """Answer a WAV of noise, another one each time."""
    head = b"RIFF%bWAVEfmt \x10\0\0\0\1\0\2\0\x44\xac\0\0\x10\xb1\2\0\4\0\x10\0data%b"
    return head % ((size - 8).to_bytes(4, "little"), (size - 44).to_bytes(4, "little")) + os.urandom(size - 44)


def _reads(front: Front, songs: Sequence[str], size: Size) -> list[Row]:
    """Measure reads of a song's state, by one client and by several at once (ms)."""
    one = _read(front, songs, size.reads // 2, seed=0)
    began = time.perf_counter()
    with ThreadPoolExecutor(size.clients) as pool:
        each = size.reads // size.clients
        reading = [pool.submit(_read, front, songs, each, seed=number) for number in range(size.clients)]
        several = [ms for those in reading for ms in those.result()]
    rate = len(several) / (time.perf_counter() - began)
    what = f"state of a song of {size.songs:,}"
    return [
        Row(f"{what}, one client", "p99 ≤ 50 ms", _spread(one)),
        Row(f"the same, {size.clients} clients at once", "p99 ≤ 50 ms", f"{_spread(several)}; {rate:,.0f} per second"),
    ]


def _read(front: Front, songs: Sequence[str], count: int, seed: int) -> list[float]:
    line, chance, took = front.connect(), random.Random(seed), []
    for _ in range(count):
        song = chance.choice(songs)
        began = time.perf_counter()
        status, said = _asked(line, "GET", f"/v1/songs/{song}")
        took.append(1000 * (time.perf_counter() - began))
        check(status == 200 and json.loads(said)["state"] == "done", f"{song} was answered {status}: {said[:300]!r}")
    line.close()
    return took


def _first_events(front: Front, songs: Sequence[str]) -> list[Row]:
    """Measure the time from the beginning of a connection to the first song that it brings (ms)."""
    addresses = {"all songs": "/v1/events", "one song": f"/v1/songs/{songs[0]}/events"}
    found = []
    for what, address in addresses.items():
        took = [_first_event(front, address) for _ in range(20)]
        found.append(Row(f"first event of {what}", "≤ 500 ms", _spread(took)))
    return found


def _first_event(front: Front, address: str) -> float:
    began = time.perf_counter()
    line = front.connect()
    line.request("GET", address)
    answer = line.getresponse()
    while not (said := answer.readline()).startswith(b"event: song"):
        check(bool(said), f"{address} ended before an event came")
    took = 1000 * (time.perf_counter() - began)
    line.close()
    return took


@dataclass
class Page:
    """A page that is open: what has come of the events, and which records its events have shown."""

    line: http.client.HTTPConnection
    rest: bytes = b""
    shown: dict[str, int] = field(default_factory=dict)

    @classmethod
    def open(cls, front: Front) -> Page:
        line = front.connect()
        line.request("GET", "/v1/events")
        line.getresponse()  # reads the headers; the socket is read directly from here on
        return cls(line)

    def read(self) -> Iterator[tuple[str, int]]:
        """Yield the song and the number of the record of each event that has come."""
        self.rest += self.line.sock.recv(1 << 20)
        *lines, self.rest = self.rest.split(b"\n")
        for line in lines:
            if line.startswith(b"data: {"):
                song = json.loads(line.removeprefix(b"data: "))
                yield song["hash"], round(song["progress"] * 1000)


def _pages(cloud: Cloud, front: Front, songs: Sequence[str], size: Size) -> list[Row]:
    """Measure the time from a record to the event that shows it, or a later one, on each of many pages (ms)."""
    pages = [Page.open(front) for _ in range(size.pages)]
    told: dict[tuple[str, int], float] = {}
    cpu, began = front.cpu_s, time.monotonic()
    with ThreadPoolExecutor(1) as pool:
        worker = pool.submit(_work, cloud, songs, size, told)
        took = _watch(pages, told, worker.done, dict.fromkeys(songs, size.rounds))
        worker.result()
    busy = (front.cpu_s - cpu) / (time.monotonic() - began)
    for page in pages:
        page.line.close()
    rate = len(songs) / size.every_s
    what = f"a record until it is on {size.pages} pages; {len(songs)} songs, {rate:g} records per second"
    return [
        Row(what, "", _spread(took)),
        Row("the front meanwhile", "", f"{100 * busy:.0f} % of a processor, {front.resident_mib:.0f} MiB"),
    ]


def _work(cloud: Cloud, songs: Sequence[str], size: Size, told: dict[tuple[str, int], float]) -> None:
    """Tell of some songs as a worker does, one after the other, each every `every_s`."""
    job, topic = cloud.places.separate.ref.job_name, cloud.places.status_topic
    for number in range(1, size.rounds + 1):
        for song in songs:
            time.sleep(size.every_s / len(songs))
            record = Status(song.encode(), job, State.WORKING, time.time(), number / 1000, "separating", worker="w")
            told[song, number] = time.perf_counter()
            pubsub.publish(topic, record.encode(), job=job)


def _watch(
    pages: Sequence[Page], told: dict[tuple[str, int], float], ended: Callable[[], bool], last: dict[str, int]
) -> list[float]:
    """Read all pages until each has shown the last record of each song."""
    took: list[float] = []
    with selectors.DefaultSelector() as ready:
        for page in pages:
            ready.register(page.line.sock, selectors.EVENT_READ, page)
        deadline = time.monotonic() + 300
        while not (ended() and all(page.shown == last for page in pages)):
            check(time.monotonic() < deadline, "the last records are not on all pages")
            for key, _ in ready.select(0.1):
                now = time.perf_counter()
                for song, number in key.data.read():
                    new = range(key.data.shown.get(song, 0) + 1, number + 1)
                    took += [1000 * (now - told[song, one]) for one in new]
                    key.data.shown[song] = number
    return took


def _asked(line: http.client.HTTPConnection, method: str, address: str) -> tuple[int, bytes]:
    line.request(method, address)
    answer = line.getresponse()
    return answer.status, answer.read()


def _spread(took: Sequence[float]) -> str:
    p99 = sorted(took)[math.ceil(0.99 * len(took)) - 1]
    return f"median {statistics.median(took):.1f} ms, p99 {p99:.1f} ms, worst {max(took):.1f} ms"
