"""Google's own client against the local object store."""

import base64
import hashlib
import io
import threading

import pytest
from google.api_core.exceptions import BadRequest, Conflict, NotFound, PreconditionFailed
from google.cloud.exceptions import RequestRangeNotSatisfiable

from klio.data.checksum import crc32c_of

LARGE = bytes(range(251)) * 40_000  # 10 MB: more than the client sends in one request
NAMES = [
    "a,b.ogg",
    "with space.ogg",
    "per%41cent%2F.ogg",
    "que?ry=1#x.ogg",
    "plus+&.ogg",
    "Ænima/日本語.ogg",
    "deep/er/track.ogg",
    "acl",
    "x/acl",
    "o/b/o/copyTo",
    "a//b",
    "a/../b",
    "folder/",
    "x" * 1024,
]


def test_buckets_are_made_found_listed_and_removed(client):
    client.create_bucket("one-bucket", location="EU").labels = {}

    assert client.get_bucket("one-bucket").location == "EU"
    assert "one-bucket" in [bucket.name for bucket in client.list_buckets()]
    assert [bucket.name for bucket in client.list_buckets(prefix="one-")] == ["one-bucket"]
    assert not client.bucket("other-bucket").exists()
    with pytest.raises(Conflict):
        client.create_bucket("one-bucket")

    client.bucket("one-bucket").blob("x").upload_from_string(b"x")
    with pytest.raises(Conflict):
        client.bucket("one-bucket").delete()
    client.bucket("one-bucket").blob("x").delete()
    client.bucket("one-bucket").delete()
    assert not client.bucket("one-bucket").exists()


@pytest.mark.parametrize("name", NAMES)
def test_an_object_of_any_name_is_kept_under_it(bucket, name: str):
    blob = bucket.blob(name)
    blob.upload_from_string(b"sound", if_generation_match=0)

    assert blob.name == name
    assert blob.exists()
    assert bucket.blob(name).download_as_bytes() == b"sound"
    assert [found.name for found in bucket.list_blobs()] == [name]
    bucket.delete_blob(name)
    assert list(bucket.list_blobs()) == []


def test_an_object_says_its_size_checksums_and_generation(bucket):
    blob = bucket.blob("a")
    blob.upload_from_string(b"sound", content_type="audio/ogg")

    assert (blob.size, blob.crc32c, blob.content_type) == (5, crc32c_of(b"sound"), "audio/ogg")
    assert blob.md5_hash == base64.b64encode(hashlib.md5(b"sound").digest()).decode()
    assert blob.generation > 0
    assert (blob.metageneration, blob.time_created) == (1, blob.updated)


@pytest.mark.parametrize("content", [b"", b"x", b"--boundary\r\n\r\n--", bytes(range(256)), LARGE])
@pytest.mark.parametrize("chunk_size", [None, 1 << 20])
def test_bytes_come_back_as_they_went(bucket, content: bytes, chunk_size):
    blob = bucket.blob("a", chunk_size=chunk_size)
    blob.upload_from_file(io.BytesIO(content), size=len(content), checksum="crc32c")

    assert blob.size == len(content)
    assert bucket.blob("a", chunk_size=chunk_size).download_as_bytes(checksum="crc32c") == content
    assert bucket.blob("a").download_as_bytes(checksum="md5", raw_download=True) == content


def test_a_writer_that_does_not_know_the_size_beforehand_is_served(bucket):
    with bucket.blob("a").open("wb", chunk_size=256 * 1024, ignore_flush=True) as file:
        for _ in range(5):
            file.write(b"x" * 200_000)

    assert bucket.get_blob("a").size == 1_000_000


def test_an_upload_that_was_given_up_is_no_object(bucket):
    place = bucket.blob("a").create_resumable_upload_session(size=10)

    assert place.startswith("http://127.0.0.1:")
    assert not bucket.blob("a").exists()


@pytest.mark.parametrize("content", [b"small", LARGE])
def test_what_arrives_with_another_checksum_than_announced_is_refused(bucket, content: bytes):
    blob = bucket.blob("a")
    blob.crc32c = "AAAAAA=="
    with pytest.raises(BadRequest):
        blob.upload_from_string(content, checksum=None)

    assert not bucket.blob("a").exists()


@pytest.mark.parametrize("content", [b"small", LARGE])
@pytest.mark.parametrize("generation", [0, 12345])
def test_a_writing_whose_condition_does_not_hold_changes_nothing(bucket, content: bytes, generation: int):
    bucket.blob("a").upload_from_string(b"first")

    with pytest.raises(PreconditionFailed):
        bucket.blob("a").upload_from_string(content, if_generation_match=generation)

    assert bucket.blob("a").download_as_bytes() == b"first"


def test_conditions_hold_for_reading_copying_patching_and_removing_too(bucket):
    blob = bucket.blob("a")
    blob.upload_from_string(b"first")
    old = blob.generation
    blob.upload_from_string(b"second", if_generation_match=old)

    for refused in [
        lambda: bucket.blob("a").download_as_bytes(if_generation_match=old),
        lambda: bucket.copy_blob(blob, bucket, "b", if_source_generation_match=old),
        lambda: bucket.copy_blob(blob, bucket, "a", if_generation_match=0),
        lambda: bucket.delete_blob("a", if_generation_match=old),
        lambda: blob.patch(if_metageneration_match=9),
    ]:
        with pytest.raises(PreconditionFailed):
            refused()
    with pytest.raises(NotFound):
        bucket.blob("a", generation=old).download_as_bytes()
    assert bucket.blob("a", generation=blob.generation).download_as_bytes() == b"second"


def test_of_many_first_writings_at_once_one_wins(bucket):
    won = []

    def write(number: int) -> None:
        try:
            bucket.blob("a").upload_from_string(b"%d" % number * 1000, if_generation_match=0)
            won.append(number)
        except PreconditionFailed:
            pass

    threads = [threading.Thread(target=write, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(won) == 1
    assert bucket.blob("a").download_as_bytes() == b"%d" % won[0] * 1000


@pytest.mark.parametrize(
    ("start", "end", "got"), [(0, 0, b"0"), (3, 5, b"345"), (7, None, b"789"), (7, 100, b"789"), (-2, None, b"89")]
)
def test_a_range_of_bytes_is_answered(bucket, start, end, got):
    bucket.blob("a").upload_from_string(b"0123456789")

    assert bucket.blob("a").download_as_bytes(start=start, end=end, checksum=None) == got


def test_a_range_beyond_the_end_is_refused(bucket):
    bucket.blob("a").upload_from_string(b"0123456789")

    with pytest.raises(RequestRangeNotSatisfiable):
        bucket.blob("a").download_as_bytes(start=10, checksum=None)


def test_a_reader_seeks(bucket):
    bucket.blob("a").upload_from_string(LARGE)

    with bucket.blob("a").open("rb", chunk_size=1 << 18) as file:
        file.seek(5_000_000)
        assert file.read(100) == LARGE[5_000_000:5_000_100]


def test_listing_knows_prefixes_folders_and_pages(bucket):
    for name in ["a", "b/1", "b/2", "b/c/3", "bb", "z/1"]:
        bucket.blob(name).upload_from_string(b"x")

    def names(**options):
        found = bucket.list_blobs(**options)
        return [blob.name for blob in found], sorted(found.prefixes)

    assert names() == (["a", "b/1", "b/2", "b/c/3", "bb", "z/1"], [])
    assert names(prefix="b") == (["b/1", "b/2", "b/c/3", "bb"], [])
    assert names(delimiter="/") == (["a", "bb"], ["b/", "z/"])
    assert names(prefix="b/", delimiter="/") == (["b/1", "b/2"], ["b/c/"])
    assert names(prefix="nothing") == ([], [])
    assert names(start_offset="b/2", end_offset="bb") == (["b/2", "b/c/3"], [])
    assert names(prefix="b/", start_offset="a", end_offset="b/2") == (["b/1"], [])
    assert names(page_size=2) == names()
    assert names(page_size=1, delimiter="/") == names(delimiter="/")
    assert [len(list(page)) for page in bucket.list_blobs(page_size=4).pages] == [4, 2]
    assert len(list(bucket.list_blobs(max_results=3))) == 3


def test_a_copy_and_a_rewriting_have_the_bytes_and_what_is_said_of_them(bucket, client):
    blob = bucket.blob("a")
    blob.metadata = {"kind": "mix"}
    blob.upload_from_string(b"sound", content_type="audio/ogg")
    other = client.create_bucket("bucket-for-copies")

    copied = bucket.copy_blob(blob, other, "deep/b")
    rewritten = other.blob("c")
    token, _, total = rewritten.rewrite(bucket.blob("a"))
    blob.delete()

    assert (token, total) == (None, 5)
    for found in (copied, other.get_blob("c")):
        assert (found.content_type, found.metadata) == ("audio/ogg", {"kind": "mix"})
        assert found.download_as_bytes() == b"sound"


def test_what_is_said_of_an_object_can_be_changed(bucket):
    blob = bucket.blob("a")
    blob.upload_from_string(b"sound", content_type="audio/ogg")
    generation = blob.generation

    blob.metadata = {"kind": "mix"}
    blob.content_language = "is"
    blob.patch()

    found = bucket.get_blob("a")
    assert (found.metadata, found.content_language, found.content_type) == ({"kind": "mix"}, "is", "audio/ogg")
    assert (found.generation, found.metageneration) == (generation, 2)


def test_what_is_said_in_custom_metadata_is_added_to_what_is_there_and_none_takes_it_back(bucket):
    blob = bucket.blob("a")
    blob.metadata = {"kind": "mix", "from": "here"}
    blob.upload_from_string(b"sound")

    for said in ({"kind": "stem", "bpm": "120"}, {"from": None}):
        blob = bucket.blob("a")
        blob.metadata = said
        blob.patch()

    assert bucket.get_blob("a").metadata == {"kind": "stem", "bpm": "120"}


def test_many_removals_go_in_one_batch(bucket, client):
    for name in ("a", "b c", "d/é"):
        bucket.blob(name).upload_from_string(b"x")

    with client.batch():
        for name in ("a", "b c", "d/é"):
            bucket.delete_blob(name)

    assert list(bucket.list_blobs()) == []


@pytest.mark.parametrize(
    "ask",
    [
        lambda bucket: bucket.blob("missing").download_as_bytes(),
        lambda bucket: bucket.blob("missing").reload(),
        lambda bucket: bucket.delete_blob("missing"),
        lambda bucket: bucket.copy_blob(bucket.blob("missing"), bucket, "copy"),
        lambda bucket: bucket.client.bucket("missing-bucket").blob("x").upload_from_string(b"x"),
        lambda bucket: bucket.client.bucket("missing-bucket").blob("x").upload_from_string(LARGE),
        lambda bucket: list(bucket.client.bucket("missing-bucket").list_blobs()),
        lambda bucket: bucket.client.get_bucket("missing-bucket"),
    ],
)
def test_what_is_not_there_is_not_found(bucket, ask):
    with pytest.raises(NotFound):
        ask(bucket)


@pytest.mark.parametrize("name", ["B", "UPPER", "a", "-dash", "with space"])
def test_a_name_that_no_bucket_may_have_is_refused(client, name: str):
    with pytest.raises((BadRequest, ValueError)):
        client.create_bucket(name)


@pytest.mark.parametrize("name", ["x" * 1025, "line\nbreak"])
def test_a_name_that_no_object_may_have_is_refused(bucket, name: str):
    with pytest.raises(BadRequest):
        bucket.blob(name).upload_from_string(b"x")
