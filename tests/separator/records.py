"""What the workers of a job told of their songs, as `klio job run --local` keeps it in a file for each worker."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any


def told(project: Path, job: str) -> list[list[dict[str, Any]]]:
    """Answer the records of each worker, in order."""
    files = (project / ".klio" / "status" / job).glob("*.jsonl")
    lines = [file.read_text().splitlines(keepends=True) for file in files]
    return [[json.loads(line) for line in those if line.endswith("\n")] for those in lines]


def ended(project: Path, job: str, state: str) -> Counter[str]:
    """Answer how often each song has come to a state in which the work on it ends."""
    return Counter(one["element"] for records in told(project, job) for one in records if one["state"] == state)


def begun(project: Path, job: str = "separate") -> Counter[str]:
    """Answer how often workers have begun with each song; while it waits in a worker, that is told again and again."""
    found: Counter[str] = Counter()
    for records in told(project, job):
        last: dict[str, str] = {}
        for one in records:
            song, state = one["element"], one["state"]
            found[song] += state == "leased" and last.get(song) != "leased"
            last[song] = state
    return found
