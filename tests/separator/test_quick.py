"""What is quick answers what Demucs answers."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import quick
import small_model as models
import torch
from demucs.hdemucs import HDemucs


def apart(one: torch.Tensor, other: torch.Tensor) -> float:
    return float((one - other).abs().max())


@pytest.mark.parametrize("sizes", [{}, {"channels": 8, "dconv_mode": 3, "t_layers": 2, "bottom_channels": 32}])
def test_a_quick_model_answers_the_same_within_rounding(sizes: dict[str, Any]):
    model = models.htdemucs(**(sizes and {**models.SMALL, **sizes}))
    fast = copy.deepcopy(model)
    layers = quick.quicken(fast)
    song = torch.randn(1, 2, int(44_100 * 7.8)) * 0.2

    with torch.no_grad():
        assert apart(fast(song), model(song)) < 1e-5
    assert layers == (16 if sizes else 8)


def test_several_songs_at_once_are_answered_each_by_itself():
    model = models.htdemucs()
    fast = copy.deepcopy(model)
    quick.quicken(fast)
    songs = torch.randn(2, 2, int(44_100 * 7.8)) * torch.tensor([0.2, 0.02])[:, None, None]

    with torch.no_grad():
        assert apart(fast(songs), model(songs)) < 1e-5


def test_layers_of_older_models_are_left_as_they_are():
    torch.manual_seed(0)
    model = HDemucs(sources=models.SOURCES, channels=4, dconv_comp=2, segment=4).eval()
    fast = copy.deepcopy(model)
    replaced = quick.quicken(fast)
    song = torch.randn(1, 2, 44_100)

    with torch.no_grad():
        assert apart(fast(song), model(song)) < 1e-5
    assert 0 < replaced < sum(len(part) for part in (model.encoder, model.decoder, model.tencoder, model.tdecoder))


def test_attention_in_bf16_is_used_where_the_processor_has_it_and_is_close():
    model = models.htdemucs()
    close = copy.deepcopy(model)
    used = quick.bfloat16_attention(close)
    song = torch.randn(1, 2, int(44_100 * 7.8)) * 0.2

    with torch.no_grad():
        right, answered = model(song), close(song)
    assert used == torch.cpu._is_amx_tile_supported()
    below_db = 10 * torch.log10((right - answered).square().mean() / right.square().mean())
    assert answered.dtype == torch.float32
    assert below_db < -50 if used else apart(right, answered) == 0
