from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.job.profile.conftest import Profile, column


@pytest.mark.slow
def test_each_element_is_worked_on_ten_times_and_nothing_is_left_behind(profile: Profile, mix: Path):
    done = profile("timeit", "a", "b")

    assert done.returncode == 0, done.stderr
    assert column(done.stdout, "calls") == {"Load": "20", "Mix": "20", "@profile mixed": "20"}
    assert "processed         20" in done.stderr
    assert not (mix / "out").exists()
    assert not (mix / ".klio").exists()


@pytest.mark.slow
def test_elements_come_from_a_file_or_a_pipe_and_the_report_goes_to_a_file(profile: Profile, mix: Path):
    (mix / "songs.txt").write_text("a\n\nb\n")
    profile("timeit", "-n", "1", "-i", "songs.txt", "-o", "report.txt")
    done = profile("timeit", "-n", "3", "-i", "-", stdin="a\n")

    assert column((mix / "report.txt").read_text(), "calls") == {"Load": "2", "Mix": "2", "@profile mixed": "2"}
    assert column(done.stdout, "calls")["Mix"] == "3"


@pytest.mark.slow
def test_outputs_are_kept_on_demand_and_what_was_there_is_made_anew(profile: Profile, mix: Path):
    (mix / "out").mkdir()
    (mix / "out" / "a.wav").write_text("old")

    profile("timeit", "-n", "1", "--keep-outputs", "a")

    assert (mix / "out" / "a.wav").read_bytes() == bytes(100_000)


@pytest.mark.slow
def test_the_exit_status_is_the_jobs(profile: Profile):
    done = profile("timeit", "-n", "1", "a", "broken")

    assert done.returncode == 3
    assert column(done.stdout, "calls")["Mix"] == "2"
    assert "dead letter b'broken' (exception: ValueError: no sound)" in done.stderr


@pytest.mark.slow
def test_code_that_runs_in_a_child_process_elsewhere_runs_here_where_it_is_seen(profile: Profile):
    done = profile("timeit", "-n", "2", "-O", "job_config.isolation=subprocess", "-O", "job_config.timeout_s=60", "a")

    assert column(done.stdout, "calls") == {"Load": "2", "Mix": "2", "@profile mixed": "2"}


def test_nothing_to_work_on_is_refused(klio, mix: Path):
    screen = klio("job", "profile", "timeit", "-j", mix)

    assert (screen.status, screen.out) == (2, "")
    assert screen.err == ("Error: no element to work on\n  to do: name elements, or -i FILE with one in each line\n")


def test_no_job_to_profile_is_refused(klio, tmp_path: Path):
    screen = klio("job", "profile", "timeit", "-j", tmp_path, "a")

    assert screen.status == 2
    assert screen.err.startswith("Error: there is no klio-job.yaml\n")


@pytest.mark.slow
def test_where_nothing_was_worked_on_that_is_said(profile: Profile):
    done = profile("timeit", "-n", "1", "nobody")

    assert (done.returncode, done.stdout) == (
        0,
        "no element was worked on, so there is nothing to see; the summary of the run says why\n",
    )
    assert "dropped            1   input missing 1" in done.stderr
