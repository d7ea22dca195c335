"""What the profiles take from the command line, klio's own names for it among that."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.cli.job.profile.conftest import Profile


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--local", "--container"], "Error: --local and --container exclude each other\n"),
        (["--force-build"], "Error: --force-build is for --container: without it there is no image\n"),
        (["--image-tag", "1"], "Error: --image-tag is for --container: without it there is no image\n"),
        (["--container", "-i", "no.txt"], "Error: the file of elements cannot be read\n  at: no.txt\n"),
    ],
)
def test_what_does_not_go_together_is_refused(klio, mix: Path, options: list[str], said: str):
    screen = klio("job", "profile", "cpu", "-j", mix, "a", *options)

    assert (screen.status, screen.out) == (2, "")
    assert screen.err.startswith(said)


@pytest.mark.slow
def test_the_picture_of_klio_has_the_name_that_klio_gave_it(profile: Profile, mix: Path):
    done = profile("memory", "-g", "--include-children", "--multiprocess", "--interval", "0.1", "a")

    assert done.returncode == 0, done.stderr
    (picture,) = mix.glob("*.png")
    assert re.fullmatch(r"klio_profile_memory_\d{14}\.png", picture.name)


@pytest.mark.slow
def test_memory_per_line_is_memory_lines(profile: Profile):
    done = profile("memory-per-line", "--maximum", "a")

    assert done.returncode == 0, done.stderr
    assert "held = [" in done.stdout
