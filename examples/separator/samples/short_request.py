"""One song, through each of the three interfaces: sent, waited for, fetched.

python samples/short_request.py song.mp3
"""

from __future__ import annotations

import argparse
import base64
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from service import Refused, Service, tones

PAUSE_S = 0.5


def by_v1(service: Service, song: Path, out: Path) -> list[Path]:
    """The interface of today: everything that one wants to know of a song, and all its stems as one archive."""
    (sent,) = service.upload("/v1/songs", "file", [song])["songs"]
    while (now := service.ask(sent["links"]["self"]))["state"] in ("queued", "working"):
        print(f"  {now['state']}, {now['progress']:.0%}")
        time.sleep(PAUSE_S)
    if now["problem"]:
        raise SystemExit(f"  {now['problem']['title']}. {now['problem']['detail']} {now['problem']['todo']}")
    stems = [service.fetch(stem["url"], out / "v1" / f"{stem['name']}.mp3") for stem in now["stems"]]
    return [*stems, service.fetch(now["zip_url"], out / "v1" / "stems.zip")]


def by_apiv1(service: Service, song: Path, out: Path) -> list[Path]:
    """An older interface: the song in base64, tracks by its hash."""
    mp3 = base64.b64encode(song.read_bytes()).decode()
    sent = service.ask("/apiv1/separate", "POST", {"mp3": mp3, "callback": None})
    print(f"  {sent['reason']}: {sent['hash']}")
    fetched = []
    for track in ("bass.mp3", "drums.mp3", "vocals.mp3", "other.mp3"):
        while True:
            try:
                fetched.append(service.fetch(f"/apiv1/track/{sent['hash']}/{track}", out / "apiv1" / track))
                break
            except Refused as refused:
                if refused.kind != "not-there-yet":
                    raise
            print(f"  {len(service.ask('/apiv1/queue')['queue'])} in the queue")
            time.sleep(PAUSE_S)
    return fetched


def by_music(service: Service, song: Path, out: Path) -> list[Path]:
    """Another one: everything has a number, and what one wants is a mix of some tracks."""
    music = service.upload("/music", "myFile", [song])
    wanted = [track["track_id"] for track in music["tracks"] if track["name"] in ("drums", "bass")]
    service.ask(f"/music/{music['music_id']}", "POST", wanted)
    while (now := service.ask(f"/music/{music['music_id']}"))["progress"] < 100:
        print(f"  {now['progress']} %")
        time.sleep(PAUSE_S)
    tracks = [service.fetch(one["track"], out / "music" / f"{one['name']}.mp3") for one in now["instruments"]]
    return [*tracks, service.fetch(now["final"], out / "music" / "drums and bass.mp3")]


INTERFACES = {"v1": by_v1, "apiv1": by_apiv1, "music": by_music}


def main(arguments: Sequence[str] | None = None) -> int:
    """Send a song, and say where its stems are. Answers the exit status."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("song", nargs="?", type=Path, help="by default, three seconds of two tones")
    options.add_argument("--url", default="http://localhost:8080")
    options.add_argument("--token", help="where the service asks for one")
    options.add_argument("--interface", choices=INTERFACES, action="append", help="by default, all of them")
    options.add_argument("--out", type=Path, default=Path("stems"), help="where the stems are written")
    asked = options.parse_args(arguments)
    with tempfile.TemporaryDirectory() as directory:
        song = asked.song or tones(Path(directory) / "two tones.wav")
        for name in asked.interface or INTERFACES:
            print(f"{song.name}, by {name}:")
            try:
                files = INTERFACES[name](Service(asked.url, asked.token), song, asked.out)
            except Refused as refused:
                print(f"  {refused}", file=sys.stderr)
                return 1
            print(*(f"  {file}" for file in files), sep="\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
