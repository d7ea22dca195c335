"""The job's own test: `klio job test`."""

import io

import soundfile
import synth
from transforms import AutomixerJob

from klio.testing import run_one


def track(tempo_bpm: float, seed: int) -> bytes:
    piece = synth.compose(tempo_bpm, 20.0, seed)
    file = io.BytesIO()
    soundfile.write(file, piece.samples, piece.rate, format="WAV")
    return file.getvalue()


def test_two_tracks_become_one_mix():
    files = {"a.wav": track(120.0, 1), "b.wav": track(124.0, 2)}
    result = run_one(AutomixerJob(crossfade_s=4.0), "a.wav,b.wav", files=files)
    assert result.elements == [b"a.wav,b.wav"]
    mix = soundfile.info(io.BytesIO(result.outputs["a.wav,b.wav"]))
    assert (mix.format, mix.channels, mix.samplerate) == ("OGG", 2, 44_100)
    assert 34 < mix.duration < 38  # 20 s and 20 s that share about 4 s
