import uuid
from collections.abc import Iterator

import pytest
from google.auth.credentials import AnonymousCredentials
from google.cloud import storage

from klio_exec.local.objects import local_objects


@pytest.fixture(scope="package")
def endpoint() -> Iterator[str]:
    with local_objects() as endpoint:
        yield endpoint


@pytest.fixture
def client(endpoint: str) -> Iterator[storage.Client]:
    client = storage.Client(
        project="here", credentials=AnonymousCredentials(), client_options={"api_endpoint": endpoint}
    )
    client._bucket_metadata_cache = None  # it would ask for buckets from threads of its own
    yield client
    client.close()


@pytest.fixture
def bucket(client: storage.Client) -> storage.Bucket:
    return client.create_bucket(f"bucket-{uuid.uuid4().hex}")
