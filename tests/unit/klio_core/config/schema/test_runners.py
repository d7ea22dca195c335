import pytest
from pydantic_core import PydanticCustomError

from klio_core.config.schema.runners import RUNNERS, runner_name


@pytest.mark.parametrize("name", RUNNERS)
def test_names_are_read_in_any_case_and_without_their_ending(name: str) -> None:
    assert {runner_name(word) for word in (name, name.lower(), name.removesuffix("Runner"))} == {name}


def test_a_dotted_path_is_somebodys_own_runner() -> None:
    assert runner_name("my.package.Runner") == "my.package.Runner"


@pytest.mark.parametrize("name", ["DirctRunner", "Direct Runner", "my..Runner", "runner"])
def test_other_names_are_refused(name: str) -> None:
    with pytest.raises(PydanticCustomError, match="unknown runner"):
        runner_name(name)
