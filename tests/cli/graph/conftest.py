from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.cli.conftest import Klio  # noqa: F401  (what these tests type)

NewJobs = Callable[..., Path]


def topic(name: str) -> str:
    return f"projects/studio/topics/{name}"


def job_file(name: str, parents: tuple[str, ...] = ()) -> dict[str, Any]:
    """A job that reads its own input topic and what its parents write, with its data beside theirs."""
    return {
        "job_name": name,
        "pipeline_options": {"project": "studio", "streaming": True},
        "job_config": {
            "events": {
                "inputs": [
                    {"type": "pubsub", "topic": topic(f"{t}")} for t in (f"{name}-in", *(f"{p}-out" for p in parents))
                ],
                "outputs": [{"type": "pubsub", "topic": topic(f"{name}-out")}],
            },
            "data": {
                "inputs": [
                    {"type": "gcs", "location": f"gs://studio/{p}", "file_suffix": ".wav"}
                    for p in parents or ["tracks"]
                ],
                "outputs": [{"type": "gcs", "location": f"gs://studio/{name}", "file_suffix": ".wav"}],
            },
            "dependencies": [
                {"job_name": p, "input_topics": [topic(f"{p}-in")], "makes": number} for number, p in enumerate(parents)
            ],
        },
    }


DIAMOND = {"decode": (), "beats": ("decode",), "loudness": ("decode",), "mix": ("beats", "loudness")}


@pytest.fixture
def new_jobs(tmp_path: Path) -> NewJobs:
    """Write job files, a directory each; `change` sees each of them first. Answers the directory of them all."""

    def write(parents: dict[str, tuple[str, ...]], change: Callable[[dict[str, Any]], object] = lambda _: None) -> Path:
        for name, above in parents.items():
            (tmp_path / "jobs" / name).mkdir(parents=True)
            config = job_file(name, above)
            change(config)
            (tmp_path / "jobs" / name / "klio-job.yaml").write_text(yaml.safe_dump(config))
        return tmp_path / "jobs"

    return write
