import inspect
import io

import apache_beam as beam
import numpy as np
import pytest

from klio.audio.payload import decode, encode
from klio.audio.transforms import GcsLoadBinary, LoadAudio
from klio_core.errors import BadPayload, DataNotFound, JobCodeError, NotAudio

from .sounds import RATE, TONE, through, wav


def test_the_elements_file_becomes_sound_with_its_rate():
    (payload,) = through(LoadAudio()).payloads
    sound = decode(payload)
    assert (sound.rate, sound.samples.dtype) == (RATE, np.float32)
    assert np.array_equal(sound.samples, TONE)


def test_what_another_step_loaded_is_the_same_sound():
    assert through(GcsLoadBinary(), LoadAudio()).payloads == through(LoadAudio()).payloads


def test_a_step_that_loads_gives_the_whole_file():
    file = decode(through(GcsLoadBinary()).payloads[0])
    assert isinstance(file, io.BytesIO)
    assert file.read() == wav()


@pytest.mark.parametrize("as_payload", [wav, lambda: encode(wav()), lambda: encode(io.BytesIO(wav()))])
def test_a_payload_may_be_the_file(as_payload):
    assert np.array_equal(decode(through(LoadAudio(), payload=as_payload()).payloads[0]).samples, TONE)


def test_a_payload_may_name_the_file(tmp_path):
    path = tmp_path / "tönchen.wav"
    path.write_bytes(wav())
    for payload in (str(path).encode(), encode(str(path))):
        assert np.array_equal(decode(through(LoadAudio(), payload=payload).payloads[0]).samples, TONE)


def test_the_sound_is_resampled_cut_and_typed_as_it_was_asked_for():
    step = LoadAudio(sr=8_000, offset=0.25, duration=0.5, dtype="float64", res_type="soxr_vhq", mono=False)
    sound = decode(through(step).payloads[0])
    assert (sound.rate, sound.samples.shape, sound.samples.dtype) == (8_000, (2, 4_000), np.float64)


def test_a_file_may_keep_its_own_rate():
    sound = decode(through(LoadAudio(sr=None), files={"tone": wav(rate=96_000)}).payloads[0])
    assert (sound.rate, sound.duration_s) == (96_000, RATE / 96_000)


@pytest.mark.parametrize(
    ("payload", "error"),
    [
        (b"<html>404</html>", NotAudio),
        (b"no-such-file.wav", NotAudio),
        (b"\0" * 100, NotAudio),
        (encode(TONE), BadPayload),
        (encode({"a": 1}), BadPayload),
    ],
)
def test_what_is_no_file_is_told(payload, error):
    with pytest.raises(error):
        through(LoadAudio(), payload=payload)


def test_a_file_that_is_not_there_is_told():
    with pytest.raises(DataNotFound):
        through(LoadAudio(), files={})


def test_what_does_not_resample_is_told_when_the_job_is_built():
    assert isinstance(LoadAudio(res_type="kaiser_fast"), beam.ParDo)
    with pytest.raises(JobCodeError, match="one of soxr_vhq, soxr_hq"):
        LoadAudio(res_type="zero_order_hold")
    with pytest.raises(TypeError, match="speed"):
        LoadAudio(speed=2)


def test_a_step_says_how_it_is_called():
    assert inspect.signature(LoadAudio).parameters["sr"].default == RATE
    assert not inspect.signature(GcsLoadBinary).parameters
