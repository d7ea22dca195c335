from __future__ import annotations

from pathlib import Path

import pytest

INPUT = """\
type: pubsub
skip_klio_read: false
topic: projects/studio/topics/mixer
"""


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("job_name", "anna-mixer\n"),
        ("job_config.bitrate", "192\n"),
        ("pipeline_options.streaming", "true\n"),
        ("job_config.events.inputs[0].topic", "projects/studio/topics/mixer\n"),
        ("job_config.events.inputs.0.topic", "projects/studio/topics/mixer\n"),
        ("job_config.events.inputs.pubsub0", INPUT),
        ("job_config.events.outputs", "[]\n"),
    ],
)
def test_one_value_is_shown(klio, job_dir: Path, path: str, shown: str):
    screen = klio("job", "config", "get", path, "-T", "WHO=anna")

    assert (screen.status, screen.out, screen.err) == (0, shown, "")


def test_one_value_is_shown_as_json(klio, job_dir: Path):
    screen = klio(
        "job", "config", "get", "job_config.own", "--json", "-T", "WHO=a", "-O", "job_config.own={a: [é, 1.5]}"
    )

    assert (screen.status, screen.out) == (0, '{\n  "a": [\n    "é",\n    1.5\n  ]\n}\n')


def test_a_key_that_is_not_there_is_an_error(klio, job_dir: Path):
    screen = klio("job", "config", "get", "job_config.bitrat", "-T", "WHO=anna")

    assert (screen.status, screen.out, screen.err) == (
        2,
        "",
        "Error: there is no such key, or it is not set\n  at: job_config.bitrat\n  to do: did you mean bitrate?\n",
    )
