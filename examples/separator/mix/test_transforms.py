"""The job's own test: `klio job test`."""

import io
import json

import numpy as np
import pytest
import soundfile
from transforms import Mix, Wanted

from klio.testing import run_one

STEMS = ("vocals", "drums", "bass", "other")


def stem(loudness):
    file = io.BytesIO()
    tone = loudness * np.sin(2 * np.pi * 220 * np.arange(44_100) / 44_100)
    soundfile.write(file, np.stack([tone, tone], axis=1), 44_100, format="MP3")
    return file.getvalue()


def test_a_mix_is_of_the_stems_that_were_asked_for(klio_config):
    files = {f"{name}/song": stem(0.1 * number) for number, name in enumerate(STEMS, 1)}
    result = run_one(Mix(), "song", payload=b"vocals+bass", files=files, config=klio_config)

    ((name, mix),) = result.outputs.items()
    assert name == "song-mix-bass-vocals"
    samples, _ = soundfile.read(io.BytesIO(mix))
    assert abs(np.abs(samples).max() - 0.4) < 0.02


@pytest.mark.parametrize(
    ("payload", "wishes", "mixes"),
    [
        (b"wishes", None, []),
        (b"wishes", {}, []),
        (b"wishes", {"vocals": 0.0, "bass+other": 1.5}, [b"vocals", b"bass+other"]),
        (b"", None, [b"bass+drums"]),
        (b"drums", {"vocals": 0.0, "drums": 0.0}, [b"drums", b"vocals"]),
    ],
)
def test_of_a_song_whose_stems_have_come_is_made_what_was_sent_for_and_what_is_wished_for(
    klio_config, payload, wishes, mixes
):
    files = {} if wishes is None else {"wishes/song": json.dumps({"title": "A Song", "mixes": wishes}).encode()}
    result = run_one(Wanted(), "song", payload=payload, files=files, config=klio_config)

    assert result.payloads == mixes
    assert (set(result.elements), result.outputs) == ({b"song"} if mixes else set(), {})
