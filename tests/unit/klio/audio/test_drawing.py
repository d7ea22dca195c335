import io
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from matplotlib.image import imread

from klio.audio import (
    Plot,
    Signal,
    Spectrum,
    decibels,
    draw,
    mel,
    mel_spectrogram,
    mfcc,
    mfccs,
    save,
    spectrogram,
    stft,
    waveform,
)
from klio_core.errors import BadPayload

RATE = 22_050
TONE = Signal(np.sin(2 * np.pi * 440 * np.arange(RATE) / RATE).astype(np.float32), RATE)
SHORT = Signal(TONE.samples[:2048], RATE)  # takes a tenth of the time to draw


def pixels(plot: Plot, **arguments: object) -> np.ndarray:
    file = io.BytesIO()
    save(plot, file, **arguments)
    file.seek(0)
    return imread(file)


def labels(plot: Plot) -> tuple[str, str, str]:
    axes = draw(plot).axes[0]
    return axes.get_title(), axes.get_xlabel(), axes.get_ylabel()


def test_a_spectrogram_shows_the_tone_at_its_height():
    levels = decibels(stft(TONE))
    figure = draw(spectrogram(levels, "a tone"))
    axes, bar = figure.axes
    assert (axes.get_title(), axes.get_xlabel(), axes.get_ylabel()) == ("a tone", "Time", "Hz")
    assert axes.get_ylim() == pytest.approx((0, RATE / 2), abs=RATE / 2048)
    assert axes.get_xlim() == pytest.approx((0, 1), abs=0.03)
    assert axes.collections[0].get_array().shape == (1025, 44)
    assert bar.get_yticklabels()[-1].get_text() == "+0 dB"


def test_a_mel_spectrogram_has_the_axis_of_its_bands():
    bands = mel(TONE, fmax=8000.0)
    axes = draw(mel_spectrogram(bands)).axes[0]
    assert axes.get_yscale() == "symlog"
    assert axes.get_ylim() == pytest.approx((0, 8000), abs=100)
    assert draw(mel_spectrogram(bands, y_axis="linear")).axes[0].get_yscale() == "linear"


def test_mfccs_have_a_row_each():
    assert draw(mfccs(mfcc(mel(TONE), n_mfcc=13))).axes[0].get_ylim() == (-0.5, 12.5)


def test_a_long_spectrum_is_averaged_to_what_a_picture_can_show_and_keeps_its_seconds():
    minutes = Spectrum(np.tile(np.arange(5000, dtype=np.float32), (2, 1)), RATE, 512)
    plot = spectrogram(minutes, hop_length=1024)
    assert plot.values.shape == (2, 1667)
    assert plot.values[0, :2].tolist() == [1.0, 4.0]
    assert plot.values[0, -1] == pytest.approx(np.mean([4998, 4999, 4999]))
    assert draw(plot).axes[0].get_xlim()[1] == pytest.approx(5000 * 1024 / RATE, abs=0.1)


def test_a_name_with_dollars_is_a_title_as_it_is():
    plot = waveform(SHORT, "$\\frac$ ${x$.wav")
    assert labels(plot)[0] == "$\\frac$ ${x$.wav"
    assert pixels(plot, dpi=20).any()


def test_a_waveform_shows_all_of_the_sound_however_long():
    long = Signal(np.tile(TONE.samples, 20), RATE)
    axes = draw(waveform(long, num_samples=1000, color="#112233")).axes[0]
    (outline,) = axes.collections
    assert outline.get_datalim(axes.transData).width == pytest.approx(20, abs=0.1)
    assert len(outline.get_paths()[0].vertices) < 10_000
    assert axes.get_ylabel() == "Amplitude"


def test_channels_are_mixed_for_a_waveform_and_an_old_name_of_its_axis_is_known():
    both = Signal(np.stack([TONE.samples, -TONE.samples]), RATE)
    assert not waveform(both).values.any()
    assert labels(waveform(TONE, "a", x_axis="off"))[1] == ""


@pytest.mark.parametrize("plot", [waveform(SHORT), spectrogram(decibels(stft(SHORT))), mel_spectrogram(mel(SHORT))])
def test_a_picture_is_of_the_size_that_was_asked_for_and_not_blank(plot):
    drawn = pixels(plot, dpi=50, size=(8, 4))
    assert drawn.shape == (200, 400, 4)
    assert len(np.unique(drawn.reshape(-1, 4), axis=0)) > 20


@pytest.mark.parametrize(
    ("file_format", "start"), [("png", b"\x89PNG"), ("svg", b"<?xml"), ("pdf", b"%PDF"), ("jpg", b"\xff\xd8")]
)
def test_a_picture_may_be_of_any_format(tmp_path, file_format, start):
    save(waveform(SHORT), tmp_path / "picture", file_format=file_format, dpi=20)
    assert (tmp_path / "picture").read_bytes().startswith(start)


def test_nobody_keeps_a_figure():
    from matplotlib import pyplot as plt

    save(waveform(SHORT), io.BytesIO())
    assert plt.get_fignums() == []


def test_threads_draw_what_one_draws():
    plots = [waveform(SHORT), spectrogram(decibels(stft(SHORT))), mel_spectrogram(mel(SHORT))]
    alone = [pixels(plot, dpi=20) for plot in plots]
    together = threading.Barrier(len(plots))

    def drawn(plot: Plot) -> np.ndarray:
        together.wait(30)
        return pixels(plot, dpi=20)

    with ThreadPoolExecutor(len(plots)) as pool:
        assert all(map(np.array_equal, pool.map(drawn, plots), alone))


@pytest.mark.parametrize("plot", [
    spectrogram(Spectrum(np.ones((2, 3, 4), np.float32))),
    waveform(Signal(np.zeros(0, np.float32))),
    Plot("cloud", np.ones(3)),
])  # fmt: skip
def test_what_cannot_be_drawn_is_told(plot):
    with pytest.raises(BadPayload, match="there is no such picture"):
        draw(plot)
