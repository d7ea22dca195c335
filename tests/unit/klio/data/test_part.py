from pathlib import Path

from klio.data.part import PART_PREFIX, part_beside


def test_a_part_that_was_moved_into_place_is_the_target(tmp_path: Path):
    with part_beside(tmp_path / "new" / "target") as part:
        part.write_text("whole")
        part.replace(tmp_path / "new" / "target")

    assert [path.name for path in (tmp_path / "new").iterdir()] == ["target"]


def test_a_part_that_was_given_up_is_gone(tmp_path: Path):
    with part_beside(tmp_path / "target") as part:
        part.write_text("ha")
        assert part.name.startswith(PART_PREFIX)

    assert list(tmp_path.iterdir()) == []
