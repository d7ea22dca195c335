"""The branch in each of Demucs' layers, as two products of matrices and nothing as large as its result in between.

The branch (Défossez, "Hybrid Spectrogram and Waveform Source Separation", 2021) narrows its input to a few channels,
widens it again, normalises that, gates it and adds it. Nearly all of its time went to what is wide. Here the wide
normalisation is computed from what is narrow: mean and variance of a product follow from the mean and the covariance of
what goes into it. So it is part of the product that widens, whose result is gated and added while it is in the cache.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn

_FLOATS_IN_CACHE = 50_000
_FEWEST_COLUMNS = 512  # with two threads, MKL loses half a millisecond in each product that is a little wider
_KINDS = (nn.Conv1d, nn.GroupNorm, nn.GELU, nn.Conv1d, nn.GroupNorm, nn.GLU, nn.Module)


def fits(branch: Any) -> bool:
    """Whether a branch (DConv) has the steps that Branch stands for: no LSTM, no attention of its own."""
    return all(
        len(steps) == len(_KINDS)
        and all(isinstance(step, kind) for step, kind in zip(steps, _KINDS, strict=True))
        and steps[1].num_groups == steps[4].num_groups == 1
        for steps in branch.layers
    )


def branches(branch: Any) -> nn.Sequential:
    """Answer what does in place what a DConv does, on (channels, rows, T): each row is normalised by itself."""
    return nn.Sequential(*(Branch(steps) for steps in branch.layers))


class Branch(nn.Module):
    """One step of a branch: x + scale * glu(norm(project(gelu(norm(conv(x)))))).

    x: (channels, rows, T), float32; the rows lie one after the other in each channel.
    """

    def __init__(self, steps: nn.Sequential) -> None:
        super().__init__()
        conv, self.norm, _, project, wide_norm, _, scale = steps
        self.dilation, self.taps = conv.dilation[0], conv.kernel_size[0]
        self.register_buffer("narrow", conv.weight.detach().permute(2, 0, 1).flatten(0, 1).contiguous())
        self.register_buffer("narrow_bias", conv.bias.detach()[:, None, None].clone())
        self._prepare(project, wide_norm, scale)

    def _prepare(self, project: nn.Conv1d, norm: nn.GroupNorm, scale: Any) -> None:
        """Keep what gives the moments of z = weight h + bias over its channels, and z normalised.

        E[z] = mean_weight E[h] + mean_bias, and E[z²] = <square, E[h hᵀ]> + cross E[h] + bias_square.
        """
        weight, bias = project.weight.detach()[:, :, 0].double(), project.bias.detach().double()
        outputs = len(weight)
        self.eps = norm.eps
        self.register_buffer("mean_weight", weight.mean(0).float())
        self.register_buffer("mean_bias", bias.mean().float())
        self.register_buffer("square", (weight.T @ weight / outputs).float())
        self.register_buffer("cross", (2 * (weight * bias[:, None]).mean(0)).float())
        self.register_buffer("bias_square", bias.square().mean().float())
        # The scale of the branch belongs to the half that is gated.
        scales = torch.cat([scale.scale.detach().double(), torch.ones(outputs // 2, dtype=torch.double)])
        gamma, beta = norm.weight.detach().double() * scales, norm.bias.detach().double() * scales
        # Beside h / deviation stand 1 / deviation, mean / deviation, and 1.
        wide = [gamma[:, None] * weight, (gamma * bias)[:, None], -gamma[:, None], beta[:, None]]
        self.register_buffer("wide", torch.cat(wide, 1).float())

    def forward(self, x: Tensor) -> Tensor:
        """Answer x with the branch added to it, in place."""
        flat = x.flatten(1)
        hidden = self._scaled(self._narrowed(flat, x.shape))
        half = len(self.wide) // 2
        for some in pieces(flat):
            wide = torch.mm(self.wide, hidden[:, some])
            flat[:, some].addcmul_(wide[:half], wide[half:].sigmoid_())
        return x

    def _narrowed(self, flat: Tensor, shape: torch.Size) -> Tensor:
        """Answer gelu(norm(conv(x))), (rows, hidden, T): the taps are one product, whose parts are moved and added."""
        taps = torch.mm(self.narrow, flat).view(self.taps, -1, *shape[1:])
        middle = self.taps // 2
        hidden = taps[middle].add_(self.narrow_bias)
        for number, tap in enumerate(taps):
            off = (number - middle) * self.dilation
            if off < 0:
                hidden[..., -off:] += tap[..., :off]
            elif off > 0:
                hidden[..., :-off] += tap[..., off:]
        return torch.ops.aten.gelu_(self.norm(hidden.transpose(0, 1)))

    def _scaled(self, hidden: Tensor) -> Tensor:
        """Answer (hidden + 3, rows * T): what the wide product makes its normalised result of."""
        rows, narrow, frames = hidden.shape
        mean_hidden = hidden.mean(2)
        covariance = torch.bmm(hidden, hidden.transpose(1, 2)).div_(frames)
        mean = mean_hidden @ self.mean_weight + self.mean_bias
        square = (covariance * self.square).sum((1, 2)) + mean_hidden @ self.cross + self.bias_square
        inverse = torch.rsqrt(square - mean.square() + self.eps)[:, None]
        scaled = hidden.new_empty(narrow + 3, rows, frames)
        torch.mul(hidden.transpose(0, 1), inverse, out=scaled[:narrow])
        scaled[narrow] = inverse
        scaled[narrow + 1] = mean[:, None] * inverse
        scaled[narrow + 2] = 1.0
        return scaled.flatten(1)


def pieces(x: Tensor) -> Iterator[slice]:
    """Yield the columns of x (channels, columns) that are worked on at once."""
    channels, columns = x.shape
    step = max(_FEWEST_COLUMNS, _FLOATS_IN_CACHE // channels)
    for start in range(0, columns, step):
        yield slice(start, min(start + step, columns))
