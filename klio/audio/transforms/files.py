"""Steps from and to the data of the job file, in whatever store it is."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

from klio.audio.drawing import save
from klio.audio.library import librosa_display
from klio.audio.payload import encode
from klio.audio.transforms.step import AudioStep, plot_in
from klio.data.locate import path_of
from klio.transforms import decorators


class GcsLoadBinary(AudioStep):
    """Yields the element's file in the data input, whole, as an `io.BytesIO`.

    `LoadAudio` alone reads the file without this, and without the file in a message.
    """

    @decorators.handle_klio
    def process(self, data: Any) -> Iterator[bytes]:
        """Yield the file."""
        yield encode(io.BytesIO(self._klio.download(data.element).read_bytes()))


class GcsUploadPlot(AudioStep):
    """Draws a picture, writes it as the data output `prefix + element + suffix`, and yields the path of it.

    `file_format` is png, svg, pdf or what else matplotlib writes; by default what the output's `file_suffix` says,
    else png. An output without a `file_suffix` gets the format as its ending. `plt_kwargs` are those of
    `matplotlib.figure.Figure.savefig`. Pictures go to the first data output; JobCodeError where there is none.
    """

    def __init__(
        self,
        prefix: str = "",
        suffix: str = "",
        file_format: str | None = None,
        **plt_kwargs: Any,
    ) -> None:
        self._prefix, self._suffix = prefix, suffix
        self._format = file_format.lstrip(".") if file_format else None
        self._arguments = plt_kwargs

    def setup(self) -> None:
        """Import what draws, one process at a time."""
        librosa_display()

    @decorators.handle_klio
    def process(self, data: Any) -> Iterator[str]:
        """Yield the path of the picture."""
        plot, outputs = plot_in(data.payload), self._klio.config.job_config.data.outputs
        ending = outputs[0].file_suffix if outputs else ""
        file_format = self._format or ending.rpartition(".")[2] or "png"
        name = f"{self._prefix}{data.element.decode()}{self._suffix}" + ("" if ending else f".{file_format}")
        with self._klio.upload(name) as file:
            save(plot, file, file_format=file_format, **self._arguments)
        yield path_of(outputs[0].location, name.encode(), ending)
