"""A class that the job file names is found, or it is said at which line what is wrong."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any, Protocol

import pytest

from klio.dotted import made
from klio_core.errors import JobCodeError


class Speaks(Protocol):
    def speak(self) -> str: ...

    def listen(self) -> None: ...


NUMBERS = itertools.count()
CODE = """
word = "hello"


class Parrot:
    def __init__(self, word, times=1):
        if times < 1:
            raise ValueError("times is at least 1")
        self.words = [word] * times

    def speak(self):
        return " ".join(self.words)

    def listen(self):
        pass


class Mute:
    speak = None
"""


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A new module with this text; its name, under which it is imported."""

    def make(text: str = CODE) -> str:
        name = f"author_{next(NUMBERS)}"
        (tmp_path / f"{name}.py").write_text(text)
        return name

    monkeypatch.syspath_prepend(tmp_path)
    return make


def test_the_class_is_made_with_its_options(module: Any):
    assert made(f"{module()}.Parrot", {"word": "hi", "times": 2}, Speaks).speak() == "hi hi"


def test_a_module_that_is_not_there_is_named(module: Any):
    with pytest.raises(JobCodeError) as raised:
        made("nowhere.to.be.Found", {}, Speaks)

    assert str(raised.value) == (
        "the module of nowhere.to.be.Found is not there\n"
        "  at: class: nowhere.to.be.Found\n"
        "  expected: the module nowhere.to.be, in the job's directory or installed\n"
        "  got: ModuleNotFoundError: No module named 'nowhere'"
    )


def test_a_module_that_cannot_be_imported_points_at_its_line(module: Any, tmp_path: Path):
    name = module("import os\n\nraise ValueError('broken')\n")

    with pytest.raises(JobCodeError, match="cannot be imported") as raised:
        made(f"{name}.Parrot", {}, Speaks)

    assert raised.value.where == f"{tmp_path}/{name}.py:3"
    assert raised.value.got == "ValueError: broken"


def test_a_class_that_is_not_there_gets_the_name_that_was_probably_meant(module: Any, tmp_path: Path):
    name = module()

    with pytest.raises(JobCodeError, match=f"there is no class {name}.Parot") as raised:
        made(f"{name}.Parot", {}, Speaks)

    assert raised.value.where == f"{tmp_path}/{name}.py"
    assert raised.value.todo == "did you mean Parrot?"


def test_what_is_no_class_is_said_to_be_none(module: Any):
    with pytest.raises(JobCodeError, match="there is no class") as raised:
        made(f"{module()}.word", {}, Speaks)

    assert raised.value.got == "a str"


def test_missing_methods_are_named_at_the_line_of_the_class(module: Any, tmp_path: Path):
    name = module()

    with pytest.raises(JobCodeError, match=f"{name}.Mute lacks speak, listen") as raised:
        made(f"{name}.Mute", {}, Speaks)

    assert raised.value.where == f"{tmp_path}/{name}.py:{CODE.splitlines().index('class Mute:') + 1}"
    assert raised.value.expected is not None
    assert raised.value.expected.endswith("Speaks: speak, listen")


@pytest.mark.parametrize(
    ("options", "got"),
    [
        ({}, "TypeError: Parrot.__init__() missing 1 required positional argument: 'word'"),
        ({"word": "a", "pitch": 1}, "TypeError: Parrot.__init__() got an unexpected keyword argument 'pitch'"),
        ({"word": "a", "times": 0}, "ValueError: times is at least 1"),
    ],
    ids=["missing", "unknown", "refused"],
)
def test_options_that_the_class_does_not_take_are_said(module: Any, options: dict[str, Any], got: str):
    with pytest.raises(JobCodeError, match="cannot be made with the options of the job file") as raised:
        made(f"{module()}.Parrot", options, Speaks)

    assert raised.value.got == got
