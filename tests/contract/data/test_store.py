"""What every store keeps to, asked of each of them in the same words."""

import pickle
import threading
from pathlib import Path

import pytest

from klio.data.checksum import crc32c_of
from klio.data.store import ABSENT, Store
from klio_core.errors import DataNotFound, LostLease

NAMES = [
    "track.ogg",
    "deep/er/track.ogg",
    "a,b.ogg",
    "with space.ogg",
    "per%41cent.ogg",
    "que?ry=1#x.ogg",
    "plus+&.ogg",
    "Ænima/日本語.ogg",
    "acl",
    "o/b/o/copyTo",
]


@pytest.fixture
def write(tmp_path: Path):
    def write(content: bytes) -> Path:
        path = tmp_path / "to-be-committed"
        path.write_bytes(content)
        return path

    return write


def test_nothing_is_there_at_first(store: Store, location: str):
    assert store.exists([f"{location}/a", f"{location}/b/c"]) == [False, False]
    assert store.generation(f"{location}/a") == ABSENT
    assert list(store.paths(f"{location}/")) == []


def test_no_question_has_no_answer(store: Store):
    assert store.exists([]) == []


@pytest.mark.parametrize("name", NAMES)
def test_what_was_committed_is_found_read_and_listed(store: Store, location: str, write, tmp_path: Path, name: str):
    path = f"{location}/{name}"

    committed = store.commit(write(b"sound"), path, expect=ABSENT)

    assert (committed.path, committed.size, committed.crc32c) == (path, 5, crc32c_of(b"sound"))
    assert committed.generation == store.generation(path) != ABSENT
    assert store.exists([path, path + "x", path]) == [True, False, True]
    assert list(store.paths(f"{location}/")) == [path]
    with store.open(path) as file:
        assert file.read() == b"sound"
    store.download(path, tmp_path / "down" / "here")
    assert (tmp_path / "down" / "here").read_bytes() == b"sound"


@pytest.mark.parametrize("size", [0, 1, 9_000_000])  # nothing, a byte, and more than Google's client sends in one piece
def test_objects_of_any_size_come_back_as_they_were(store: Store, location: str, write, tmp_path: Path, size: int):
    content = bytes(range(251)) * (size // 251) + b"x" * (size % 251)

    assert store.commit(write(content), f"{location}/any", expect=None).size == size
    store.download(f"{location}/any", tmp_path / "copy")

    assert (tmp_path / "copy").read_bytes() == content


def test_an_open_object_can_be_seeked(store: Store, location: str, write):
    store.commit(write(b"0123456789"), f"{location}/digits", expect=ABSENT)

    with store.open(f"{location}/digits") as file:
        file.seek(-3, 2)
        assert file.read(2) == b"78"
        file.seek(1)
        assert file.read(2) == b"12"


def test_a_commit_that_expects_nothing_is_refused_where_something_is(store: Store, location: str, write):
    path = f"{location}/one"
    first = store.commit(write(b"first"), path, expect=ABSENT)

    with pytest.raises(LostLease) as refusal:
        store.commit(write(b"second"), path, expect=ABSENT)

    assert refusal.value.where == path
    assert store.generation(path) == first.generation
    with store.open(path) as file:
        assert file.read() == b"first"


def test_even_the_same_bytes_are_refused_when_somebody_else_committed_them(store: Store, location: str, write):
    store.commit(write(b"same"), f"{location}/one", expect=ABSENT)

    with pytest.raises(LostLease):
        store.commit(write(b"same"), f"{location}/one", expect=ABSENT)


def test_a_commit_replaces_the_generation_that_it_expects_and_no_other(store: Store, location: str, write):
    path = f"{location}/one"
    first = store.commit(write(b"first"), path, expect=ABSENT)
    second = store.commit(write(b"second"), path, expect=first.generation)

    with pytest.raises(LostLease):
        store.commit(write(b"zombie"), path, expect=first.generation)

    assert second.generation != first.generation
    with store.open(path) as file:
        assert file.read() == b"second"


def test_a_commit_that_expects_a_generation_is_refused_where_nothing_is(store: Store, location: str, write):
    path = f"{location}/one"
    first = store.commit(write(b"first"), path, expect=ABSENT)
    store.delete(path)

    with pytest.raises(LostLease):
        store.commit(write(b"second"), path, expect=first.generation)

    assert store.exists([path]) == [False]


def test_a_commit_without_expectation_replaces_what_is_there(store: Store, location: str, write):
    path = f"{location}/one"
    store.commit(write(b"first"), path, expect=None)
    store.commit(write(b"second"), path, expect=None)

    with store.open(path) as file:
        assert file.read() == b"second"


@pytest.mark.parametrize("expectation", ["absent", "the first generation"])
def test_of_many_commits_at_once_one_wins(store: Store, location: str, tmp_path: Path, write, expectation: str):
    path, won, lost = f"{location}/race", [], []
    expect = ABSENT if expectation == "absent" else store.commit(write(b"first"), path, expect=ABSENT).generation

    def commit(number: int) -> None:
        source = tmp_path / f"source-{number}"
        source.write_bytes(b"%d" % number * 50_000)
        try:
            won.append((number, store.commit(source, path, expect=expect)))
        except LostLease:
            lost.append(number)

    threads = [threading.Thread(target=commit, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert (len(won), len(lost)) == (1, 7)
    with store.open(path) as file:
        assert file.read() == b"%d" % won[0][0] * 50_000


def test_the_source_of_a_commit_stays_and_is_not_the_object(store: Store, location: str, write):
    source = write(b"sound")
    store.commit(source, f"{location}/one", expect=ABSENT)

    source.write_bytes(b"noise")

    with store.open(f"{location}/one") as file:
        assert file.read() == b"sound"


def test_writing_to_a_download_does_not_touch_the_object(store: Store, location: str, write, tmp_path: Path):
    store.commit(write(b"sound"), f"{location}/one", expect=ABSENT)
    store.download(f"{location}/one", tmp_path / "copy")

    (tmp_path / "copy").write_bytes(b"noise")

    with store.open(f"{location}/one") as file:
        assert file.read() == b"sound"


@pytest.mark.parametrize("verb", ["open", "download"])
def test_what_is_not_there_is_not_found_by_its_path(store: Store, location: str, tmp_path: Path, verb: str):
    asked = {"open": store.open, "download": lambda path: store.download(path, tmp_path / "copy")}

    with pytest.raises(DataNotFound) as missing:
        asked[verb](f"{location}/nowhere")

    assert missing.value.where == f"{location}/nowhere"
    assert list(tmp_path.glob("copy*")) == []


def test_a_commit_or_download_leaves_nothing_else_behind(store: Store, location: str, write, tmp_path: Path):
    source = write(b"sound")
    store.commit(source, f"{location}/one", expect=ABSENT)
    store.download(f"{location}/one", tmp_path / "down" / "copy")
    with pytest.raises(LostLease):
        store.commit(source, f"{location}/one", expect=ABSENT)

    assert list(store.paths(f"{location}/")) == [f"{location}/one"]
    assert [path.name for path in (tmp_path / "down").iterdir()] == ["copy"]


def test_listing_takes_the_prefix_by_the_letter(store: Store, location: str, write):
    for name in ["a/1", "a/2", "ab", "b"]:
        store.commit(write(b"x"), f"{location}/{name}", expect=ABSENT)

    assert list(store.paths(f"{location}/a")) == [f"{location}/{name}" for name in ["a/1", "a/2", "ab"]]
    assert list(store.paths(f"{location}/a/")) == [f"{location}/a/1", f"{location}/a/2"]


def test_a_directory_of_objects_is_no_object(store: Store, location: str, write):
    store.commit(write(b"x"), f"{location}/a/1", expect=ABSENT)

    assert store.exists([f"{location}/a"]) == [False]
    assert store.generation(f"{location}/a") == ABSENT


def test_deleting_twice_is_deleting_once(store: Store, location: str, write):
    store.commit(write(b"x"), f"{location}/one", expect=ABSENT)

    store.delete(f"{location}/one")
    store.delete(f"{location}/one")

    assert store.exists([f"{location}/one"]) == [False]


def test_many_names_are_answered_in_their_order(store: Store, location: str, write):
    for number in range(0, 40, 2):
        store.commit(write(b"x"), f"{location}/{number}", expect=ABSENT)

    answers = store.exists([f"{location}/{number}" for number in range(40)])

    assert answers == [number % 2 == 0 for number in range(40)]


def test_what_was_committed_is_intact_unless_it_is_empty(store: Store, location: str, write):
    store.commit(write(b"sound"), f"{location}/whole", expect=ABSENT)
    store.commit(write(b""), f"{location}/empty", expect=ABSENT)

    paths = [f"{location}/{name}" for name in ("whole", "empty", "nowhere")]
    assert store.exists(paths) == [True, True, False]
    assert store.intact(paths) == [True, False, False]


@pytest.mark.parametrize("wanted", [3, 150, 240])
def test_however_many_names_are_asked_for_each_has_its_own_answer(store: Store, location: str, write, wanted: int):
    for number in range(0, 240, 3):
        store.commit(write(b"x"), f"{location}/{number:03}.ogg", expect=ABSENT)
    numbers = [(7 * number) % 240 for number in range(wanted)]  # in no order

    answers = store.exists([f"{location}/{number:03}.ogg" for number in numbers])

    assert answers == [number % 3 == 0 for number in numbers]


def test_a_store_can_be_pickled_and_finds_the_same_objects(store: Store, location: str, write):
    store.commit(write(b"x"), f"{location}/one", expect=ABSENT)

    travelled = pickle.loads(pickle.dumps(store))

    assert travelled.exists([f"{location}/one"]) == [True]
