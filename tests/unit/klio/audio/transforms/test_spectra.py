import io
import pickle

import numpy as np
import pytest

from klio.audio import Signal, decibels, mel, mfcc, stft
from klio.audio.payload import decode, encode
from klio.audio.transforms import GetMelSpec, GetMFCC, GetSpec, GetSTFT, LoadAudio
from klio_core.errors import BadPayload

from .sounds import TONE, through

SOUND = Signal(TONE)


@pytest.mark.parametrize(
    ("steps", "values"),
    [
        ((GetSTFT(),), stft(SOUND)),
        ((GetSTFT(n_fft=512), GetSpec()), decibels(stft(SOUND, n_fft=512))),
        ((GetMelSpec(n_mels=40),), mel(SOUND, n_mels=40)),
        ((GetMelSpec(), GetMFCC(n_mfcc=13)), mfcc(mel(SOUND), n_mfcc=13)),
    ],
    ids=["STFT", "Spec", "MelSpec", "MFCC"],
)
def test_steps_yield_what_the_functions_answer(steps, values):
    seen = decode(through(LoadAudio(), *steps).payloads[0])
    assert np.array_equal(seen.values, values.values)
    assert (seen.rate, seen.hop_length) == (values.rate, values.hop_length)


def test_the_rate_of_the_file_is_the_rate_of_what_is_seen():
    noise = Signal(np.random.default_rng(0).uniform(-1, 1, 16_000).astype(np.float32), 16_000)
    seen = decode(through(GetMelSpec(), payload=encode(noise)).payloads[0])
    assert seen.rate == 16_000
    assert np.array_equal(seen.values, mel(noise).values)


def test_a_plain_array_is_taken_as_librosa_takes_it():
    file = io.BytesIO()
    np.save(file, TONE)
    assert np.array_equal(decode(through(GetSTFT(), payload=file.getvalue()).payloads[0]).values, stft(SOUND).values)


@pytest.mark.parametrize("payload", [b"", b"a.wav", pickle.dumps(TONE), encode("text"), encode(stft(SOUND))])
def test_what_is_no_sound_is_told(payload):
    with pytest.raises(BadPayload):
        through(GetSTFT(), payload=payload)


def test_steps_that_travel_do_the_same_elsewhere():
    there = pickle.loads(pickle.dumps(GetMelSpec(n_mels=40).fn))
    assert (
        through(there, payload=encode(SOUND)).payloads == through(GetMelSpec(n_mels=40), payload=encode(SOUND)).payloads
    )
