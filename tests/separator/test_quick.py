"""What is quick answers what Demucs answers."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import quick
import small_model as models
import torch
from demucs.demucs import Demucs
from demucs.hdemucs import HDemucs
from torch import nn

SECONDS = int(44_100 * 7.8)
LIKE_THE_WHOLE = {**models.SMALL, "channels": 8, "dconv_mode": 3, "t_layers": 3, "bottom_channels": 32}


def apart(one: torch.Tensor, other: torch.Tensor) -> float:
    return float((one - other).abs().max())


def both(model: nn.Module, song: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, int]:
    """Answer what a model answers, what it answers when it is quick, and how many of its parts were replaced."""
    fast = copy.deepcopy(model)
    replaced = quick.quicken(fast)
    with torch.no_grad():
        return model(song), fast(song), replaced


def noise(*shape: int) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(1)) * 0.2


@pytest.mark.parametrize(
    ("sizes", "parts"),
    [
        ({}, 9),
        (LIKE_THE_WHOLE, 17),
        ({**LIKE_THE_WHOLE, "t_cross_first": True, "t_layer_scale": False, "t_norm_out": False}, 17),
        ({**LIKE_THE_WHOLE, "t_gelu": False, "t_norm_in": False, "t_weight_pos_embed": 0.5}, 17),
        ({**LIKE_THE_WHOLE, "freq_emb": 0.0, "dconv_depth": 1}, 17),
        ({**LIKE_THE_WHOLE, "t_norm_first": False}, 16),
        ({**LIKE_THE_WHOLE, "t_emb": "cape"}, 16),
        ({**LIKE_THE_WHOLE, "dconv_mode": 0}, 1),
        ({**LIKE_THE_WHOLE, "t_layers": 0}, 16),
    ],
)
def test_a_quick_model_answers_the_same_within_rounding(sizes: dict[str, Any], parts: int):
    right, answered, replaced = both(models.htdemucs(**sizes), noise(1, 2, SECONDS))

    assert apart(answered, right) < 1e-5
    assert replaced == parts


def test_stems_as_loud_as_music_are_the_same_within_rounding():
    model = models.htdemucs(**LIKE_THE_WHOLE)
    for part in (*model.decoder, *model.tdecoder):
        part.conv_tr.weight.data *= 3
    right, answered, _ = both(model, 5 * noise(1, 2, SECONDS))

    assert right.std() > 0.1
    assert apart(answered, right) < 1e-5


def test_several_songs_at_once_are_answered_each_by_itself():
    songs = noise(2, 2, SECONDS) * torch.tensor([1.0, 0.1])[:, None, None]
    right, answered, _ = both(models.htdemucs(**LIKE_THE_WHOLE), songs)

    assert apart(answered, right) < 1e-5


@pytest.mark.parametrize("more", [{}, {"multi_freqs": [0.5]}, {"hybrid_old": True}])
def test_layers_of_older_models_that_have_another_shape_are_left_as_they_are(more: dict[str, Any]):
    torch.manual_seed(0)
    model = HDemucs(sources=models.SOURCES, channels=4, dconv_comp=2, segment=4, **more).eval()
    right, answered, replaced = both(model, noise(1, 2, 44_100))

    assert apart(answered, right) < 1e-5
    assert 0 < replaced < sum(len(part) for part in (model.encoder, model.decoder, model.tencoder, model.tdecoder))


def test_the_oldest_models_are_left_as_they_are():
    torch.manual_seed(0)
    right, answered, replaced = both(Demucs(models.SOURCES, channels=4, depth=3).eval(), noise(1, 2, 44_100))

    assert (apart(answered, right), replaced) == (0.0, 0)


def test_attention_in_bf16_is_used_where_the_processor_has_it_and_is_close():
    model = models.htdemucs(**LIKE_THE_WHOLE)
    close = copy.deepcopy(model)
    quick.quicken(close)
    used = quick.bfloat16_attention(close)
    song = noise(1, 2, SECONDS)

    with torch.no_grad():
        right, answered = model(song), close(song)
    assert used == torch.cpu._is_amx_tile_supported()
    below_db = 10 * torch.log10((right - answered).square().mean() / right.square().mean())
    assert answered.dtype == torch.float32
    assert below_db < -50 if used else apart(right, answered) < 1e-5


def test_a_model_without_attention_has_none_in_bf16():
    model = models.htdemucs(**{**models.SMALL, "t_layers": 0})
    quick.quicken(model)

    assert not quick.bfloat16_attention(model)
