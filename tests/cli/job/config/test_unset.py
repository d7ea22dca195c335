from __future__ import annotations

from pathlib import Path

from tests.cli.job.config.conftest import JOB


def test_keys_are_deleted_and_all_else_stays(klio, job_dir: Path):
    screen = klio("job", "config", "unset", "job_config.bitrate", "job_config.events.inputs[0]", "-T", "WHO=anna")

    assert (screen.status, screen.out, screen.err) == (0, "Changed klio-job.yaml\n", "")
    assert Path("klio-job.yaml").read_text() == JOB[: JOB.index("  bitrate")] + "  events:\n    inputs: []\n"


def test_what_is_needed_is_not_deleted(klio, job_dir: Path):
    screen = klio("job", "config", "unset", "job_name")

    assert (screen.status, screen.out) == (2, "")
    assert screen.err == (
        "Error: klio-job.yaml, as changed cannot be used: 1 problem\n"
        "klio-job.yaml, as changed:3: job_name: a required key is missing\n"
        "  to do: add the key job_name\n"
    )
    assert Path("klio-job.yaml").read_text() == JOB


def test_what_is_not_there_is_told(klio, job_dir: Path):
    screen = klio("job", "config", "unset", "job_config.nope")

    assert (screen.status, screen.err) == (
        2,
        "Error: there is no such key\n  at: klio-job.yaml: job_config.nope\n",
    )
