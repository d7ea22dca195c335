"""A model of htdemucs' architecture with random numbers in it: to try everything but how it sounds.

`python small_model.py DIRECTORY` writes one, `small`, as Demucs publishes its own; then `model: small` and
`repo: DIRECTORY` in the job file use it.
"""

from __future__ import annotations

import hashlib
import io
import sys
from fractions import Fraction
from pathlib import Path
from typing import Any

import torch
from demucs.htdemucs import HTDemucs
from demucs.transformer import LayerScale
from torch import nn

SOURCES = ["drums", "bass", "other", "vocals"]
SMALL: dict[str, Any] = {
    "channels": 4,
    "dconv_comp": 2,
    "t_layers": 1,
    "t_heads": 2,
    "t_hidden_scale": 1.0,
    "segment": Fraction(39, 5),
}
WHOLE: dict[str, Any] = {
    "channels": 48,
    "dconv_mode": 3,
    "t_dropout": 0.02,
    "t_layers": 5,
    "bottom_channels": 512,
    "segment": Fraction(39, 5),
}
"""What makes an HTDemucs the published htdemucs: 42 million numbers."""


def htdemucs(seed: int = 0, **sizes: Any) -> HTDemucs:
    """Answer a model of four stems. Its scales are as large as those of a trained one, not as of a new one."""
    torch.manual_seed(seed)
    model = HTDemucs(sources=SOURCES, samplerate=44_100, **(sizes or SMALL)).eval()
    for module in model.modules():
        if isinstance(module, LayerScale):
            module.scale.data.uniform_(0.1, 0.5)
    return model


def save(model: nn.Module, repo: Path, name: str) -> Path:
    """Write a model, and a bag that holds it alone, `NAME-bag`. Answers the file."""
    repo.mkdir(parents=True, exist_ok=True)
    arguments, keywords = model._init_args_kwargs  # noqa: SLF001 - where Demucs keeps what a model was made with
    package = {"klass": type(model), "args": arguments, "kwargs": keywords, "training_args": {}}
    content = io.BytesIO()
    torch.save({**package, "state": model.state_dict()}, content)
    path = repo / f"{name}-{hashlib.sha256(content.getvalue()).hexdigest()[:8]}.th"
    path.write_bytes(content.getvalue())
    (repo / f"{name}-bag.yaml").write_text(f"models: ['{name}']\n")
    return path


if __name__ == "__main__":
    print(save(htdemucs(), Path(sys.argv[1]), "small"))
