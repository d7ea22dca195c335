"""`klio job create` that fails, or is ended, leaves nothing: no half of a job, and nothing beside it."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from klio_cli.new_job import place
from klio_core.errors import UsageError

TEXTS = {"run.py": "x\n", "kubernetes/deployment.yaml": "y\n"}

# Writing stops in the middle: the largest file does not fit any more.
FULL = """
import resource, signal, sys
from klio_cli.app import main
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))
sys.exit(main(["job", "create", "hello", "--output", sys.argv[1]]))
"""

# It is about to write the last file, and waits there for what the test does to it.
IN_THE_MIDDLE = """
import sys, time
from pathlib import Path
from klio_cli.app import _closing_on_sigterm
from klio_cli.new_job import place

class Texts(dict):
    def items(self):
        yield "run.py", "x"
        print("begun", flush=True)
        while True:
            time.sleep(0.01)

with _closing_on_sigterm():
    place.write(Path(sys.argv[1]), Texts())
"""


def begun(target: Path) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", IN_THE_MIDDLE, str(target)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "begun\n"
    process.stdout.close()
    return process


@pytest.mark.slow
@pytest.mark.parametrize("there", [False, True], ids=["a new directory", "an empty one"])
def test_a_full_disk_leaves_nothing(tmp_path: Path, *, there: bool):
    target = tmp_path / "j"
    if there:
        target.mkdir()

    done = subprocess.run([sys.executable, "-c", FULL, str(target)], capture_output=True, text=True)

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"Error: the job's directory cannot be written\n  at: {target}\n  got: File too large\n"
    assert list(tmp_path.rglob("*")) == ([target] if there else [])


def test_whoever_is_asked_to_end_takes_away_what_it_had_begun(tmp_path: Path):
    process = begun(tmp_path / "j")

    process.send_signal(signal.SIGTERM)

    process.wait(60)
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_one_had_begun_is_no_job_and_is_taken_away_by_the_next(tmp_path: Path):
    process = begun(tmp_path / "j")
    process.kill()
    process.wait(60)
    assert not (tmp_path / "j").exists()

    place.write(tmp_path / "j", TEXTS)

    assert sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*")) == [
        "j", "j/kubernetes", "j/kubernetes/deployment.yaml", "j/run.py"
    ]  # fmt: skip


def test_what_another_is_making_at_this_moment_is_left_alone(tmp_path: Path):
    process = begun(tmp_path / "j")
    try:
        place.write(tmp_path / "j", TEXTS)

        assert [path.name.startswith(".j.klio-new-") for path in sorted(tmp_path.iterdir())] == [True, False]
    finally:
        process.terminate()
        process.wait(60)


def test_a_directory_that_cannot_be_filled_is_empty_again(tmp_path: Path):
    target = tmp_path / "j"
    target.mkdir()

    class Texts(dict[str, str]):
        """Somebody else puts a directory where a file is to be, after all was looked at and written."""

        def __iter__(self):
            (target / "z.py" / "theirs").mkdir(parents=True)
            return super().__iter__()

    with pytest.raises(UsageError, match="cannot be written"):
        place.write(target, Texts({"a.py": "x", "z.py": "x"}))

    assert sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*")) == ["j", "j/z.py", "j/z.py/theirs"]


def test_a_link_to_nowhere_is_something(tmp_path: Path):
    (tmp_path / "j").symlink_to(tmp_path / "nowhere")

    with pytest.raises(UsageError, match="there is something already"):
        place.write(tmp_path / "j", TEXTS)

    assert [path.name for path in tmp_path.iterdir()] == ["j"]


def test_a_place_below_a_file_is_told(tmp_path: Path):
    (tmp_path / "file").touch()

    with pytest.raises(UsageError, match="cannot be written"):
        place.write(tmp_path / "file" / "j", TEXTS)
