"""The automixer as a whole job: good tracks, odd tracks and broken ones; and its twin in plain Beam."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import apache_beam as beam
import numpy as np
import pytest
import soundfile
from apache_beam.testing.util import assert_that, equal_to

from .conftest import NewJob
from .kit import Job

pytestmark = pytest.mark.slow  # six mixes; tests/unit/examples holds the mixer in the inner loop
AUTOMIXER = Path(__file__).resolve().parents[2] / "examples" / "automixer"
GOOD = ("a.wav,b.wav", "mono.wav,b.wav", "a.wav,8khz.wav", "silent.wav,a.wav", "half-a-second.wav,a.wav", "a.wav,a.wav")
BROKEN = {
    "bomb.flac,a.wav": ("too-large", "the sound is too long"),
    "empty.wav,a.wav": ("empty-audio", "the file is empty"),
    "a.wav,truncated.wav": ("truncated-audio", "the file is cut off"),
    "page.wav,a.wav": ("not-audio", "the file is not audio that can be read"),
}


def write_tracks(directory: Path, synth: Any) -> None:
    directory.mkdir()
    one, two = synth.compose(120.0, 6.0, 1), synth.compose(124.0, 6.0, 2)

    def write(name: str, samples: Any, rate: int = 44_100) -> None:
        soundfile.write(directory / name, samples, rate, subtype="PCM_16")

    write("a.wav", one.samples)
    write("b.wav", two.samples)
    write("mono.wav", one.samples[:, 0])
    write("8khz.wav", two.samples[: 5 * 8_000], 8_000)
    write("silent.wav", np.zeros((3 * 44_100, 2)))
    write("half-a-second.wav", one.samples[:22_050])
    whole = (directory / "a.wav").read_bytes()
    (directory / "truncated.wav").write_bytes(whole[: len(whole) // 2])
    write("bomb.flac", np.zeros((44_100, 2)))
    bomb = bytearray((directory / "bomb.flac").read_bytes())
    bomb[22:26] = (3 * 3600 * 44_100).to_bytes(4, "big")  # so many samples, says its header
    (directory / "bomb.flac").write_bytes(bomb)
    (directory / "empty.wav").write_bytes(b"")
    (directory / "page.wav").write_text("<!doctype html><title>404</title>")


@pytest.fixture(scope="module")
def example() -> Iterator[Any]:
    """The modules of the example, which find each other in its directory."""
    sys.path.insert(0, str(AUTOMIXER))
    import synth

    yield synth
    sys.path.remove(str(AUTOMIXER))


@pytest.fixture(scope="module")
def job(new_job: NewJob, example: Any) -> Iterator[Job]:
    """The example's own code over tracks in a directory, after all elements have come to their ends."""
    job = new_job(crossfade_s=2.0)
    shutil.copytree(AUTOMIXER, job.directory, dirs_exist_ok=True, ignore=shutil.ignore_patterns(".klio", "__pycache__"))
    job.config["job_config"]["data"] = {
        "inputs": [{"type": "file", "location": str(job.directory / "tracks"), "split": ","}],
        "outputs": [{"type": "file", "location": str(job.directory / "mixes"), "file_suffix": ".ogg"}],
    }
    job.write(run=(AUTOMIXER / "run.py").read_text(), transforms=(AUTOMIXER / "transforms.py").read_text())
    write_tracks(job.directory / "tracks", example)
    job.publish(*GOOD, *BROKEN, "a.wav,missing.wav")
    with job.process("--exit-when-idle", 2) as process:
        job.wait_for(*GOOD)
        assert process.wait() == 3, process.log
    job.alive = lambda: None  # it has ended, and as it should: something was dead-lettered
    return job


def test_every_good_pair_has_its_mix_and_its_event(job: Job):
    assert set(job.elements) == set(GOOD)
    assert {path.name for path in (job.directory / "mixes").iterdir()} == {f"{pair}.ogg" for pair in GOOD}


@pytest.mark.parametrize("pair", GOOD)
def test_a_mix_is_stereo_and_not_clipped(job: Job, pair: str):
    samples, _ = soundfile.read(job.directory / "mixes" / f"{pair}.ogg", always_2d=True)
    assert samples.shape[1] == 2
    assert len(samples) > 0
    assert np.abs(samples).max() <= 10 ** (-1 / 20)


def test_every_broken_track_is_a_dead_letter_that_says_why(job: Job):
    told = {letter.element.decode(): (letter.reason, letter.text.splitlines()[0]) for letter in job.letters}
    assert told == BROKEN


def test_a_missing_track_is_a_drop_with_its_reason(job: Job):
    assert job.states("a.wav,missing.wav")[-1] == "dropped: input missing"


def test_the_twin_in_plain_beam_makes_the_same_mix(job: Job, tmp_path: Path):
    import vanilla_beam

    tracks, mixes = job.directory / "tracks", tmp_path / "mixes"
    pairs = ["a.wav,b.wav", "empty.wav,a.wav", "../a.wav,b.wav", "a.wav,missing.wav"]
    events = [json.dumps({"element": pair}).encode() for pair in pairs]
    events.append(json.dumps({"element": "a.wav,b.wav", "ping": True}).encode())
    with beam.Pipeline(runner="FnApiRunner") as pipeline:
        done, dead = vanilla_beam.build(pipeline | beam.Create(events), str(tracks), str(mixes), 2.0)
        assert_that(done | "which" >> beam.Map(lambda raw: json.loads(raw)["element"]), equal_to(["a.wav,b.wav"] * 2))
        assert_that(dead | "count" >> beam.combiners.Count.Globally(), equal_to([2]), label="two dead letters")
    ours, _ = soundfile.read(job.directory / "mixes" / "a.wav,b.wav.ogg")
    theirs, _ = soundfile.read(mixes / "a.wav,b.wav.ogg")
    assert np.array_equal(ours, theirs)
