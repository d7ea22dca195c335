from __future__ import annotations

from pathlib import Path

from klio_core.config.json_schema import schema_text


def test_the_schema_is_printed(klio):
    screen = klio("config", "schema")

    assert (screen.status, screen.out, screen.err) == (0, schema_text(), "")


def test_the_schema_is_written_to_a_file(klio, tmp_path: Path):
    target = tmp_path / "schema.json"
    screen = klio("config", "schema", "--output", target)

    assert (screen.status, screen.out, screen.err) == (0, f"Wrote {target}\n", "")
    assert target.read_text() == schema_text()


def test_a_directory_that_is_not_there_is_told(klio, tmp_path: Path):
    target = tmp_path / "nowhere" / "schema.json"
    screen = klio("config", "schema", "--output", target)

    assert (screen.status, screen.out) == (2, "")
    assert screen.err == f"Error: the file cannot be written\n  at: {target}\n  got: No such file or directory\n"
