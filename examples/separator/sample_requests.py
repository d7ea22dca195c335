"""Requests to a separator that is up, with songs made of tones: `python sample_requests.py [--long] [URL]`.

A short song, 10 s; with --long one of 4 minutes. It is uploaded, followed by server-sent events until it is done,
mixed, and all its stems are fetched as one archive into the current directory.
"""

from __future__ import annotations

import argparse
import io
import json
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

_RATE = 44_100
_ENDS = {"done", "failed"}
_BOUNDARY = "a-boundary-that-no-song-has"


def main(arguments: list[str]) -> int:
    """Send them; answer 0 if everything came out."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url", nargs="?", default="http://localhost:8080")
    parser.add_argument("--long", action="store_true", help="a song of 4 minutes")
    parser.add_argument("--token", default="", help="where the separator asks for one")
    asked = parser.parse_args(arguments)
    try:
        return _send(Service(asked.url.rstrip("/"), asked.token), song(240 if asked.long else 10))
    except urllib.error.HTTPError as refused:
        print(f"{refused.code}: {refused.read().decode()}", file=sys.stderr)
    except urllib.error.URLError as error:
        print(f"nobody answers at {asked.url} ({error.reason}): make separator", file=sys.stderr)
    return 1


class Service:
    """A separator, by its address."""

    def __init__(self, url: str, token: str) -> None:
        self._url = url
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}

    def open(self, path: str, body: bytes | None = None, kind: str = "application/json") -> Any:
        """Ask for a path, with a POST where there is a body."""
        headers = self._headers | ({"Content-Type": kind} if body is not None else {})
        asked = urllib.request.Request(self._url + path, body, headers)  # noqa: S310 - the address that was given
        return urllib.request.urlopen(asked)  # noqa: S310 - as above

    def json(self, path: str, body: bytes | None = None, kind: str = "application/json") -> Any:
        """Answer what the service says in JSON."""
        with self.open(path, body, kind) as answer:
            return json.load(answer)

    def upload(self, name: str, content: bytes) -> Any:
        """Send a file as the form of a page does; answer the song."""
        head = f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'
        form = head.encode() + content + f"\r\n--{_BOUNDARY}--\r\n".encode()
        return self.json("/v1/songs", form, f"multipart/form-data; boundary={_BOUNDARY}")["songs"][0]

    def changes(self, path: str) -> Iterator[Any]:
        """Yield a song, each time that it has changed."""
        with self.open(path) as events:
            for line in events:
                if line.startswith(b"data:"):
                    yield json.loads(line[5:])


def song(seconds: float) -> bytes:
    """Answer a FLAC file of a chord, some noise and a beat."""
    time_s = np.arange(int(seconds * _RATE)) / _RATE
    chord = sum(np.sin(2 * np.pi * hertz * time_s) for hertz in (110.0, 277.2, 329.6))
    beat = np.random.default_rng(0).standard_normal(len(time_s)) * np.exp(-20 * (time_s % 0.5))
    content = io.BytesIO()
    soundfile.write(content, np.stack([0.1 * chord, 0.1 * chord + 0.2 * beat], axis=1), _RATE, format="FLAC")
    return content.getvalue()


def _send(service: Service, content: bytes) -> int:
    begun = time.monotonic()
    made = service.upload("sample.flac", content)
    print(f"uploaded {len(content):,} bytes: {made['hash']} is {made['state']}")
    made = _followed(service, made)
    if made["state"] == "failed":
        print(made["problem"]["title"], made["problem"]["todo"], sep=": ")
        return 1
    mix = service.json(f"/v1/songs/{made['hash']}/mixes", b'{"stems": ["bass", "drums"]}')
    print(f"a mix of {mix['name']} is {mix['state']}")
    archive = Path(f"{made['hash'][:12]}.zip")
    with service.open(made["zip_url"]) as answer:
        archive.write_bytes(answer.read())
    print(f"{archive}: {archive.stat().st_size:,} bytes, {time.monotonic() - begun:.1f} s after the upload began")
    return 0


def _followed(service: Service, made: Any) -> Any:
    """Tell of each change of a song; answer it as it is at its end."""
    if made["state"] in _ENDS:
        return made
    for now in service.changes(made["links"]["events"]):
        print(f"  {now['state']:<8} {now['progress']:4.0%} {now['stage'] or now['note'] or ''}")
        if now["state"] in _ENDS:
            return now
    raise urllib.error.URLError("it went away")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
