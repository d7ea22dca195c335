"""The whole separator as one command: a song goes in by the front, and stems, a mix and a callback come out."""

from __future__ import annotations

import io
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import soundfile

from tests.separator.callback.listener import Listener
from tests.separator.whole import SERVE, STEMS, patiently, sound, whole

ALLOWED = ("-O", "callback:job_config.allow=[127.0.0.1]")
FRAMES = 3 * 44_100


def frames(mp3: bytes) -> int:
    return int(soundfile.info(io.BytesIO(mp3)).frames)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_an_upload_becomes_stems_a_mix_and_a_callback(tmp_path: Path):
    with whole(tmp_path, *ALLOWED) as separator, Listener() as asker:
        (queued,) = separator.upload(sound(3), callback_url=f"{asker.url}/done", callback_data="42")
        assert queued["state"] in {"queued", "working"}
        song = separator.until(queued["hash"], "done")
        assert {stem["name"] for stem in song["stems"]} == STEMS
        stems = [separator.client.get(stem["url"]).raise_for_status() for stem in song["stems"]]
        assert [frames(stem.content) for stem in stems] == [FRAMES] * 4
        assert song["worker"] in {record["worker"] for record in separator.records()}

        told = patiently(lambda: asker.heard)[0]
        assert (told.first, told.json["hash"], told.json["data"]) == ("POST /done HTTP/1.1", song["hash"], "42")

        asked = separator.client.post(f"/v1/songs/{song['hash']}/mixes", json={"stems": ["vocals", "other"]})
        assert (asked.status_code, asked.json()["name"]) == (202, "other+vocals")
        mix = patiently(lambda: [one for one in separator.song(song["hash"])["mixes"] if one["url"]])[0]
        assert frames(separator.client.get(mix["url"]).raise_for_status().content) == FRAMES


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_sample_requests_are_answered_and_answered_again(tmp_path: Path):
    with whole(tmp_path) as separator:
        for _ in range(2):
            sent = [
                sys.executable,
                SERVE.parent / "samples" / "short_request.py",
                "--url",
                f"http://127.0.0.1:{separator.port}",
            ]
            done = subprocess.run(sent, cwd=tmp_path, capture_output=True, text=True, timeout=300)
            assert done.returncode == 0, done.stdout + done.stderr
        stems = {f"{stem}.mp3" for stem in STEMS}
        assert {file.name for file in (tmp_path / "stems" / "apiv1").iterdir()} == stems
        assert frames((tmp_path / "stems" / "music" / "drums and bass.mp3").read_bytes()) == 3 * 44_100
        (archive,) = (tmp_path / "stems").rglob("*.zip")
        assert {Path(name).suffix for name in zipfile.ZipFile(archive).namelist()} == {".mp3"}


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_what_cannot_be_separated_fails_in_words_and_the_next_song_works(tmp_path: Path):
    whole_song = sound(4)
    with whole(tmp_path) as separator:
        (cut_off,) = separator.upload(whole_song[: len(whole_song) // 2])
        (next_one,) = separator.upload(sound(2, seed=1))
        failed = separator.until(cut_off["hash"], "failed")
        assert failed["problem"]["title"]
        assert failed["problem"]["todo"]
        assert separator.until(next_one["hash"], "done")["problem"] is None

        again = separator.client.delete(f"/v1/songs/{cut_off['hash']}")
        assert again.status_code == 204
        assert separator.client.get(f"/v1/songs/{cut_off['hash']}").status_code == 404
