"""Numbers of a second of 440 Hz: what librosa says, and for the transform itself what a plain FFT says."""

import numpy as np
import pytest

from klio.audio import Signal, Spectrum, decibels, mel, mel_decibels, mfcc, stft

RATE = 22_050
TONE = Signal(np.sin(2 * np.pi * 440 * np.arange(RATE) / RATE).astype(np.float32), RATE)
MIDDLE = 20  # a column far from the ends


@pytest.fixture(scope="module")
def librosa():
    from klio.audio.library import librosa

    return librosa()


def test_the_transform_is_that_of_a_hann_window_and_an_fft():
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(2048) / 2048)
    begin = MIDDLE * 512 - 1024
    expected = np.fft.rfft(TONE.samples[begin : begin + 2048] * window)
    seen = stft(TONE)
    assert (seen.values.shape, seen.values.dtype) == ((1025, 44), np.complex64)
    assert (seen.rate, seen.hop_length) == (RATE, 512)
    assert np.abs(seen.values[:, MIDDLE] - expected).max() < 1e-5 * np.abs(expected).max()


def test_the_tone_is_loudest_in_its_bin():
    levels = decibels(stft(TONE))
    assert levels.values.dtype == np.float32
    assert (levels.values.max(), levels.values.min()) == (pytest.approx(0.0, abs=1e-5), pytest.approx(-80.0, abs=1e-5))
    assert levels.values[:, MIDDLE].argmax() == round(440 * 2048 / RATE) == 41
    assert levels.values[39:44, MIDDLE] == pytest.approx([-31.01947, -4.33977, 0.0, -7.81775, -35.26749], abs=2e-5)


def test_its_power_is_in_the_band_of_440_hz():
    power = mel(TONE)
    assert (power.values.shape, power.values.dtype) == ((128, 44), np.float32)
    assert power.values[17:20, MIDDLE] == pytest.approx([2007.6035, 0.1205712, 0.00574249], rel=1e-4)
    assert mel_decibels(power).values[17:20, MIDDLE] == pytest.approx([-7.80864, -50.02298, -63.24442], abs=1e-3)


def test_its_first_coefficients_are_those_of_librosa():
    coefficients = mfcc(mel(TONE))
    assert (coefficients.values.shape, coefficients.values.dtype) == ((20, 44), np.float32)
    expected = [-875.9113, 37.88458, 28.295162, 14.141628, -2.174088, -17.907217]
    assert coefficients.values[:6, MIDDLE] == pytest.approx(expected, abs=2e-3)


@pytest.mark.parametrize("rate", [8_000, 22_050, 44_100])
def test_all_values_are_librosas_own_at_every_rate(librosa, rate):
    noise = Signal(np.random.default_rng(0).uniform(-1, 1, rate).astype(np.float32), rate)
    power = librosa.feature.melspectrogram(y=noise.samples, sr=rate)
    levels = librosa.power_to_db(power, ref=np.max)
    assert np.allclose(stft(noise).values, librosa.stft(noise.samples), atol=1e-5)
    assert np.allclose(mel(noise).values, power, rtol=1e-5)
    assert np.allclose(mfcc(mel(noise)).values, librosa.feature.mfcc(S=levels), atol=1e-5)


def test_arguments_are_librosas_and_what_they_change_is_kept():
    seen = stft(TONE, n_fft=1024, hop_length=100)
    assert (seen.values.shape, seen.hop_length) == ((513, 221), 100)
    assert stft(TONE, win_length=400).hop_length == 100
    power = mel(TONE, n_mels=40, fmin=50.0, fmax=8000.0, hop_length=256)
    assert (power.values.shape, power.hop_length, power.fmin, power.fmax) == ((40, 87), 256, 50.0, 8000.0)
    assert mel(TONE, sr=44_100).rate == 44_100
    assert mfcc(power, n_mfcc=13).values.shape == (13, 87)
    assert mfcc(power).hop_length == 256
    assert decibels(stft(TONE), top_db=40).values.min() == pytest.approx(-40.0, abs=1e-5)


def test_silence_has_values_too():
    silence = Signal(np.zeros(RATE, np.float32), RATE)
    for seen in (decibels(stft(silence)), mel_decibels(mel(silence)), mfcc(mel(silence))):
        assert isinstance(seen, Spectrum)
        assert np.isfinite(seen.values).all()
