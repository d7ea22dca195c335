"""Demucs' transformer with fewer trips to memory.

Its steps are those of Rouard, Massa and Défossez, "Hybrid Transformers for Music Source Separation" (2023). What scales
and shifts a row before or after a product of matrices is part of the matrix here, attention goes through the fused
kernel and never writes its matrix, what is added is added in place, and where a token stands is computed once.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from demucs.transformer import (
    CrossTransformerEncoder,
    CrossTransformerEncoderLayer,
    MyGroupNorm,
    MyTransformerEncoderLayer,
    create_2d_sin_embedding,
    create_sin_embedding,
)
from torch import Tensor, nn
from torch.nn import functional


def fits(transformer: nn.Module) -> bool:
    """Whether a transformer is one that QuickTransformer can stand for: the published models' is."""
    return (
        type(transformer) is CrossTransformerEncoder
        and transformer.emb == "sin"
        and transformer.sin_random_shift == 0
        and all(_layer_fits(layer) for layer in (*transformer.layers, *transformer.layers_t))
    )


class QuickTransformer(nn.Module):
    """A CrossTransformerEncoder: layers that look at their own branch and at the other one in turn."""

    def __init__(self, transformer: CrossTransformerEncoder) -> None:
        super().__init__()
        self.norms = nn.ModuleList([transformer.norm_in, transformer.norm_in_t])
        self.layers = nn.ModuleList(QuickLayer(layer) for layer in transformer.layers)
        self.layers_t = nn.ModuleList(QuickLayer(layer) for layer in transformer.layers_t)
        self._alone = transformer.classic_parity
        self._period, self._weight = transformer.max_period, transformer.weight_pos_embed
        self._places: dict[tuple[int, ...], Tensor] = {}

    def forward(self, x: Tensor, xt: Tensor) -> tuple[Tensor, Tensor]:
        """Answer what CrossTransformerEncoder answers: x (batch, channels, frequencies, T), xt (batch, channels, T)."""
        shape, shape_t = x.shape, xt.shape
        x = self._tokens(x, self.norms[0])
        xt = self._tokens(xt, self.norms[1])
        for number, (layer, layer_t) in enumerate(zip(self.layers, self.layers_t, strict=True)):
            if number % 2 == self._alone:
                x, xt = layer(x), layer_t(xt)
            else:
                x, xt = layer(x, xt), layer_t(xt, x)
        return x.transpose(1, 2).contiguous().view(shape), xt.transpose(1, 2).contiguous().view(shape_t)

    def _tokens(self, x: Tensor, norm: nn.Module) -> Tensor:
        """Answer (batch, tokens, channels) with the places of the tokens added. Attention knows no other order."""
        tokens: Tensor = norm(x.flatten(2).transpose(1, 2).contiguous())
        return tokens.add_(self._place(x.shape[1:]), alpha=self._weight)

    def _place(self, shape: torch.Size) -> Tensor:
        if tuple(shape) not in self._places:
            channels, *counts = shape
            if len(counts) == 1:
                place = create_sin_embedding(*counts, channels, max_period=self._period)[:, 0]
            else:
                place = create_2d_sin_embedding(channels, *counts, max_period=self._period)[0].flatten(1).T
            self._places[tuple(shape)] = place.contiguous()
        return self._places[tuple(shape)]


class QuickLayer(nn.Module):
    """A layer of the transformer, of either kind: attention to itself or to the other branch, then two products."""

    def __init__(self, layer: Any) -> None:
        super().__init__()
        attention = layer.self_attn if isinstance(layer, MyTransformerEncoderLayer) else layer.cross_attn
        crosses = not isinstance(layer, MyTransformerEncoderLayer)
        self.heads, self.activation = attention.num_heads, layer.activation
        width = attention.embed_dim
        norms = (layer.norm1, layer.norm2, layer.norm3) if crosses else (layer.norm1, layer.norm1, layer.norm2)
        self.eps = [norm.eps for norm in norms]
        weight, bias = attention.in_proj_weight, attention.in_proj_bias
        self.query = _after(norms[0], weight[:width], bias[:width])
        self.seen = _after(norms[1], weight[width:], bias[width:])
        self.attended = _before(layer.gamma_1, attention.out_proj)
        self.inner = _after(norms[2], layer.linear1.weight, layer.linear1.bias)
        self.outer = _before(layer.gamma_2, layer.linear2)
        self.norm_out = layer.norm_out

    def forward(self, x: Tensor, other: Tensor | None = None) -> Tensor:
        """Answer x (batch, tokens, channels) after the layer, which looks at `other` or, without it, at x itself."""
        width = x.shape[2:]
        query = self.query(functional.layer_norm(x, width, eps=self.eps[0]))
        other = x if other is None else other
        seen = self.seen(functional.layer_norm(other, width, eps=self.eps[1]))
        key, value = (self._by_head(part) for part in seen.chunk(2, 2))
        found = functional.scaled_dot_product_attention(self._by_head(query), key, value)
        x = x + self.attended(found.transpose(1, 2).flatten(2))
        hidden = self.inner(functional.layer_norm(x, width, eps=self.eps[2]))
        x += self.outer(self.activation(hidden))
        return x if self.norm_out is None else self._normalised(x)

    def in_bfloat16(self) -> None:
        """Let the products and the attention compute in bfloat16; normalisations and what is added stay float32."""
        for product in (self.query, self.seen, self.attended, self.inner, self.outer):
            product.to(torch.bfloat16)

    def _by_head(self, x: Tensor) -> Tensor:
        return x.unflatten(2, (self.heads, -1)).transpose(1, 2)

    def _normalised(self, x: Tensor) -> Tensor:
        norm = self.norm_out
        return torch.addcmul(norm.bias, functional.layer_norm(x, x.shape[1:], eps=norm.eps), norm.weight)


class Product(nn.Module):
    """x (…, inputs) times weight (outputs, inputs), plus bias, in the type that these have."""

    def __init__(self, weight: Tensor, bias: Tensor) -> None:
        super().__init__()
        self.register_buffer("weight", weight.detach())
        self.register_buffer("bias", bias.detach())

    def forward(self, x: Tensor) -> Tensor:
        """Answer the product."""
        return functional.linear(x.to(self.weight.dtype), self.weight, self.bias)


def _after(norm: nn.LayerNorm, weight: Tensor, bias: Tensor) -> Product:
    """Answer a product that includes the scale and the shift of the normalisation before it."""
    return Product(weight * norm.weight, bias + weight @ norm.bias)


def _before(scale: nn.Module, linear: nn.Linear) -> Product:
    """Answer a product that includes the scale after it."""
    factor = getattr(scale, "scale", torch.ones(1))
    return Product(linear.weight * factor[:, None], linear.bias * factor)


def _layer_fits(layer: Any) -> bool:
    if type(layer) not in (MyTransformerEncoderLayer, CrossTransformerEncoderLayer) or layer.sparse:
        return False
    attention = layer.self_attn if isinstance(layer, MyTransformerEncoderLayer) else layer.cross_attn
    return bool(
        layer.norm_first
        and attention.batch_first
        and attention.in_proj_bias is not None
        and _all_are(nn.LayerNorm, (module for name, module in layer.named_children() if name[:-1] == "norm"))
        and (layer.norm_out is None or (isinstance(layer.norm_out, MyGroupNorm) and layer.norm_out.num_groups == 1))
    )


def _all_are(kind: type, modules: Iterable[nn.Module]) -> bool:
    return all(type(module) is kind for module in modules)
