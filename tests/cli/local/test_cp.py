from __future__ import annotations

import time
from pathlib import Path

import pytest

from klio_core.local_state import LocalState


@pytest.fixture
def bucket(request: pytest.FixtureRequest) -> str:
    """A bucket of each test's own: they share one object store."""
    return request.node.name.split("[")[0].replace("_", "-")[:60].rstrip("-")


def test_files_go_in_and_come_back_out(klio, project: Path, bucket: str, tmp_path: Path):
    (tmp_path / "a.mp3").write_bytes(b"aaa")
    (tmp_path / "b.mp3").write_bytes(b"\x00" * 100_000)
    where = f"gs://{bucket}/tracks/"

    copied_in = klio("local", "cp", "--project", project, tmp_path / "a.mp3", tmp_path / "b.mp3", where)
    listed = klio("local", "ls", "--project", project, where)
    copied_out = klio("local", "cp", "--project", project, where, f"{tmp_path}/out/")

    assert (copied_in.status, copied_in.err) == (0, "")
    assert copied_in.out == f"{tmp_path}/a.mp3 -> {where}a.mp3\n{tmp_path}/b.mp3 -> {where}b.mp3\n"
    assert listed.out == f"           3  {where}a.mp3\n      100000  {where}b.mp3\n"
    assert copied_out.out == f"{where}a.mp3 -> {tmp_path}/out/a.mp3\n{where}b.mp3 -> {tmp_path}/out/b.mp3\n"
    assert (tmp_path / "out" / "a.mp3").read_bytes() == b"aaa"
    assert (tmp_path / "out" / "b.mp3").read_bytes() == b"\x00" * 100_000


def test_one_file_may_get_another_name_both_ways(klio, project: Path, bucket: str, tmp_path: Path):
    (tmp_path / "a.mp3").write_bytes(b"aaa")

    klio("local", "cp", "--project", project, tmp_path / "a.mp3", f"gs://{bucket}/b.mp3")
    screen = klio("local", "cp", "--project", project, f"gs://{bucket}/b.mp3", tmp_path / "c.mp3")

    assert (screen.status, screen.err) == (0, "")
    assert (tmp_path / "c.mp3").read_bytes() == b"aaa"


def test_folders_below_a_folder_are_kept(klio, project: Path, bucket: str, tmp_path: Path):
    (tmp_path / "a").write_bytes(b"a")
    klio("local", "cp", "--project", project, tmp_path / "a", f"gs://{bucket}/x/y/a")

    klio("local", "cp", "--project", project, f"gs://{bucket}/", f"{tmp_path}/out/")

    assert (tmp_path / "out" / "x" / "y" / "a").read_bytes() == b"a"


def test_buckets_are_listed(klio, project: Path, bucket: str, tmp_path: Path):
    (tmp_path / "a").write_bytes(b"a")
    klio("local", "cp", "--project", project, tmp_path / "a", f"gs://{bucket}/")

    screen = klio("local", "ls", "--project", project)

    assert screen.status == 0
    assert f"gs://{bucket}/" in screen.out.splitlines()


def test_nothing_at_the_path_is_an_error(klio, project: Path, bucket: str, tmp_path: Path):
    (tmp_path / "a").write_bytes(b"a")
    klio("local", "cp", "--project", project, tmp_path / "a", f"gs://{bucket}/a")

    no_object = klio("local", "cp", "--project", project, f"gs://{bucket}/b", tmp_path)
    no_bucket = klio("local", "ls", "--project", project, "gs://not-there/")

    assert (no_object.status, no_object.out) == (6, "")
    assert no_object.err == (
        f"Error: there is nothing at the path\n  at: gs://{bucket}/b\n  to do: `klio local ls` lists all\n"
    )
    assert (no_bucket.status, no_bucket.out) == (6, "")
    assert no_bucket.err == (
        "Error: there is no such bucket\n  at: gs://not-there/\n  to do: `klio local ls` lists all\n"
    )


ONE_SIDE = "cp copies between this machine and the object store\n  expected: gs:// on one side only"
REFUSED = {
    "two files here": (["a", "b"], ONE_SIDE),
    "two places there": (["gs://x/a", "gs://x/b"], ONE_SIDE),
    "both sides at once": (["a", "gs://x/a", "gs://x/b"], ONE_SIDE),
    "no bucket": (["a", "gs://"], "not a place in the object store\n  expected: gs://BUCKET/NAME\n  got: 'gs://'"),
    "no such file": (["no.mp3", "gs://x/a"], "there is no such file\n  at: no.mp3"),
}


@pytest.mark.parametrize(("arguments", "text"), REFUSED.values(), ids=REFUSED.keys())
def test_what_cannot_be_copied_is_refused(klio, project: Path, arguments: list[str], text: str):
    screen = klio("local", "cp", "--project", project, *arguments)

    assert (screen.status, screen.out, screen.err) == (2, "", f"Error: {text}\n")


def test_many_files_cannot_become_one(klio, project: Path, tmp_path: Path):
    for name in "ab":
        (tmp_path / name).write_bytes(b"a")

    screen = klio("local", "cp", "--project", project, tmp_path / "a", tmp_path / "b", "gs://x/c")

    assert screen.status == 2
    assert screen.err == "Error: 2 files cannot become one\n  at: gs://x/c\n  to do: write gs://x/c/\n"


def test_a_name_that_leads_out_of_the_target_is_refused(klio, project: Path, bucket: str, tmp_path: Path):
    (tmp_path / "a").write_bytes(b"a")
    klio("local", "cp", "--project", project, tmp_path / "a", f"gs://{bucket}/x/../../evil")

    screen = klio("local", "cp", "--project", project, f"gs://{bucket}/x/", f"{tmp_path}/out/")

    assert (screen.status, screen.out) == (2, "")
    assert screen.err.splitlines()[0] == "Error: an object's name leads out of the directory"
    assert not (tmp_path.parent / "evil").exists()


def test_a_store_that_does_not_answer_is_an_error_soon(klio, hung: LocalState, tmp_path: Path):
    began = time.monotonic()

    screen = klio("local", "ls", "--project", tmp_path)

    assert screen.status == 6
    assert screen.err.splitlines()[:2] == ["Error: the local object store did not do it", f"  at: {hung.objects}"]
    assert time.monotonic() - began < 60.0  # it would wait for ever


def test_without_a_cloud_there_is_nothing_to_copy_to(klio, tmp_path: Path):
    screen = klio("local", "ls", "--project", tmp_path)

    assert screen.status == 6
    assert screen.err == f"Error: the local cloud is not up\n  at: {tmp_path}\n  to do: klio local up\n"
