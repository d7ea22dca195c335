from pathlib import Path

import pytest

from klio_core.config import InvalidConfig
from klio_core.config.read import read_text, read_tree


def complaint(path: Path) -> str:
    with pytest.raises(InvalidConfig) as caught:
        read_tree(read_text(path), str(path))
    return str(caught.value.problems[0]).replace(str(path), "FILE")


def test_a_byte_order_mark_is_no_part_of_the_text(tmp_path: Path) -> None:
    path = tmp_path / "klio-job.yaml"
    path.write_bytes(b"\xef\xbb\xbfjob_name: j\n")
    assert read_text(path) == "job_name: j\n"


def test_a_missing_file_says_how_to_make_one(tmp_path: Path) -> None:
    assert complaint(tmp_path / "klio-job.yaml") == (
        "FILE: there is no such file\n"
        "  to do: run this in a job's directory, name another file, or make a job: klio job create NAME"
    )


def test_a_directory_says_which_file_to_name(tmp_path: Path) -> None:
    assert complaint(tmp_path) == "FILE: this is a directory\n  to do: name the file in it, such as FILE/klio-job.yaml"


def test_an_impossible_name_is_no_crash(tmp_path: Path) -> None:
    with pytest.raises(InvalidConfig, match="cannot be used: 1 problem"):
        read_text(tmp_path / "a\0b")


def test_bytes_that_are_not_utf_8_name_the_line_and_the_byte(tmp_path: Path) -> None:
    path = tmp_path / "klio-job.yaml"
    path.write_bytes(b"job_name: j\n# caf\xe9\n")
    assert (
        complaint(path) == "FILE:2: not UTF-8\n  expected: UTF-8\n  got: the byte 0xe9\n  to do: save the file as UTF-8"
    )


@pytest.mark.parametrize("content", ["", "\n\n", "# nothing\n", "---\n"])
def test_an_empty_file_says_how_to_begin(tmp_path: Path, content: str) -> None:
    path = tmp_path / "klio-job.yaml"
    path.write_text(content)
    assert complaint(path) == (
        "FILE:1: the file is empty\n  to do: begin with the lines 'job_name: my-job' and 'job_config: {}'"
    )


@pytest.mark.parametrize(("content", "got"), [("- a\n", "a list"), ("hello\n", "a single word")])
def test_a_file_that_is_no_mapping_says_what_it_is(tmp_path: Path, content: str, got: str) -> None:
    path = tmp_path / "klio-job.yaml"
    path.write_text(content)
    assert complaint(path) == (
        f"FILE:1: the file is not a mapping\n  expected: lines 'key: value'\n  got: {got}\n"
        "  to do: begin with the lines 'job_name: my-job' and 'job_config: {}'"
    )


@pytest.mark.parametrize("content", [b"a: 1\n" * 2_000_000, b"\xff" * 2_000_000])
def test_a_file_that_is_too_large_is_not_read_to_its_end(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "klio-job.yaml"
    path.write_bytes(content)
    assert complaint(path).startswith("FILE: the file is too large for a configuration\n")
