from __future__ import annotations

import uuid
from pathlib import Path

import pytest

from klio.data.stores import store_for
from klio.work import Work
from klio_core.config import MemoryDataInput, MemoryDataOutput
from klio_core.errors import BadElement, DataNotFound, JobCodeError, LostLease


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


def test_an_upload_becomes_the_output_when_its_block_ends_and_not_before(work: Work, root: str):
    with work.upload("a") as path:
        path.write_bytes(b"mix")
        assert store_for(root).exists([f"{root}/out/a.ogg"]) == [False]

    assert get(f"{root}/out/a.ogg") == b"mix"
    assert not path.exists()


def test_outputs_are_picked_by_name(work: Work, root: str):
    with work.upload("a/drums", "stems") as path:
        path.write_bytes(b"drums")

    assert get(f"{root}/stems/a/drums.ogg") == b"drums"


def test_a_block_that_raises_makes_no_output(work: Work, root: str):
    def half() -> None:
        with work.upload("a") as path:
            path.write_bytes(b"half")
            raise ValueError("in the middle")

    with pytest.raises(ValueError, match="in the middle"):
        half()

    assert store_for(root).exists([f"{root}/out/a.ogg"]) == [False]


def test_a_block_that_writes_nothing_is_an_error_with_the_path(work: Work, root: str):
    with pytest.raises(JobCodeError) as caught, work.upload("a"):
        pass
    assert caught.value.what == "upload: the block ended, and no file was written"
    assert caught.value.expected == f"{root}/out/a.ogg"


def test_an_output_that_another_worker_made_since_the_work_began_is_not_replaced(work: Work, root: str, tmp_path: Path):
    put(tmp_path, f"{root}/in/a.wav", b"content")
    work.download("a")
    put(tmp_path, f"{root}/out/a.ogg", b"theirs")

    with pytest.raises(LostLease), work.upload("a") as path:
        path.write_bytes(b"ours")

    assert get(f"{root}/out/a.ogg") == b"theirs"


def test_an_output_that_was_there_when_the_work_began_is_replaced(work: Work, root: str, tmp_path: Path):
    put(tmp_path, f"{root}/in/a.wav", b"content")
    put(tmp_path, f"{root}/out/a.ogg", b"old")
    work.download("a")

    with work.upload("a") as path:
        path.write_bytes(b"new")

    assert get(f"{root}/out/a.ogg") == b"new"


def test_the_end_of_the_work_leaves_nothing_behind(work: Work, root: str, tmp_path: Path):
    put(tmp_path, f"{root}/in/a.wav", b"content")
    local = work.download("a")

    work.close()
    work.close()

    assert not local.parent.parent.exists()
