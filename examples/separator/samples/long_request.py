"""Several songs at once: sent as one form, followed by events, told of by callbacks, mixed, fetched as archives.

    python samples/long_request.py one.mp3 two.flac

Callbacks come to this machine only if the job `callback` may tell it: `job_config.allow=[127.0.0.1]`.
"""

from __future__ import annotations

import argparse
import http.server
import json
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from service import Refused, Service, tones

MIX = ["bass", "drums"]


@contextmanager
def listening() -> Iterator[str]:
    """Listen for callbacks while the block runs, and say what comes. Answers the URL to be told at."""

    class Told(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            said = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            print(f"  told that {said['hash'][:12]} is {said['state']}, with {said['data']!r}")
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing of each request."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Told) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


def followed(service: Service, songs: set[str]) -> Iterator[dict[str, Any]]:
    """Say how far songs are, as they tell, and yield each that has come to its end."""
    for name, song in service.events("/v1/events", last="0"):  # from the beginning: songs that are done tell, too
        if song["hash"] not in songs or name == "removed":
            continue
        print(f"  {song['title']}: {song['state']}, {song['progress']:.0%}")
        if song["state"] in ("done", "failed"):
            songs.remove(song["hash"])
            yield song
        if not songs:
            return


def mixed(service: Service, song: dict[str, Any]) -> dict[str, Any]:
    """Ask for a mix, and answer it when it is there, or has failed."""
    name = service.ask(f"{song['links']['self']}/mixes", "POST", {"stems": MIX})["name"]
    for _, now in service.events(song["links"]["events"]):
        mix: dict[str, Any] = next(mix for mix in now["mixes"] if mix["name"] == name)
        if mix["state"] in ("done", "failed"):
            return mix
    raise AssertionError("events never end")


def work(service: Service, songs: Sequence[Path], out: Path, callback: str) -> int:
    """Send all songs, and fetch what becomes of them. Answers how many failed."""
    form = {"callback_url": callback, "callback_data": "one of several"}
    sent = service.upload("/v1/songs", "file", songs, **form)["songs"]
    failed = 0
    for song in followed(service, {one["hash"] for one in sent}):
        if song["problem"]:
            print(f"  {song['file_name']}: {song['problem']['title']}. {song['problem']['todo']}")
            failed += 1
            continue
        mix = mixed(service, song)
        print(f"  {service.fetch(song['zip_url'], out / song['hash'][:12] / 'stems.zip')}")
        if mix["url"]:
            print(f"  {service.fetch(mix['url'], out / song['hash'][:12] / 'drums and bass.mp3')}")
    return failed


def main(arguments: Sequence[str] | None = None) -> int:
    """Send songs. Answers the exit status: 3 where some of them could not be separated."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("songs", nargs="*", type=Path, help="by default, two pieces of two tones")
    options.add_argument("--seconds", type=int, default=60, help="how long these are")
    options.add_argument("--url", default="http://localhost:8080")
    options.add_argument("--token", help="where the service asks for one")
    options.add_argument("--out", type=Path, default=Path("stems"), help="where everything is written")
    asked = options.parse_args(arguments)
    with tempfile.TemporaryDirectory() as directory, listening() as callback:
        made = (tones(Path(directory) / f"{seconds} seconds.wav", seconds) for seconds in (asked.seconds, 2))
        try:
            failed = work(Service(asked.url, asked.token), asked.songs or list(made), asked.out, callback)
        except Refused as refused:
            print(refused, file=sys.stderr)
            return 1
    return 3 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main())
