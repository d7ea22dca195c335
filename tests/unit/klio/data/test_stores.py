import subprocess
import sys

import pytest

from klio.data.local import LocalStore
from klio.data.memory import MemoryStore
from klio.data.stores import store_for, together_in
from klio_core.errors import DataError


@pytest.mark.parametrize(
    ("location", "kind"),
    [
        ("/data", LocalStore),
        ("data/here", LocalStore),
        (".", LocalStore),
        ("C:/data", LocalStore),
        ("memory://name", MemoryStore),
        ("MEMORY://name", MemoryStore),
    ],
)
def test_a_location_has_its_store(location, kind):
    assert isinstance(store_for(location), kind)


def test_a_bucket_has_its_store():
    from klio.data.gcs import GcsStore

    assert store_for("gs://bucket/dir") == GcsStore()


def test_a_service_is_asked_for_more_at_once_than_what_answers_at_once():
    assert together_in(store_for("gs://bucket/dir")) == 1000
    assert together_in(store_for("/data")) == together_in(store_for("memory://name")) == 50


@pytest.mark.parametrize("location", ["s3://bucket", "file:///data", "http://host/x", "gcs://bucket"])
def test_a_scheme_that_nobody_knows_is_an_error_that_says_which_are_known(location):
    with pytest.raises(DataError) as refusal:
        store_for(location)

    assert refusal.value.where == location
    assert "gs://bucket" in str(refusal.value.expected)
    assert refusal.value.got == location.partition("://")[0]


def test_the_file_with_googles_client_is_imported_for_buckets_only():
    script = (
        "import sys; from klio.data.stores import store_for;"
        "store_for('/data'); store_for('memory://m');"
        "assert 'klio.data.gcs' not in sys.modules;"
        "store_for('gs://b');"
        "assert 'klio.data.gcs' in sys.modules"
    )
    assert subprocess.run([sys.executable, "-c", script]).returncode == 0
