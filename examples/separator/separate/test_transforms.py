"""The job's own test: `klio job test`."""

import io
import json

import numpy as np
import pytest
import small_model
import soundfile
from transforms import Separate

from klio.testing import run_one

STEMS = ("vocals", "drums", "bass", "other")


@pytest.fixture
def job(klio_config, tmp_path):
    """The job with a model that anybody has."""
    small_model.save(small_model.htdemucs(), tmp_path, "small")
    settings = {**klio_config.as_dict()["job_config"], "model": "small", "repo": str(tmp_path), "device": "cpu"}
    return type(klio_config)({**klio_config.as_dict(), "job_config": settings})


def song(seconds=3.0):
    file = io.BytesIO()
    noise = np.random.default_rng(0).standard_normal((int(44_100 * seconds), 2)) * 0.1
    soundfile.write(file, noise, 44_100, format="FLAC")
    return file.getvalue()


def test_a_song_becomes_four_stems_of_its_length_and_their_peaks(job):
    result = run_one(Separate(job.job_config), "song", files={"song": song()}, config=job)

    lengths = {name: soundfile.info(io.BytesIO(result.outputs[f"{name}/song"])).frames for name in STEMS}
    assert lengths == dict.fromkeys(STEMS, 3 * 44_100)
    facts = json.loads(result.outputs["peaks/song"])
    assert (facts["duration_s"], facts["model"], facts["attempt"]) == (3.0, "small", 1)
    assert facts["seconds"] > 0
    assert facts["worker"]
    assert set(facts["peaks"]) == set(STEMS)
