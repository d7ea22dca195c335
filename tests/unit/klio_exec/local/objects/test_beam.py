"""Beam's own file system of Cloud Storage against the local object store."""

import pytest
from apache_beam.io.gcp.gcsio import GcsIO
from google.api_core.exceptions import NotFound

from klio.data.checksum import crc32c_of


@pytest.fixture
def gcsio(client, bucket) -> tuple[GcsIO, str]:
    return GcsIO(storage_client=client), f"gs://{bucket.name}"


def test_beam_writes_and_reads(gcsio):
    io, place = gcsio

    with io.open(f"{place}/dir/a", "w") as file:
        file.write(b"sound" * 100_000)

    assert io.exists(f"{place}/dir/a")
    assert not io.exists(f"{place}/dir/b")
    assert io.size(f"{place}/dir/a") == 500_000
    assert io.checksum(f"{place}/dir/a") == crc32c_of(b"sound" * 100_000)
    with io.open(f"{place}/dir/a") as file:
        file.seek(250_000)
        assert file.read(10) == b"soundsound"


def test_beam_lists_copies_renames_and_removes(gcsio):
    io, place = gcsio
    for name in ("dir/a", "dir/b"):
        with io.open(f"{place}/{name}", "w") as file:
            file.write(b"x")

    io.copy(f"{place}/dir/a", f"{place}/copy")
    io.rename(f"{place}/dir/a", f"{place}/dir/renamed")
    copied = io.copy_batch([(f"{place}/copy", f"{place}/dir/c"), (f"{place}/missing", f"{place}/dir/d")])

    assert [error for _, _, error in copied] == [None, 404]
    assert sorted(io.list_files(f"{place}/dir/")) == [
        (f"{place}/dir/b", 1),
        (f"{place}/dir/c", 1),
        (f"{place}/dir/renamed", 1),
    ]
    assert io.delete_batch([f"{place}/dir/b", f"{place}/missing"]) == [
        (f"{place}/dir/b", None),
        (f"{place}/missing", None),
    ]
    io.delete(f"{place}/dir/", recursive=True)
    assert sorted(io.list_files(f"{place}/")) == [(f"{place}/copy", 1)]


def test_beam_is_told_what_is_not_there(gcsio):
    io, place = gcsio

    with pytest.raises(NotFound):
        io.size(f"{place}/missing")
