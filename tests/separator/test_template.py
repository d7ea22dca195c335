"""`klio job create --template separator`: the job of a newcomer who has PyTorch."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tests.flow.test_new_jobs import newcomer

SMALL = ("-Ojob_config.model=small", "-Ojob_config.repo=models")


@pytest.mark.timeout(300)
def test_the_separator_makes_stems_for_whoever_made_it_their_own(tmp_path: Path) -> None:
    with newcomer(tmp_path, "separator") as somebody:
        assert "1 passed" in somebody.types("job", "test")
        assert " 0 failed" in somebody.types("job", "verify", "--offline")
        assert "nothing found" in somebody.types("job", "audit")
        somebody.python(
            "import small_model as m; from pathlib import Path; m.save(m.htdemucs(), Path('models'), 'small')"
        )
        noise = np.random.default_rng(0).standard_normal((44_100, 2)) * 0.1
        soundfile.write(somebody.job / "song.flac", noise, 44_100)
        name = hashlib.sha256((somebody.job / "song.flac").read_bytes()).hexdigest()
        somebody.types("local", "up")
        somebody.types("local", "cp", "song.flac", f"gs://klio-local-separator/queue/{name}")
        with somebody.running(*SMALL):
            followed = somebody.types("message", "publish", "--local", name, "--follow")

        assert followed.splitlines()[-1].startswith(f"{name}  committed")
        (somebody.job / "vocals.mp3").write_bytes(somebody.file(f"gs://klio-local-separator/stems/{name}-vocals.mp3"))
        assert soundfile.info(somebody.job / "vocals.mp3").frames == 44_100
