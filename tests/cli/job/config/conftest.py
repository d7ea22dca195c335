from __future__ import annotations

from pathlib import Path

import pytest

JOB = """\
# My job.
job_name: ${WHO}-mixer  # whose

job_config:
  bitrate: 192
  events:
    inputs:
      - type: pubsub
        topic: projects/studio/topics/mixer
"""


@pytest.fixture
def job_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A job's directory, in which we stand."""
    (tmp_path / "klio-job.yaml").write_text(JOB)
    monkeypatch.chdir(tmp_path)
    return tmp_path
