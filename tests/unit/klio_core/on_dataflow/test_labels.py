from __future__ import annotations

import pytest

from klio_core.on_dataflow.labels import clean, labels


@pytest.mark.parametrize(
    ("value", "cleaned"),
    [
        ("26.11.0", "26-11-0"),
        ("feature/Loud Ünïcode", "feature-loud-n-code"),
        ("a_b-c", "a_b-c"),
        ("x" * 70, "x" * 63),
        ("…", ""),
    ],
)
def test_a_value_is_made_such_as_google_takes(value: str, cleaned: str):
    assert clean(value) == cleaned


def test_the_versions_the_build_and_the_one_who_launches_are_told_after_what_is_given():
    environ = {"BUILD_ID": "7", "COMMIT_SHA": "", "USER": "Ada", "CI": "false"}
    assert labels(["team=Audio"], "1.2", environ) == [
        *("team=Audio", "klio-exec=1-2", "klio-core=1-2", "klio=1-2", "build_id=7", "deployed_by=ada"),
    ]
    assert labels([], "1", {"CI": "True", "USER": "ada"})[-1] == "deployed_by=ci"
