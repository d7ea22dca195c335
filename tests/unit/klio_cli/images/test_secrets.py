from __future__ import annotations

from pathlib import Path

import pytest

from klio_cli.images.secrets import Secret, hidden, parse_all
from klio_core.errors import UsageError


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "pip.conf"
    path.write_bytes(b"[global]\nindex-url = https://u:hush@host/simple\n")
    return path


@pytest.mark.parametrize("said", ["id=pip,src={}", "id=pip,source={}", "type=file,id=pip,src={}", " id=pip , src={} "])
def test_a_secret_is_a_file_byte_for_byte(said: str, file: Path):
    assert Secret.parse(said.format(file)) == Secret("pip", file.read_bytes(), file.resolve())


@pytest.mark.parametrize("said", ["id=token,env=TOKEN", "id=TOKEN", "type=env,id=token,src=TOKEN"])
def test_a_secret_is_a_variable(said: str):
    assert Secret.parse(said, {"TOKEN": "hush"}).value == b"hush"


@pytest.mark.parametrize(
    "said",
    ["", "hush-hush", "id=", "src=x", "id=a,src=x,env=X", "id=a,mode=0400", "type=socket,id=a,src=x", "id=a,hush-hush"],
)
def test_what_is_no_secret_is_refused_and_not_repeated(said: str):
    with pytest.raises(UsageError, match="not a secret of a build") as refused:
        Secret.parse(said, {})

    assert "hush" not in str(refused.value)
    assert "expected: id=NAME,src=FILE or id=NAME,env=VARIABLE" in str(refused.value)


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ("id=a,src=nowhere/pip.conf", "nowhere/pip.conf\n  got: No such file or directory"),
        ("id=a,src=.", "Is a directory"),
        ("id=a,env=NOT_SET", "the variable of the secret is not set\n  at: --secret, NOT_SET"),
        ("id=a,env=EMPTY", "expected: 1 to 500000 bytes\n  got: 0 bytes"),
        ("id=a,env=LARGE", "got: 500001 bytes"),
    ],
)
def test_a_secret_that_is_not_there_or_too_large_says_so(said: str, why: str):
    with pytest.raises(UsageError) as refused:
        Secret.parse(said, {"EMPTY": "", "LARGE": "x" * 500_001})

    assert why in str(refused.value)


def test_two_of_one_name_are_refused():
    with pytest.raises(UsageError, match="two secrets have one name"):
        parse_all(["id=A", "id=A"], {"A": "hush"})


def test_its_value_is_in_no_picture_of_it():
    assert "hush" not in repr(Secret("a", b"hush"))


def test_what_a_step_printed_of_it_is_hidden_line_by_line(file: Path):
    secret = Secret.parse(f"id=pip,src={file}")

    assert hidden("got index-url = https://u:hush@host/simple!", [secret]) == "got <secret>!"
    assert hidden("a text", [Secret("short", b"a")]) == "a text"
