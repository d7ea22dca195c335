"""From a song to its stems."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Mapping
from typing import Any

import idle_threads  # noqa: F401 - before PyTorch, for what it does
import numpy as np
import quick
import torch
import weights
from demucs.apply import apply_model
from numpy.typing import NDArray
from settings import Settings

from klio_core.errors import ConfigError, EmptyAudio

log = logging.getLogger("klio.separator")

Samples = NDArray[np.float32]
Progress = Callable[[float], object]


class Separation:
    """A model that is loaded, and makes stems of one song after the other.

    `rate` is its sampling rate in Hz, `stems` their names, in the model's order or, with `two_stems`, that one and the
    sum of the others.
    """

    def __init__(self, settings: Settings) -> None:
        self._device = _device(settings.device)
        self._shifts, self._overlap, self._segment = settings.shifts, settings.overlap, settings.segment
        self._alone = settings.two_stems
        self._model = weights.load(settings.model, settings.repo, settings.trusted)
        _check(settings, self._model)
        self.rate = int(self._model.samplerate)
        self.stems = (self._alone, f"no_{self._alone}") if self._alone else tuple(self._model.sources)
        if self._device == "cpu":
            self._tune(settings.precision)

    def __call__(self, samples: Samples, progress: Progress = lambda _share: None) -> dict[str, Samples]:
        """Answer the stems of a song, each as long as it.

        samples: (frames, 2), at `rate`. Each stem has that shape. Their sum is the song as far as the model knows.
        progress: told the share that is done, 0 to 1, after each segment; what it raises ends the work.

        Raises EmptyAudio for less than two frames, which have no loudness.
        """
        if len(samples) < 2:
            raise EmptyAudio(
                "the song is too short to be separated",
                expected="two frames, at least",
                got=f"{len(samples)}",
                todo="upload a song",
            )
        wav = torch.from_numpy(np.ascontiguousarray(samples.T))
        if self._model.audio_channels == 1:
            wav = wav.mean(0, keepdim=True)
        # As demucs.api does, but in place: of a long song each copy of all stems is hundreds of megabytes.
        mono = wav.mean(0)
        mean, deviation = mono.mean(), mono.std() + 1e-8
        made = self._applied((wav - mean).div_(deviation), _Told(progress, self._stride(), self._shifts))
        made.mul_(deviation).add_(mean)
        return self._chosen({name: _as_stereo(stem) for name, stem in zip(self._model.sources, made, strict=True)})

    def _applied(self, wav: torch.Tensor, told: _Told) -> torch.Tensor:
        """Answer what the model makes of wav (channels, frames): (stems, channels, frames)."""
        made: torch.Tensor = apply_model(
            self._model,
            wav[None],
            device=self._device,
            shifts=self._shifts,
            overlap=self._overlap,
            segment=self._segment,
            callback=told,
            callback_arg={"audio_length": wav.shape[1]},
        )
        return made[0]

    def _chosen(self, stems: dict[str, Samples]) -> dict[str, Samples]:
        if self._alone is None:
            return stems
        alone = stems.pop(self._alone)
        return {self._alone: alone, f"no_{self._alone}": np.sum(list(stems.values()), axis=0)}

    def _stride(self) -> int:
        """Answer how many frames a segment goes beyond the one before it."""
        network = weights.parts(self._model)[0]
        return max(1, int((1 - self._overlap) * int(network.samplerate * float(self._segment or network.segment))))

    def _tune(self, precision: str) -> None:
        for network in weights.parts(self._model):
            quick.quicken(network)
            if precision == "bf16" and not quick.bfloat16_attention(network):
                log.warning("no bf16: the processor has no units for it (AMX), or the model no attention")


class _Told:
    """Demucs' callback: from its segments to one share of the whole, which never falls."""

    def __init__(self, progress: Progress, stride: int, shifts: int) -> None:
        self._progress = progress
        self._stride = stride
        self._passes = max(1, shifts)
        self._share = 0.0

    def __call__(self, said: Mapping[str, Any]) -> None:
        if said["state"] != "end":
            return
        one_pass = min(1.0, (said["segment_offset"] + self._stride) / said["audio_length"])
        done = said["model_idx_in_bag"] * self._passes + said["shift_idx"] + one_pass
        self._share = max(self._share, done / (said["models"] * self._passes))
        self._progress(self._share)


def _device(wanted: str) -> str:
    if wanted != "auto":
        return wanted
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


def _as_stereo(stem: torch.Tensor) -> Samples:
    samples: Samples = stem.expand(2, -1).T.numpy()
    return samples


def _check(settings: Settings, model: Any) -> None:
    """Raise ConfigError where the model cannot do what the settings say."""
    sources = list(model.sources)
    if settings.two_stems is not None and settings.two_stems not in sources:
        raise ConfigError(
            "the model makes no such stem",
            where="job_config.two_stems",
            expected=", ".join(sources),
            got=settings.two_stems,
            todo="name one of its stems",
        )
    longest = min(float(getattr(network, "segment", math.inf)) for network in weights.parts(model))
    if settings.segment is not None and settings.segment > longest:
        raise ConfigError(
            "the model sees no more at once",
            where="job_config.segment",
            expected=f"at most {longest:g} s",
            got=f"{settings.segment:g}",
            todo="leave it out",
        )
