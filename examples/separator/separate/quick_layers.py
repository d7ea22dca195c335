"""Demucs' layers, worked on in pieces that fit the cache, from their first step to their last.

A layer's activations are larger than any cache: Demucs writes each step's result to memory and reads it again. Here
some rows of the spectrogram, or a stretch of the wave, go through all steps at once. 1x1 convolutions are products of
matrices with the bias as one more column; so is a transposed convolution whose kernel is twice its stride, since each
of its outputs is of two neighbours only.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import quick_branch
import torch
from demucs.hdemucs import HDecLayer, HEncLayer
from torch import Tensor, nn
from torch.nn import functional

_FLOATS_IN_CACHE = 800_000


def fits(layer: Any) -> bool:
    """Whether a layer has the shape that QuickEncoder or QuickDecoder stands for."""
    if type(layer) not in (HEncLayer, HDecLayer) or layer.empty or layer.norm:
        return False
    if layer.rewrite is None or layer.dconv is None or not quick_branch.fits(layer.dconv):
        return False
    if isinstance(layer, HEncLayer):
        return bool(layer.rewrite.kernel_size[0] == 1)
    return bool(layer.kernel_size == 2 * layer.stride)


class QuickEncoder(nn.Module):
    """An HEncLayer: convolution, GELU, branches, 1x1 convolution with a gate."""

    empty = False

    def __init__(self, layer: HEncLayer) -> None:
        super().__init__()
        self.conv, self.freq, self.stride = layer.conv, layer.freq, layer.stride
        self.branches = quick_branch.branches(layer.dconv)
        self.register_buffer("weight", _with_bias(layer.rewrite.weight.flatten(1), layer.rewrite.bias))
        self.embedding: Tensor | None = None
        """What is added to each channel and frequency of the result."""

    def forward(self, x: Tensor, inject: Tensor | None = None) -> Tensor:
        """Answer what HEncLayer answers."""
        if not self.freq:
            x = x.flatten(1, -2)
            x = functional.pad(x, (0, -x.shape[-1] % self.stride))
        y = self.conv(x)
        if inject is not None:
            y = y + (inject[:, :, None] if inject.dim() < y.dim() else inject)
        for song in y if self.freq else y[:, :, None]:
            for some in _some_rows(song):
                self._work(song[:, some])
                if self.embedding is not None:
                    song[:, some] += self.embedding[:, some, None]
        return y

    def _work(self, rows: Tensor) -> None:
        """Replace rows (channels, rows, T) of the convolution by those of the layer."""
        inside = _with_ones(rows.shape)
        torch.ops.aten.gelu.out(rows, out=inside[:-1])
        self.branches(inside[:-1])
        half, flat, into = len(self.weight) // 2, inside.flatten(1), rows.flatten(1)
        for some in quick_branch.pieces(into):
            gated = torch.mm(self.weight, flat[:, some])
            torch.mul(gated[:half], gated[half:].sigmoid_(), out=into[:, some])


class QuickDecoder(nn.Module):
    """An HDecLayer: convolution with a gate, branches, transposed convolution, GELU unless it is the last."""

    empty = False

    def __init__(self, layer: HDecLayer) -> None:
        super().__init__()
        self.rewrite, self.last, self.freq = layer.rewrite, layer.last, layer.freq
        self.pad, self.channels, self.stride = layer.pad, layer.chin, layer.stride
        self.branches = quick_branch.branches(layer.dconv)
        # (channels, outputs, 2 * stride): of each pair of neighbours the later one meets the kernel's first half.
        kernel = layer.conv_tr.weight.detach().flatten(2)
        later, earlier = (half.permute(2, 1, 0).flatten(0, 1) for half in kernel.chunk(2, 2))
        self.register_buffer("later", _with_bias(later, layer.conv_tr.bias.repeat(self.stride)))
        self.register_buffer("earlier", functional.pad(earlier, (0, 1)).contiguous())

    def forward(self, x: Tensor, skip: Tensor, length: int) -> tuple[Tensor, Tensor]:
        """Answer what HDecLayer answers."""
        if self.freq and x.dim() == 3:
            x = x.view(len(x), self.channels, -1, x.shape[-1])
        values, gates = self.rewrite(x + skip).chunk(2, 1)
        if not self.freq:
            values, gates = values[:, :, None], gates[:, :, None]
        batch, _, rows, frames = values.shape
        outputs = len(self.later) // self.stride
        if self.freq:
            z = x.new_empty(batch, outputs, rows + 1, self.stride, frames)
            for song, gate, into in zip(values, gates, z, strict=True):
                self._rows(song, gate, into)
            return z.flatten(2, 3)[:, :, self.pad : (rows + 1) * self.stride - self.pad], values
        z = x.new_empty(batch, outputs, frames + 1, self.stride)
        for song, gate, into in zip(values, gates, z, strict=True):
            self._row(song, gate, into)
        return z.flatten(2)[..., self.pad : self.pad + length], values[:, :, 0]

    def _rows(self, values: Tensor, gates: Tensor, z: Tensor) -> None:
        """Work on a spectrogram (channels, rows, T), into z (outputs, rows + 1, stride, T)."""
        channels, rows, frames = values.shape
        last = values.new_zeros(channels, frames)
        for some in _some_rows(values):
            ends = some.stop == rows
            inside = _with_ones((channels, some.stop - some.start + 1 + ends, frames))
            inside[:-1, 0] = last
            if ends:
                inside[:-1, -1] = 0
            self._inner(values[:, some], gates[:, some], inside[:-1, 1 : inside.shape[1] - ends])
            last = inside[:-1, -1]
            made = self._transposed(inside.flatten(1), frames)
            z[:, some.start : some.stop + ends] = made.unflatten(2, (-1, frames)).permute(1, 2, 0, 3)

    def _row(self, values: Tensor, gates: Tensor, z: Tensor) -> None:
        """Work on a wave (channels, 1, T), into z (outputs, T + 1, stride)."""
        channels, _, frames = values.shape
        inside = _with_ones((channels, 1, frames + 2))
        inside[:-1, :, 0] = inside[:-1, :, -1] = 0
        self._inner(values, gates, inside[:-1, :, 1:-1])
        for some in quick_branch.pieces(inside[:, 0, 1:]):
            z[:, some] = self._transposed(inside[:, 0, some.start : some.stop + 1], 1).permute(1, 2, 0)

    def _inner(self, values: Tensor, gates: Tensor, inside: Tensor) -> None:
        """Do what comes before the transposed convolution, on (channels, rows, T), into `inside` and `values`."""
        torch.mul(values, torch.sigmoid(gates), out=inside)
        values.copy_(self.branches(inside))

    def _transposed(self, inside: Tensor, step: int) -> Tensor:
        """Answer (stride, outputs, columns - step): what each column, and the one a step before it, make together."""
        later, earlier = inside[:, step:], inside[:, :-step]
        made = inside.new_empty(len(self.later), later.shape[1])
        for some in quick_branch.pieces(later):
            torch.mm(self.later, later[:, some], out=made[:, some])
            made[:, some].addmm_(self.earlier, earlier[:, some])
        if not self.last:
            torch.ops.aten.gelu_(made)
        return made.unflatten(0, (self.stride, -1))


def _with_bias(weight: Tensor, bias: Tensor) -> Tensor:
    return torch.cat([weight.detach(), bias.detach()[:, None]], 1).contiguous()


def _with_ones(shape: Sequence[int]) -> Tensor:
    """Answer room for (channels, rows, T), and one more channel of ones, for the bias."""
    room = torch.empty(shape[0] + 1, *shape[1:])
    room[-1] = 1.0
    return room


def _some_rows(x: Tensor) -> Iterator[slice]:
    """Yield the rows of x (channels, rows, T) that fit the cache together."""
    channels, rows, frames = x.shape
    step = max(1, _FLOATS_IN_CACHE // (channels * frames))
    for start in range(0, rows, step):
        yield slice(start, min(start + step, rows))
