from __future__ import annotations

from pathlib import Path

from klio_core.config import dump, parse
from tests.cli.job.config.conftest import JOB


def test_the_effective_configuration_is_shown_and_loads_again(klio, job_dir: Path):
    screen = klio("job", "config", "show", "-T", "WHO=anna", "-O", "job_config.bitrate=256")

    config = parse(JOB, templates={"WHO": "anna"}, overrides=["job_config.bitrate=256"])
    assert (screen.status, screen.out, screen.err) == (0, dump(config), "")
    assert screen.out.startswith("version: 2\njob_name: anna-mixer\npipeline_options:\n  runner: DataflowRunner\n")
    assert parse(screen.out) == config


def test_without_its_templates_it_cannot_be_shown(klio, job_dir: Path):
    screen = klio("job", "config", "show")

    assert (screen.status, screen.out) == (2, "")
    assert screen.err == (
        "Error: klio-job.yaml cannot be used: 1 problem\n"
        "klio-job.yaml:2: no value for the template ${WHO}\n"
        "  got: values for: none\n"
        "  to do: give it: -T WHO=value; a dollar sign itself is $$\n"
    )
