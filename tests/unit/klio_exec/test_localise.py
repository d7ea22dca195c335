"""What --local adds to a job file."""

from __future__ import annotations

from pathlib import Path

import pytest

from klio_core.config import KlioConfig, parse
from klio_exec.localise import localised

TOPIC = "projects/p/topics/told"


def job(status: str, *, streaming: str = "true") -> KlioConfig:
    said = f"status: {status}" if status else ""
    options = f"pipeline_options: {{project: p, streaming: {streaming}}}"
    return parse(f"job_name: cutter\n{options}\njob_config: {{events: {{{said}}}}}")


@pytest.mark.parametrize(
    ("status", "topic", "location"),
    [
        ("", "projects/p/topics/klio-status", ".klio/status/cutter"),
        (f"{{type: pubsub, topic: {TOPIC}}}", TOPIC, ".klio/status/cutter"),
        (f"{{type: pubsub, topic: {TOPIC}, location: mine}}", TOPIC, "mine"),
    ],
    ids=["nothing said", "a topic", "a topic and a directory"],
)
def test_records_are_kept_on_this_machine_as_well_as_published(tmp_path: Path, status: str, topic: str, location: str):
    entry = localised(job(status), tmp_path).job_config.events.status

    where = location if location == "mine" else str(tmp_path / location)
    assert (entry.topic, entry.location) == (topic, where)


def test_who_wants_no_records_gets_none(tmp_path: Path):
    assert localised(job("false"), tmp_path).job_config.events.status is False
