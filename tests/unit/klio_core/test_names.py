import pytest

from klio_core.errors import UsageError
from klio_core.names import bucket_of, parse_resource, status_topic, subscription_for


def test_a_job_reads_a_topic_by_a_subscription_of_its_own():
    assert subscription_for("projects/p/topics/in", "mixer") == "projects/p/subscriptions/in-mixer"


def test_status_records_have_a_topic_in_the_jobs_project():
    assert status_topic("p") == "projects/p/topics/klio-status"
    assert status_topic(None) == "projects/klio-local/topics/klio-status"


@pytest.mark.parametrize("path", ["", "topic", "projects/p/topics", "projects/p/queues/q", "projects/p/topics/a/b"])
def test_what_is_no_resource_is_an_error(path):
    with pytest.raises(UsageError, match="not the name of a topic or subscription"):
        parse_resource(path)


def test_only_cloud_storage_has_buckets():
    assert bucket_of("gs://bucket/dir") == "bucket"
    assert bucket_of("/data") is None
