import functools
import json
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from klio_exec.blame import at_author, definition_of, without_beam, without_frameworks

HERE = Path(__file__).parent


def files_of(error: BaseException) -> list[str]:
    return [frame.filename for frame in traceback.extract_tb(error.__traceback__)]


def test_beams_words_are_taken_off_and_nothing_else():
    assert without_beam("no good [while running 'Map(f)/x'] at all [sic]") == "no good at all [sic]"


def test_an_error_from_nowhere_in_the_job_points_at_its_directory(tmp_path: Path):
    error = at_author(ValueError("far away"), "what happened", tmp_path, "what to do")
    assert str(error) == f"what happened\n  at: {tmp_path}\n  got: ValueError: far away\n  to do: what to do"


def test_of_a_traceback_the_authors_frames_are_left():
    def read(text: str) -> Any:
        try:
            return json.loads(text)
        except ValueError as error:
            raise RuntimeError("no good") from error

    with pytest.raises(RuntimeError) as caught:
        read("{")
    cause = caught.value.__cause__
    assert cause is not None
    assert len(set(files_of(cause))) > 1

    without_frameworks(caught.value, HERE)

    assert set(files_of(cause)) == set(files_of(caught.value)) == {__file__}


def test_a_traceback_without_any_frame_of_the_authors_stays(tmp_path: Path):
    with pytest.raises(ValueError, match="Expecting") as caught:
        json.loads("{")
    before = files_of(caught.value)

    without_frameworks(caught.value, tmp_path)

    assert files_of(caught.value) == before


def test_an_error_that_came_of_itself_is_no_endless_matter():
    error = ValueError("again")
    error.__cause__ = error

    without_frameworks(error, HERE)


def test_a_function_begins_below_its_decorators():
    def same(func: Callable[[], None]) -> Callable[[], None]:
        return functools.wraps(func)(functools.partial(func))

    @same
    @same
    def found() -> None:
        """Somewhere."""

    assert str(definition_of(found)).endswith("\n      def found() -> None:")
