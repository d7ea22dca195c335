"""The sample requests, as one runs them: processes of their own, against a real front."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from klio.events import pubsub
from klio_core.config import load
from klio_core.errors import NotAudio
from klio_core.status import State
from tests.separator.web.exchange import SONG
from tests.separator.web.kit import JOBS, PATIENCE_S, Jobs, Served

SAMPLES = JOBS / "samples"
STEMS = ("vocals", "drums", "bass", "other")


@contextmanager
def working(jobs: Jobs, *, fails: bool = False) -> Iterator[None]:
    """The jobs `separate` and `mix`, played by a hand that does what it is asked, or cannot."""
    ended = threading.Event()

    def work() -> None:
        while not ended.is_set():
            for message in jobs.asked(jobs.places.separate):
                song = message.element.decode()
                if fails:
                    jobs.fail(song, NotAudio("there is no sound in it"))
                    continue
                jobs.make_stems(song)
                jobs.tell(song, State.COMMITTED)
                done = load(JOBS / "separate" / "klio-job.yaml").job_config.events.outputs[0].topic
                pubsub.wait_for(done, [pubsub.publish(done, message.encode())])
            for message in jobs.asked(jobs.places.mix):
                song, name = message.element.decode(), message.payload.decode()
                jobs.make_mix(song, name)
                jobs.tell(song, State.COMMITTED, job=jobs.places.mix, note=name)

    hand = threading.Thread(target=work, name="hand")
    hand.start()
    try:
        yield
    finally:
        ended.set()
        hand.join(PATIENCE_S)


def run(web: Served, out: Path, program: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    # -S: without packages, the standard library alone
    command = [sys.executable, "-S", "-W", "error", str(SAMPLES / program), "--url", web.url, "--out", str(out)]
    return subprocess.run([*command, *map(str, arguments)], capture_output=True, text=True, timeout=100)


def there(out: Path) -> set[str]:
    return {str(path.relative_to(out)) for path in out.rglob("*") if path.is_file()}


def test_a_song_goes_through_all_three_interfaces(web: Served, tmp_path: Path):
    with working(web.jobs):
        done = run(web, tmp_path, "short_request.py", SONG)

    assert (done.returncode, done.stderr) == (0, "")
    files = {f"{interface}/{stem}.mp3" for interface in ("v1", "apiv1", "music") for stem in STEMS}
    assert there(tmp_path) == files | {"v1/stems.zip", "music/drums and bass.mp3"}
    assert (tmp_path / "music" / "drums and bass.mp3").read_bytes() == b"a mix"
    assert (tmp_path / "apiv1" / "drums.mp3").read_bytes() == (tmp_path / "v1" / "drums.mp3").read_bytes()


def test_who_has_no_song_at_hand_gets_one_made(web: Served, tmp_path: Path):
    with working(web.jobs):
        done = run(web, tmp_path, "short_request.py", "--interface", "v1")

    assert (done.returncode, done.stderr) == (0, "")
    (song,) = web.client.get("/v1/songs").json()["songs"]
    assert (song["title"], song["kind"], song["duration_s"]) == ("two tones", "wav", 12.5)


def test_several_songs_are_followed_and_mixed(web: Served, tmp_path: Path):
    with working(web.jobs):
        done = run(web, tmp_path, "long_request.py", "--seconds", "3")

    assert (done.returncode, done.stderr) == (0, "")
    songs = web.client.get("/v1/songs").json()["songs"]
    assert len(songs) == 2
    names = ("stems.zip", "drums and bass.mp3")
    assert there(tmp_path) == {f"{song['hash'][:12]}/{name}" for song in songs for name in names}
    with zipfile.ZipFile(tmp_path / songs[0]["hash"][:12] / "stems.zip") as archive:
        assert len(archive.namelist()) == 4


@pytest.mark.parametrize("program", ["short_request.py", "long_request.py"])
def test_a_song_that_fails_says_why_and_what_to_do(web: Served, tmp_path: Path, program: str):
    with working(web.jobs, fails=True):
        done = run(web, tmp_path, program, SONG)
    assert done.returncode != 0
    said = done.stdout + done.stderr
    assert "This is no audio file." in said
    assert "Play it on your machine" in said
    assert there(tmp_path) == set()


@pytest.mark.parametrize("program", ["short_request.py", "long_request.py"])
def test_what_is_no_song_is_refused_in_one_line(web: Served, tmp_path: Path, program: str):
    page = tmp_path / "page.mp3"
    page.write_text("<!doctype html><title>404</title>")
    done = run(web, tmp_path / "out", program, page)

    assert (done.returncode, "Traceback" in done.stderr) == (1, False)
    assert "415 This is no audio file." in done.stderr


@pytest.mark.parametrize("program", ["short_request.py", "long_request.py"])
def test_where_nobody_answers_that_is_said_in_one_line(tmp_path: Path, program: str):
    with socket.create_server(("127.0.0.1", 0)) as gone:
        url = f"http://127.0.0.1:{gone.getsockname()[1]}"
    done = subprocess.run(
        [sys.executable, "-S", str(SAMPLES / program), "--url", url], cwd=tmp_path, capture_output=True, text=True
    )
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert f"Nobody answers at {url}" in done.stderr


def test_curl_does_it_in_a_few_lines(web: Served, tmp_path: Path):
    with working(web.jobs):
        command = [str(SAMPLES / "short_request.sh"), str(SONG), web.url]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=100)

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[-1] == "done"
    assert there(tmp_path) == {f"Short Hop - {stem}.mp3" for stem in STEMS}
