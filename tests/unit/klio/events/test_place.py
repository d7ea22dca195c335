"""Where files of events lie, and what is missing."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from klio.events.place import KlioMissingConfiguration, files_in, place_of
from klio.transforms import io
from klio_core.message import Message

from .pipelines import write


@pytest.mark.parametrize(
    ("location", "name", "place"),
    [
        ("gs://b/dir", "*.avro", "gs://b/dir/*.avro"),
        ("gs://b/dir/", "*.avro", "gs://b/dir/*.avro"),
        ("gs://b/dir", None, "gs://b/dir"),
        (None, "in.avro", "in.avro"),
    ],
)
def test_location_and_name_are_joined_and_either_will_do(location: str | None, name: str | None, place: str):
    assert place_of(location, name, name_is="file_pattern") == place


def test_neither_is_an_error_that_says_what_to_give():
    with pytest.raises(KlioMissingConfiguration) as raised:
        place_of("", None, name_is="file_path_prefix")

    assert str(raised.value) == (
        "no file_path_prefix and no location\n"
        "  expected: file_path_prefix, location, or both: then they are joined\n"
        "  to do: say where the events are"
    )


def test_a_directory_stands_for_all_its_files(tmp_path: Path):
    assert files_in(str(tmp_path)) == f"{tmp_path}/*"
    assert files_in(f"{tmp_path}/x*") == f"{tmp_path}/x*"
    assert files_in("gs://bucket/dir") == "gs://bucket/dir"


@pytest.mark.parametrize(
    ("transform", "option"), [(io.KlioWriteToText, "file_path_prefix"), (io.KlioWriteToAvro, "location")]
)
def test_files_are_written_into_a_directory_that_is_not_there_yet(tmp_path: Path, transform: type, option: str):
    write(transform(**{option: f"{tmp_path}/new/one/"}), [Message.of(b"a").encode()])

    assert [path.name for path in (tmp_path / "new" / "one").iterdir()] == ["-00000-of-00001"]


def test_without_the_extra_bigquery_says_what_to_install_and_all_else_works():
    script = (
        "import sys; sys.modules['google.cloud.bigquery'] = None\n"  # as where it is not installed
        "from klio.transforms import io\n"
        "io.KlioWriteToText('x')\n"
        "try:\n    io.KlioReadFromBigQuery(table='a.b')\n"
        "except io.BaseKlioIOException as error:\n    print(error)"
    )
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)

    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout == (
        "BigQuery's client libraries are not installed\n"
        "  to do: pip install 'klio[bigquery]', and add it to job-requirements.txt\n"
    )
