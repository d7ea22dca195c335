from __future__ import annotations

import sys
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from klio.data.memory import MemoryStore
from klio.data.store import Committed
from klio.data.stores import store_for, store_of
from klio.work import Work
from klio_core.config import MemoryDataInput, MemoryDataOutput
from klio_core.config.schema.custom import CustomDataOutput
from klio_core.errors import BadElement, DataError, DataNotFound, JobCodeError, LostLease


@pytest.fixture
def root() -> str:
    return f"memory://{uuid.uuid4().hex}"


@pytest.fixture
def work(root: str):
    inputs = [
        MemoryDataInput(location=f"{root}/in", file_suffix=".wav"),
        MemoryDataInput(location=f"{root}/more", file_suffix=".wav", name="more"),
    ]
    outputs = [
        MemoryDataOutput(location=f"{root}/out", file_suffix=".ogg"),
        MemoryDataOutput(location=f"{root}/stems", file_suffix=".ogg", name="stems"),
    ]
    work = Work(b"a", inputs, outputs)
    yield work
    work.close()


def put(tmp_path: Path, path: str, content: bytes) -> None:
    source = tmp_path / "source"
    source.write_bytes(content)
    store_for(path).commit(source, path, expect=None)


def get(path: str) -> bytes:
    with store_for(path).open(path) as file:
        return file.read()


def test_a_download_is_a_file_of_its_name(work: Work, root: str, tmp_path: Path):
    put(tmp_path, f"{root}/in/a.wav", b"content")

    local = work.download("a")

    assert (local.name, local.read_bytes()) == ("a.wav", b"content")
    assert work.download(b"a").read_bytes() == b"content"


def test_inputs_are_picked_by_number_or_name_and_equal_names_do_not_collide(work: Work, root: str, tmp_path: Path):
    put(tmp_path, f"{root}/in/a.wav", b"first")
    put(tmp_path, f"{root}/more/a.wav", b"second")

    files = [work.download("a"), work.download("a", 1), work.download("a", "more")]

    assert [file.read_bytes() for file in files] == [b"first", b"second", b"second"]
    assert len(set(files)) == 3


def test_an_input_that_is_not_declared_is_named_with_those_that_are(work: Work):
    with pytest.raises(JobCodeError) as caught:
        work.download("a", "les")
    assert str(caught.value) == (
        "the job has no data input 'les'\n  at: job_config.data.inputs\n  expected: one of [0, 'more']\n"
        "  to do: declare it in klio-job.yaml under job_config.data.inputs"
    )


def test_what_is_not_there_or_no_path_says_so(work: Work):
    with pytest.raises(DataNotFound):
        work.download("a")
    with pytest.raises(BadElement):
        work.download("../a")
    with pytest.raises(BadElement), work.upload("/a"):
        pass


def make(work: Work, name: str, content: bytes, target: int | str = 0) -> Path:
    with work.upload(name, target) as path:
        path.write_bytes(content)
    return path


def test_what_was_made_becomes_the_output_with_the_commit_and_not_before(work: Work, root: str):
    make(work, "a", b"mix")
    assert store_for(root).exists([f"{root}/out/a.ogg"]) == [False]

    work.commit()

    assert get(f"{root}/out/a.ogg") == b"mix"


def test_outputs_are_picked_by_name(work: Work, root: str):
    make(work, "a/drums", b"drums", "stems")
    work.commit()

    assert get(f"{root}/stems/a/drums.ogg") == b"drums"


def test_a_block_that_raises_makes_no_output(work: Work, root: str):
    def half() -> None:
        with work.upload("a") as path:
            path.write_bytes(b"half")
            raise ValueError("in the middle")

    with pytest.raises(ValueError, match="in the middle"):
        half()
    work.commit()

    assert store_for(root).exists([f"{root}/out/a.ogg"]) == [False]


def test_a_block_that_writes_nothing_is_an_error_with_the_path(work: Work, root: str):
    with pytest.raises(JobCodeError) as caught, work.upload("a"):
        pass
    assert caught.value.what == "upload: the block ended, and no file was written"
    assert caught.value.expected == f"{root}/out/a.ogg"


def test_of_two_blocks_for_one_output_the_later_counts(work: Work, root: str):
    make(work, "a", b"first")
    make(work, "a", b"second")
    work.commit()

    assert get(f"{root}/out/a.ogg") == b"second"


def test_what_a_failed_attempt_made_is_forgotten(work: Work, root: str):
    make(work, "a/drums", b"of the attempt that failed", "stems")
    work.start_over()
    make(work, "a", b"mix")
    work.commit()

    assert store_for(root).exists([f"{root}/stems/a/drums.ogg", f"{root}/out/a.ogg"]) == [False, True]


class Diary(MemoryStore):
    """A memory store that notes in which order it is written to; it has no room for names that end in `refused`."""

    __slots__ = ("refused", "written")
    refused: tuple[str, ...]
    written: list[str]

    def __init__(self, volume: str) -> None:
        object.__setattr__(self, "refused", ())
        object.__setattr__(self, "written", [])

    def commit(self, source: Path, path: str, *, expect: int | None) -> Committed:
        if path.endswith(self.refused):
            raise DataError("the store has no room", where=path)
        committed = MemoryStore.commit(self, source, path, expect=expect)
        self.written.append(path.rpartition("/")[2])
        return committed


@pytest.fixture
def outputs(root: str, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> list[CustomDataOutput]:
    monkeypatch.setitem(sys.modules, "diaries", request.module)
    keys: dict[str, Any] = {"class": "diaries.Diary", "location": root, "volume": root}
    return [CustomDataOutput(file_suffix=suffix, name=suffix, **keys) for suffix in (".mp3", ".ogg", ".wav")]


def test_the_elements_own_outputs_are_written_last_and_in_their_order(outputs: list[CustomDataOutput]):
    work = Work(b"a", [], outputs)
    for name, target in [("a", ".ogg"), ("a", ".mp3"), ("a/2", ".mp3"), ("a/1", ".ogg")]:
        make(work, name, b"x", target)

    work.commit()

    assert store_of(outputs[0]).written == ["2.mp3", "1.ogg", "a.mp3", "a.ogg"]


def test_outputs_that_no_gate_looks_for_are_written_before_those_it_does(outputs: list[CustomDataOutput]):
    unseen = outputs[2].model_copy(update={"skip_klio_existence_check": True})
    work = Work(b"a", [], [*outputs[:2], unseen])
    for target in (".mp3", ".ogg", ".wav"):
        make(work, "a", b"x", target)

    work.commit()

    assert store_of(outputs[0]).written == ["a.wav", "a.mp3", "a.ogg"]


def test_a_commit_that_fails_in_the_middle_is_made_good_by_the_next_attempt(outputs: list[CustomDataOutput], root: str):
    store = store_of(outputs[0])
    object.__setattr__(store, "refused", (".ogg",))
    first = Work(b"a", [], outputs)
    for target in (".mp3", ".ogg"):
        make(first, "a", b"first", target)
    with pytest.raises(DataError):
        first.commit()
    assert store.exists([f"{root}/a.mp3", f"{root}/a.ogg"]) == [True, False]

    object.__setattr__(store, "refused", ())
    second = Work(b"a", [], outputs)
    for target in (".mp3", ".ogg"):
        make(second, "a", b"second", target)
    second.commit()

    assert [get(f"{root}/a{suffix}") for suffix in (".mp3", ".ogg")] == [b"second", b"second"]


def test_a_worker_that_lost_one_of_its_outputs_writes_none_of_them(work: Work, root: str, tmp_path: Path):
    make(work, "a", b"ours")
    make(work, "a", b"ours", "stems")
    put(tmp_path, f"{root}/stems/a.ogg", b"theirs")

    with pytest.raises(LostLease) as refusal:
        work.commit()

    assert refusal.value.where == f"{root}/stems/a.ogg"
    assert store_for(root).exists([f"{root}/out/a.ogg"]) == [False]
    assert get(f"{root}/stems/a.ogg") == b"theirs"


@pytest.fixture
def other(work: Work, tmp_path: Path):
    """The work on the same element in another process."""
    (tmp_path / "home").mkdir()
    other = Work(work.element, work._inputs, work._outputs, tmp_path / "home")
    yield other
    other.close()


def test_what_another_process_made_is_adopted_and_committed_here(work: Work, other: Work, root: str, tmp_path: Path):
    put(tmp_path, f"{root}/in/a.wav", b"content")
    other.download("a")
    make(other, "a", b"mix")
    make(other, "a", b"stems", "stems")
    made = other.hand_over()
    other.close()

    work.adopt(made)
    assert list((tmp_path / "home").iterdir()) == []
    assert store_for(root).exists([f"{root}/out/a.ogg"]) == [False]
    work.commit()

    assert (get(f"{root}/out/a.ogg"), get(f"{root}/stems/a.ogg")) == (b"mix", b"stems")


def test_what_was_expected_before_another_process_began_counts(work: Work, other: Work, root: str, tmp_path: Path):
    work.expect_outputs()
    put(tmp_path, f"{root}/out/a.ogg", b"theirs")
    make(other, "a", b"ours")

    work.adopt(other.hand_over())
    with pytest.raises(LostLease):
        work.commit()

    assert get(f"{root}/out/a.ogg") == b"theirs"


def test_who_made_nothing_hands_over_nothing_and_tidies_up(other: Work, root: str, tmp_path: Path):
    put(tmp_path, f"{root}/in/a.wav", b"content")
    other.download("a")

    assert other.hand_over() == []
    other.close()

    assert list((tmp_path / "home").iterdir()) == []


def test_results_are_seen_after_the_commit(work: Work, root: str):
    def code() -> Iterator[str]:
        yield "before"
        make(work, "a", b"mix")
        yield "after"
        assert store_for(root).exists([f"{root}/out/a.ogg"]) == [False]

    seen = [(result, store_for(root).exists([f"{root}/out/a.ogg"])) for result in work.committed(code())]

    assert seen == [("before", [True]), ("after", [True])]


def test_results_of_code_that_fails_are_never_seen_and_nothing_is_committed(work: Work, root: str):
    def code() -> Iterator[str]:
        make(work, "a", b"mix")
        yield "result"
        raise ValueError("in the end")

    with pytest.raises(ValueError, match="in the end"):
        work.committed(code())

    assert store_for(root).exists([f"{root}/out/a.ogg"]) == [False]


def test_without_data_outputs_results_come_as_they_are_made():
    made: list[int] = []
    results = iter(Work(b"a", [], []).committed(made.append(number) or number for number in range(3)))

    assert (next(results), made) == (0, [0])


def test_an_output_that_another_worker_made_since_the_work_began_is_not_replaced(work: Work, root: str, tmp_path: Path):
    put(tmp_path, f"{root}/in/a.wav", b"content")
    work.download("a")
    put(tmp_path, f"{root}/out/a.ogg", b"theirs")

    make(work, "a", b"ours")
    with pytest.raises(LostLease):
        work.commit()

    assert get(f"{root}/out/a.ogg") == b"theirs"


def test_an_output_that_the_gate_did_not_find_and_that_is_there_by_now_is_not_replaced(root: str, tmp_path: Path):
    work = Work(b"a", [], [MemoryDataOutput(location=f"{root}/out")], absent=[f"{root}/out/a"])
    put(tmp_path, f"{root}/out/a", b"theirs")

    make(work, "a", b"ours")
    with pytest.raises(LostLease):
        work.commit()

    assert get(f"{root}/out/a") == b"theirs"
    work.close()


def test_an_output_that_was_there_when_the_work_began_is_replaced(work: Work, root: str, tmp_path: Path):
    put(tmp_path, f"{root}/in/a.wav", b"content")
    put(tmp_path, f"{root}/out/a.ogg", b"old")
    work.download("a")

    make(work, "a", b"new")
    work.commit()

    assert get(f"{root}/out/a.ogg") == b"new"


def test_the_end_of_the_work_leaves_nothing_behind(work: Work, root: str, tmp_path: Path):
    put(tmp_path, f"{root}/in/a.wav", b"content")
    local = work.download("a")

    work.close()
    work.close()

    assert not local.parent.parent.exists()
