"""An audio job as it was written for klio's klio_audio, unchanged, under klioexec: arrays, branches, groups, plots."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile
from matplotlib.image import imread

from .runs import running

pytestmark = pytest.mark.slow  # a whole job in a process of its own

CONFIG = """
job_name: voices
version: 2
pipeline_options:
  runner: DirectRunner
  streaming: False
job_config:
  events:
    inputs:
      - type: file
        location: ./ids.txt
    outputs:
      - type: file
        location: ./done
  data:
    inputs:
      - type: file
        location: ./songs
        file_suffix: .wav
    outputs:
      - type: file
        location: ./plots
        file_suffix: .png
        skip_klio_existence_check: True
"""

RUN = """
import apache_beam as beam
from klio_audio.transforms import audio
from klio_audio.transforms import io as aio

import transforms


def run(input_pcoll, config):
    stft = input_pcoll | aio.GcsLoadBinary() | audio.LoadAudio(duration=2) | audio.GetSTFT()
    parts = stft | beam.ParDo(transforms.GetMagnitude()).with_outputs()
    full = parts.spectrogram | "key full" >> beam.Map(transforms.create_key_from_element)
    softer = (
        parts.spectrogram
        | beam.ParDo(transforms.Smooth())
        | "key softer" >> beam.Map(transforms.create_key_from_element)
    )
    rest = {"full": full, "softer": softer} | beam.CoGroupByKey() | beam.Map(transforms.subtract)
    plots = (
        rest
        | audio.GetSpec()
        | audio.SpecToPlot(title="Voices of {element}", y_axis="log")
        | aio.GcsUploadPlot(suffix="-voices", dpi=50)
    )
    whole = parts.spectrogram | "whole" >> audio.GetSpec() | "plot whole" >> audio.SpecToPlot()
    both = whole | "save whole" >> aio.GcsUploadPlot(prefix="whole-")
    return (plots, both) | beam.Flatten()
"""

TRANSFORMS = """
import io

import apache_beam as beam
import librosa
import numpy as np
from apache_beam import pvalue
from klio.transforms import decorators
from klio_audio import decorators as audio_decorators
from klio_core.proto import klio_pb2


class GetMagnitude(beam.DoFn):
    @decorators.handle_klio
    @audio_decorators.handle_binary(load_with_numpy=True)
    def process(self, item):
        self._klio.logger.info("magnitude of {}".format(item.element.decode("utf-8")))
        spectrogram, phase = librosa.magphase(item.payload)
        yield pvalue.TaggedOutput("phase", phase)
        yield pvalue.TaggedOutput("spectrogram", spectrogram)


class Smooth(beam.DoFn):
    @decorators.handle_klio
    @audio_decorators.handle_binary(load_with_numpy=True, save_with_numpy=True)
    def process(self, item):
        yield np.minimum(item.payload, item.payload.mean(axis=1, keepdims=True))


def create_key_from_element(item):
    kmsg = klio_pb2.KlioMessage()
    kmsg.ParseFromString(item)
    return kmsg.data.element, kmsg.data.payload


def subtract(pair):
    element, found = pair
    full, softer = (np.load(io.BytesIO(found[name][0])) for name in ("full", "softer"))
    out = io.BytesIO()
    np.save(out, full - softer)
    kmsg = klio_pb2.KlioMessage()
    kmsg.version = klio_pb2.Version.V2
    kmsg.metadata.intended_recipients.anyone.SetInParent()
    kmsg.data.element = element
    kmsg.data.payload = out.getvalue()
    return kmsg.SerializeToString()
"""


def test_a_job_of_klio_audio_runs_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "klio-job.yaml").write_text(CONFIG)
    (tmp_path / "run.py").write_text(RUN)
    (tmp_path / "transforms.py").write_text(TRANSFORMS)
    (tmp_path / "ids.txt").write_text("low\nhigh\n")
    (tmp_path / "songs").mkdir()
    for name, hertz in (("low", 220), ("high", 1760)):
        tone = np.sin(2 * np.pi * hertz * np.arange(3 * 22_050) / 22_050)
        soundfile.write(tmp_path / "songs" / f"{name}.wav", tone, 22_050)

    with running(tmp_path, "--direct-runner") as process:
        assert process.wait() == 0, process.log

    plots = {path.name: imread(path) for path in (tmp_path / "plots").iterdir()}
    assert set(plots) == {f"{name}-voices.png" for name in ("low", "high")} | {"whole-low.png", "whole-high.png"}
    assert plots["low-voices.png"].shape == (240, 320, 4)
    assert plots["whole-low.png"].shape == (480, 640, 4)
    assert not np.array_equal(plots["whole-low.png"], plots["whole-high.png"])
    done = sorted(line for path in tmp_path.glob("done*") for line in path.read_text().split())
    assert done == ["high", "high", "low", "low"]
