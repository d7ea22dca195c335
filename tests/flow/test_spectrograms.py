"""The example that draws songs, as a whole job: pictures that somebody looks at, and songs that cannot be drawn."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
from matplotlib.image import imread

from .conftest import NewJob
from .kit import Job

pytestmark = pytest.mark.slow  # a whole job in a process; tests/unit/klio/audio draws in the inner loop
EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "spectrograms"
GOOD = ("tone.wav", "stereo.flac", "half-a-second.wav", "8khz.mp3", "$ilence.ogg")
BROKEN = {"empty.wav": "empty-audio", "truncated.wav": "truncated-audio", "page.wav": "not-audio"}
PICTURES = ("waveform", "spectrogram", "mel")
FRAME = 0.25  # so dark, of 1, are the lines around a picture
INSIDE = np.s_[30:349, 150:1000]  # of the axes
RATE = 44_100


def write_songs(directory: Path) -> None:
    directory.mkdir()
    tone = 0.5 * np.sin(2 * np.pi * 440 * np.arange(3 * RATE) / RATE)
    soundfile.write(directory / "tone.wav", tone, RATE)
    soundfile.write(directory / "stereo.flac", np.stack([tone, -tone[::-1] / 2], axis=1), RATE)
    soundfile.write(directory / "half-a-second.wav", tone[: RATE // 2], RATE)
    soundfile.write(directory / "8khz.mp3", tone[: 2 * 8_000], 8_000)
    soundfile.write(directory / "$ilence.ogg", np.zeros(RATE), RATE)
    whole = (directory / "tone.wav").read_bytes()
    (directory / "truncated.wav").write_bytes(whole[: len(whole) // 2])
    (directory / "empty.wav").write_bytes(b"")
    (directory / "page.wav").write_text("<!doctype html><title>404</title>")


@pytest.fixture(scope="module")
def job(new_job: NewJob) -> Job:
    """The example's own code over songs in a directory, after all elements have come to their ends."""
    job = new_job(rate=22_050)
    shutil.copytree(EXAMPLE, job.directory, dirs_exist_ok=True, ignore=shutil.ignore_patterns(".*", "__pycache__"))
    places = {"type": "file", "location": str(job.directory / "pictures")}
    job.config["job_config"]["data"] = {
        "inputs": [{"type": "file", "location": str(job.directory / "songs")}],
        "outputs": [{**places, "name": name, "file_suffix": f"-{name}.png"} for name in PICTURES],
    }
    job.write(run=(EXAMPLE / "run.py").read_text(), transforms=(EXAMPLE / "transforms.py").read_text())
    write_songs(job.directory / "songs")
    job.publish(*GOOD, *BROKEN, "missing.wav")
    with job.process("--exit-when-idle", 2) as process:
        job.wait_for(*GOOD)
        assert process.wait() == 3, process.log
    job.alive = lambda: None  # it has ended, and as it should: something was dead-lettered
    return job


def picture(job: Job, song: str, name: str) -> np.ndarray:
    """Red, green and blue, 0 to 1."""
    return imread(job.directory / "pictures" / f"{song}-{name}.png")[..., :3]


def test_every_good_song_has_its_pictures_and_its_event(job: Job):
    assert set(job.elements) == set(GOOD)
    made = {path.name for path in (job.directory / "pictures").iterdir()}
    assert made == {f"{song}-{name}.png" for song in GOOD for name in PICTURES}


@pytest.mark.parametrize("song", GOOD)
@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_has_its_size_and_axes_and_something_in_them(job: Job, song: str, name: str):
    seen = picture(job, song, name)
    assert seen.shape == (400, 1200, 3)
    dark = (seen < FRAME).all(axis=2)
    left, bottom = dark.mean(axis=0)[:200].max(), dark.mean(axis=1)[200:].max()
    assert left > 0.7, "no vertical axis at the left"
    assert bottom > 0.7, "no horizontal axis at the bottom"
    assert dark[:, :60].any(), "no labels beside the vertical axis"
    assert dark[-45:].any(), "no labels below the horizontal axis"
    assert dark[:25, 300:900].any(), "no title"
    assert len(np.unique(seen.reshape(-1, 3), axis=0)) > 20


def test_a_tone_is_a_line_at_its_height_and_silence_is_none(job: Job):
    tone, silence = (picture(job, song, "spectrogram")[INSIDE] for song in ("tone.wav", "$ilence.ogg"))
    brightest = tone.sum(axis=2).mean(axis=1).argmax()
    assert 1 - brightest / len(tone) == pytest.approx(440 / 11_025, abs=0.01)
    assert len(np.unique(silence.reshape(-1, 3), axis=0)) == 1


def test_every_broken_song_is_a_dead_letter_that_says_why_and_has_no_picture(job: Job):
    assert {letter.element.decode(): letter.reason for letter in job.letters} == BROKEN


def test_a_missing_song_is_a_drop_with_its_reason(job: Job):
    assert job.states("missing.wav")[-1] == "dropped: input missing"


@pytest.mark.parametrize("command", ["test", "audit"])
def test_the_jobs_own_test_passes_and_nothing_is_found_in_its_code(command: str, tmp_path: Path):
    copy = shutil.copytree(EXAMPLE, tmp_path / "job", ignore=shutil.ignore_patterns(".*", "__pycache__"))
    done = subprocess.run(
        [sys.executable, "-m", "klio_cli.app", "job", command], cwd=copy, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert {"test": "1 passed", "audit": "nothing found"}[command] in done.stdout
