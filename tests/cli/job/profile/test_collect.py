"""Profiles that workers have left: from a directory, from Cloud Storage, and kept in a file."""

from __future__ import annotations

import cProfile
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from klio_cli.cpu_profiles import moment
from klio_cli.objects import Objects
from klio_core.errors import UsageError

COLLECT = ("job", "profile", "collect-profiling-data")
JOB = "job_name: mix\npipeline_options: {{profile_location: {place}}}\njob_config: {{}}\n"


def spectrum() -> int:
    return sum(range(100))


@pytest.fixture
def profiles(tmp_path: Path) -> Path:
    """A directory with the profiles of three workers, one of them old."""
    directory = tmp_path / "profiles"
    directory.mkdir()
    for name in ("one", "two", "old"):
        profiler = cProfile.Profile()
        profiler.runcall(spectrum)
        profiler.dump_stats(directory / name)
    os.utime(directory / "old", (0, 0))
    return directory


def test_the_profiles_of_the_last_hour_are_added_up(klio, profiles: Path, tmp_path: Path):
    (tmp_path / "klio-job.yaml").write_text(JOB.format(place=profiles))

    screen = klio(*COLLECT, "-j", tmp_path, "spectrum")

    assert (screen.status, screen.err) == (0, "")
    (line,) = [line for line in screen.out.splitlines() if line.endswith("(spectrum)")]
    assert line.split()[0] == "2"


def test_another_time_another_place_and_another_order_may_be_said(klio, profiles: Path):
    screen = klio(*COLLECT, "--gcs-location", profiles, "--since", "1970-01-01", "--sort-stats", "ncalls", "1")

    assert screen.status == 0
    assert "Ordered by: call count" in screen.out
    assert "due to restriction <1>" in screen.out


def test_their_sum_is_kept_and_shown_again(klio, profiles: Path, tmp_path: Path):
    kept = klio(*COLLECT, "--gcs-location", profiles, "-o", tmp_path / "sum")
    shown = klio(*COLLECT, "-i", tmp_path / "sum", "spectrum")

    assert (kept.status, kept.out) == (0, "")
    assert next(line for line in shown.out.splitlines() if "(spectrum)" in line).split()[0] == "2"


def test_they_are_read_from_cloud_storage(klio, profiles: Path, objects_url: str, monkeypatch: pytest.MonkeyPatch):
    with Objects.at(objects_url) as objects:
        list(objects.copy_in([str(profiles / "one"), str(profiles / "two")], "gs://profiles-of-mix/cpu/"))
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", objects_url)
    monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", "music")

    screen = klio(*COLLECT, "--gcs-location", "gs://profiles-of-mix/cpu", "spectrum")

    assert screen.status == 0, screen.err
    assert next(line for line in screen.out.splitlines() if "(spectrum)" in line).split()[0] == "2"


def test_what_cannot_be_collected_is_said(klio, profiles: Path, tmp_path: Path):
    (tmp_path / "klio-job.yaml").write_text("job_name: mix\njob_config: {}\n")
    (tmp_path / "no-profile").write_text("hello")

    nowhere = klio(*COLLECT, "-j", tmp_path)
    nothing = klio(*COLLECT, "--gcs-location", profiles, "--since", "2000-01-01", "--until", "2000-01-02")
    wrong = klio(*COLLECT, "-i", tmp_path / "no-profile")

    assert nowhere.err == (
        "Error: nothing says where the profiles are\n  to do: --gcs-location, or pipeline_options.profile_location\n"
    )
    assert (nothing.status, nothing.err.splitlines()[2]) == (
        6,
        "  expected: made between 2000-01-01 00:00 and 2000-01-02 00:00 UTC",
    )
    assert (wrong.status, wrong.err.splitlines()[0]) == (2, "Error: not a profile of cProfile")


def test_times_are_said_as_people_say_them():
    now = datetime(2026, 11, 21, 8, 30, tzinfo=UTC)

    assert moment("now", now) == now
    assert moment("90 minutes ago", now) == datetime(2026, 11, 21, 7, tzinfo=UTC)
    assert moment("1 hour ago", now) == datetime(2026, 11, 21, 7, 30, tzinfo=UTC)
    assert moment("2026-11-20T10:00", now) == datetime(2026, 11, 20, 10, tzinfo=UTC)
    assert moment("2026-11-20T10:00+02:00", now) == datetime(2026, 11, 20, 8, tzinfo=UTC)
    with pytest.raises(UsageError, match=r"^not a time"):
        moment("yesterday", now)
