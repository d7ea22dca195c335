"""A model whose answer is known."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

SOURCES = ["drums", "bass", "other", "vocals"]


class FixedShares(nn.Module):
    """Answers a fixed share of the song for each stem."""

    shares = (0.1, 0.2, 0.3, 0.4)

    def __init__(self, samplerate: int = 44_100, audio_channels: int = 2) -> None:
        super().__init__()
        keywords: dict[str, Any] = {"samplerate": samplerate, "audio_channels": audio_channels}
        self._init_args_kwargs: tuple[tuple[()], dict[str, Any]] = ((), keywords)
        self.sources, self.samplerate, self.audio_channels = SOURCES, samplerate, audio_channels
        self.segment = 2.0
        self.weight = nn.Parameter(torch.tensor(self.shares))

    def forward(self, mix: Tensor) -> Tensor:
        return mix[:, None] * self.weight[None, :, None, None]
