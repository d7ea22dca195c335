import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from klio.data.part import PART_PREFIX, part_beside, remove_left_parts


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


WRITER = """
import sys, time
from pathlib import Path
from klio.data.part import part_beside
with part_beside(Path(sys.argv[1]) / "target") as part:
    part.write_text("ha")
    print(part, flush=True)
    time.sleep(60)
"""


@pytest.fixture
def writer(tmp_path: Path):
    """Another process in the middle of a file, and its part, last written to an hour ago."""
    process = subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    part = Path(process.stdout.readline().strip())
    an_hour_ago = part.stat().st_mtime - 3600
    os.utime(part, (an_hour_ago, an_hour_ago))
    yield process, part
    process.kill()
    process.communicate()


def test_what_a_killed_process_left_is_removed(writer, tmp_path: Path):
    process, part = writer
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert part.exists()

    remove_left_parts(tmp_path)

    assert list(tmp_path.iterdir()) == []


def test_the_part_of_a_process_that_lives_stays(writer, tmp_path: Path):
    _, part = writer

    remove_left_parts(tmp_path)

    assert part.read_text() == "ha"


def test_nothing_else_is_removed(tmp_path: Path):
    (tmp_path / "sound.ogg").touch()
    os.utime(tmp_path / "sound.ogg", (0, 0))

    remove_left_parts(tmp_path)
    remove_left_parts(tmp_path / "not-there")
    remove_left_parts(tmp_path / "sound.ogg" / "below")

    assert (tmp_path / "sound.ogg").exists()
