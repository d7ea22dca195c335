import matplotlib.cm
import numpy as np
import pytest

from klio.audio.payload import decode
from klio.audio.transforms import (
    GetMelSpec,
    GetMFCC,
    GetSpec,
    GetSTFT,
    LoadAudio,
    MelSpecToPlot,
    MFCCToPlot,
    SpecToPlot,
    WaveformToPlot,
)
from klio_core.errors import BadPayload, JobCodeError

from .sounds import through

TO_SPEC, TO_MEL, TO_MFCC = (GetSTFT(), GetSpec()), (GetMelSpec(),), (GetMelSpec(), GetMFCC())


@pytest.mark.parametrize(
    ("steps", "kind", "title"),
    [
        ((*TO_SPEC, SpecToPlot()), "spectrum", "Spectrogram of tone"),
        ((*TO_MEL, MelSpecToPlot()), "spectrum", "Mel-frequency Spectrogram of tone"),
        ((*TO_MFCC, MFCCToPlot()), "spectrum", "MFCCs of tone"),
        ((WaveformToPlot(),), "waveform", "Waveplot of tone"),
        ((*TO_SPEC, SpecToPlot(title="{element}, all of it")), "spectrum", "tone, all of it"),
    ],
)
def test_each_step_has_its_picture_and_its_title(steps, kind, title):
    plot = decode(through(LoadAudio(), *steps).payloads[0])
    assert (plot.kind, plot.title, plot.values.dtype) == (kind, title, np.float32)


def test_arguments_are_those_of_librosas_display_and_win():
    plot = decode(through(LoadAudio(sr=16_000), *TO_SPEC, SpecToPlot(y_axis="log", cmap="magma")).payloads[0])
    assert plot.arguments == {"sr": 16_000, "hop_length": 512, "x_axis": "time", "y_axis": "log", "cmap": "magma"}
    wave = decode(through(LoadAudio(), WaveformToPlot(num_samples=100, sr=44_100)).payloads[0])
    assert wave.arguments == {"sr": 44_100, "max_points": 100}


def test_what_cannot_travel_with_a_picture_is_told_when_the_job_is_built():
    with pytest.raises(JobCodeError, match="cannot take cmap="):
        SpecToPlot(cmap=matplotlib.colormaps["magma"])
    with pytest.raises(JobCodeError, match="axes of its own"):
        MelSpecToPlot(ax=None)
    with pytest.raises(JobCodeError, match="cannot make a title"):
        MFCCToPlot(title="{song}")


def test_sound_is_no_spectrum():
    with pytest.raises(BadPayload, match="not what this step works on") as caught:
        through(LoadAudio(), MelSpecToPlot())
    assert (caught.value.expected, caught.value.got) == ("a spectrum", "Signal")
