from pathlib import Path

from klio_exec.blame import at_author, without_beam


def test_beams_words_are_taken_off_and_nothing_else():
    assert without_beam("no good [while running 'Map(f)/x'] at all [sic]") == "no good at all [sic]"


def test_an_error_from_nowhere_in_the_job_points_at_its_directory(tmp_path: Path):
    error = at_author(ValueError("far away"), "what happened", tmp_path, "what to do")
    assert str(error) == f"what happened\n  at: {tmp_path}\n  got: ValueError: far away\n  to do: what to do"
