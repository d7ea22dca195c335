import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from klio.data.local import LocalStore
from klio.data.store import ABSENT
from klio_core.errors import DataError, DataNotFound, LostLease

STORE = LocalStore()


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "source"
    path.write_bytes(b"sound")
    return path


def test_a_relative_location_is_relative_to_the_working_directory(source: Path, tmp_path: Path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    STORE.commit(source, "out/deep/a.ogg", expect=ABSENT)

    assert STORE.exists(["out/deep/a.ogg"]) == [True]
    assert list(STORE.paths("out/")) == ["out/deep/a.ogg"]
    assert list(STORE.paths("out/d")) == ["out/deep/a.ogg"]
    assert "source" in list(STORE.paths("s"))


def test_a_file_in_place_of_a_directory_means_that_nothing_is_there(source: Path):
    assert STORE.exists([f"{source}/below"]) == [False]


def test_a_name_too_long_for_the_disk_cannot_be_there_and_cannot_be_committed(source: Path, tmp_path: Path):
    path = f"{tmp_path}/{'x' * 300}"

    assert STORE.exists([path]) == [False]
    with pytest.raises(DataError) as refusal:
        STORE.commit(source, path, expect=ABSENT)
    assert "255 bytes" in str(refusal.value.todo)
    assert [found.name for found in tmp_path.iterdir()] == ["source"]


def test_what_cannot_be_looked_at_is_an_error_and_not_an_absence(tmp_path: Path):
    (tmp_path / "loop").symlink_to(tmp_path / "loop")

    with pytest.raises(DataError) as failure:
        STORE.exists([f"{tmp_path}/loop"])

    assert failure.value.where == f"{tmp_path}/loop"


def test_a_directory_in_place_of_the_output_is_an_error_that_names_it(source: Path, tmp_path: Path):
    (tmp_path / "taken").mkdir()

    with pytest.raises(DataError) as refusal:
        STORE.commit(source, f"{tmp_path}/taken", expect=ABSENT)

    assert not isinstance(refusal.value, LostLease)
    assert refusal.value.where == f"{tmp_path}/taken"


def test_a_source_that_is_missing_is_named(tmp_path: Path):
    with pytest.raises(DataNotFound) as missing:
        STORE.commit(tmp_path / "never-written", f"{tmp_path}/out", expect=ABSENT)

    assert missing.value.where == str(tmp_path / "never-written")
    assert list(tmp_path.iterdir()) == []


def test_generations_differ_however_quickly_commits_follow(source: Path, tmp_path: Path):
    path = f"{tmp_path}/out"

    generations = [STORE.commit(source, path, expect=None).generation for _ in range(20)]

    assert len(set(generations)) == 20


def test_a_file_that_another_program_replaced_has_another_generation(source: Path, tmp_path: Path):
    path = f"{tmp_path}/out"
    before = STORE.commit(source, path, expect=ABSENT).generation
    Path(path).write_bytes(b"noise")

    with pytest.raises(LostLease) as refusal:
        STORE.commit(source, path, expect=before)

    assert refusal.value.expected == f"generation {before}"
    assert Path(path).read_bytes() == b"noise"


def test_a_file_that_was_cut_off_or_changed_after_its_commit_is_there_and_not_intact(source: Path, tmp_path: Path):
    paths = [f"{tmp_path}/{name}" for name in ("cut", "changed", "whole")]
    for path in paths:
        STORE.commit(source, path, expect=ABSENT)
    with Path(paths[0]).open("r+b") as file:
        file.truncate(3)
    with Path(paths[1]).open("r+b") as file:
        file.write(b"S")

    assert STORE.exists(paths) == [True, True, True]
    assert STORE.intact(paths) == [False, False, True]


def test_of_a_file_that_klio_did_not_commit_nothing_is_known_but_its_size(tmp_path: Path):
    (tmp_path / "theirs").write_bytes(b"sound")
    (tmp_path / "empty").touch()

    assert STORE.intact([f"{tmp_path}/theirs", f"{tmp_path}/empty"]) == [True, False]


FULL_DISK = """
import resource, signal, sys
from pathlib import Path
from klio.data.local import LocalStore
from klio_core.errors import DataError
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
try:
    LocalStore().commit(Path(sys.argv[1]), sys.argv[2], expect=0)
except DataError as error:
    print(error.what)
"""


def test_a_disk_that_takes_no_more_leaves_neither_output_nor_part(tmp_path: Path):
    (tmp_path / "source").write_bytes(bytes(1_000_000))
    (tmp_path / "out").mkdir()

    ended = subprocess.run(
        [sys.executable, "-c", FULL_DISK, str(tmp_path / "source"), str(tmp_path / "out" / "a")],
        capture_output=True,
        text=True,
    )

    assert ended.stdout == "could not write a file: File too large\n"
    assert list((tmp_path / "out").iterdir()) == []


KILLED = """
import sys
from pathlib import Path
from klio.data.local import LocalStore
store, number = LocalStore(), 0
print("begun", flush=True)
while True:
    store.commit(Path(sys.argv[1]), sys.argv[2] + f"/{number}", expect=0)
    number += 1
"""


def test_after_a_kill_in_the_middle_every_file_there_is_whole(tmp_path: Path):
    (tmp_path / "source").write_bytes(bytes(range(256)) * 8_000)
    out = tmp_path / "out"
    worker = subprocess.Popen(
        [sys.executable, "-c", KILLED, str(tmp_path / "source"), str(out)], stdout=subprocess.PIPE
    )
    while not (out / "2").exists():
        time.sleep(0.005)
    worker.send_signal(signal.SIGKILL)
    worker.communicate()

    found = list(STORE.paths(f"{out}/"))
    assert len(found) >= 3
    assert {Path(path).read_bytes() for path in found} == {(tmp_path / "source").read_bytes()}


def test_nothing_stays_open(source: Path, tmp_path: Path):
    def handles() -> int:
        return len(list(Path("/proc/self/fd").iterdir()))

    STORE.commit(source, f"{tmp_path}/warm", expect=None)
    before = handles()
    for number in range(50):
        STORE.commit(source, f"{tmp_path}/out", expect=None)
        STORE.download(f"{tmp_path}/out", tmp_path / f"copy-{number}")

    assert handles() == before
