import io

import pytest
from matplotlib.image import imread

from klio.audio.transforms import GcsUploadPlot, LoadAudio, WaveformToPlot
from klio_core.errors import BadPayload

from .sounds import through

CONFIG = """
job_name: pictures
job_config:
  data:
    inputs: [{{type: file, location: ./in}}]
    outputs: [{{type: file, location: ./out, file_suffix: "{suffix}"}}]
"""


def uploaded(step, suffix=""):
    result = through(LoadAudio(duration=0.1), WaveformToPlot(), step, config=CONFIG.format(suffix=suffix))
    ((name, content),) = result.outputs.items()
    return name, content, result.payloads[0].decode()


def test_a_picture_becomes_the_data_output_and_its_path_is_yielded():
    name, content, path = uploaded(GcsUploadPlot(prefix="wave-", suffix="-full", dpi=50), ".png")
    assert name == "wave-tone-full"
    assert path.endswith("/wave-tone-full.png")
    assert imread(io.BytesIO(content)).shape == (240, 320, 4)


@pytest.mark.parametrize(
    ("suffix", "file_format", "name", "start"),
    [
        ("", None, "tone.png", b"\x89PNG"),
        ("", "svg", "tone.svg", b"<?xml"),
        (".svg", None, "tone", b"<?xml"),
        ("-wave.png", None, "tone", b"\x89PNG"),
    ],
)
def test_the_format_is_what_was_asked_for_or_what_the_suffix_says(suffix, file_format, name, start):
    made, content, path = uploaded(GcsUploadPlot(file_format=file_format, dpi=20), suffix)
    assert made == name
    assert path.endswith(f"/{name}{suffix}")
    assert content.startswith(start)


def test_sound_is_no_picture():
    with pytest.raises(BadPayload, match="not what this step works on"):
        through(LoadAudio(), GcsUploadPlot())
