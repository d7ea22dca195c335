"""Whole jobs on a cloud that loses, doubles, delays, refuses and breaks off: all comes through, byte for byte (21)."""

from __future__ import annotations

from contextlib import closing, suppress
from pathlib import Path

import apache_beam as beam
import pytest
from google.api_core.exceptions import GoogleAPIError

from klio.transforms import decorators
from klio_core.faults import Fault, Faults
from klio_exec.local.objects import local_objects
from klio_exec.local.pubsub import local_pubsub
from tests.flow.conftest import found
from tests.flow.kit import Cloud, Job, eventually

PATIENCE_S = 180.0
MESSAGES = (
    *("drop@pubsub.delivery,10%", "duplicate@pubsub.delivery,10%", "reorder@pubsub.delivery,10%"),
    *("delay@pubsub.delivery,5%,0.3s", "drop@pubsub.ack,5%"),
)
CALLS = (
    *("unavailable@pubsub.publish,5%", "lost-reply@pubsub.publish,5%", "busy@pubsub.acknowledge,5%"),
    *("lost-reply@pubsub.acknowledge,5%", "unavailable@pubsub.pull,5%", "cut@pubsub.pull,5%"),
    *("unavailable@pubsub.lease,5%", "slow@pubsub.*,2%,0.1s"),
)
OBJECTS = (
    *("unavailable@objects.*,3%", "busy@objects.*,3%", "lost-reply@objects.upload,3%", "cut@objects.upload,3%"),
    *("cut@objects.download,3%", "corrupt@objects.download,3%", "slow@objects.*,2%,0.1s"),
)


class Patient(Cloud):
    """What the test looks with: it stands before the same service, and asks again."""

    def pull(self, subscription: str) -> list[bytes]:
        with suppress(GoogleAPIError):
            return super().pull(subscription)
        return []


class Double(beam.DoFn):
    """Reads the input and writes it twice, one after the other."""

    @decorators.handle_klio
    def process(self, data):
        content = self._klio.download(data.element).read_bytes()
        with self._klio.upload(data.element) as out:
            out.write_bytes(content + content)
        yield data


def content_of(element: str) -> bytes:
    return element.encode() * 5000


def job_of(cloud: Cloud, directory: Path, elements: list[str]) -> Job:
    """A job with its inputs in place; its messages are lent for a second, so that a lost one is soon back."""
    data = {
        "inputs": [{"type": "gcs", "location": "gs://bucket/in"}],
        "outputs": [{"type": "gcs", "location": "gs://bucket/out"}],
    }
    job = Job.new(directory, cloud, data=data, lease_s=2, max_in_flight=20)
    settings = {"name": job.subscription, "topic": job.topic, "ack_deadline_seconds": 10}
    cloud.subscriber.delete_subscription(subscription=job.subscription)
    cloud.subscriber.create_subscription(request=settings)
    for element in elements:
        cloud.put(f"gs://bucket/in/{element}", content_of(element))
    return job


@pytest.mark.slow
@pytest.mark.timeout(400)
@pytest.mark.parametrize("rules", [MESSAGES, CALLS, OBJECTS], ids=["messages", "calls", "objects"])
def test_everything_comes_through_a_cloud_that_fails(tmp_path: Path, rules: tuple[str, ...]):
    elements = [f"e{number:03}" for number in range(200)]
    with (
        local_pubsub(tmp_path / "pubsub.db") as pubsub,
        local_objects(tmp_path / "objects", make_buckets=True) as objects,
        found(pubsub, objects) as cloud,
    ):
        job = job_of(cloud, tmp_path / "job", elements)
    faults = Faults(Fault.parse(f"{rule},seed=11") for rule in rules)
    with (
        local_pubsub(tmp_path / "pubsub.db", faults=faults) as pubsub,
        local_objects(tmp_path / "objects", faults=faults) as objects,
        found(pubsub, objects),
        closing(Patient(pubsub, objects)) as job.cloud,
    ):
        with job.thread(lambda events, config: events | beam.ParDo(Double())):
            job.publish(*elements)
            job.wait_for(*elements, within_s=PATIENCE_S)
            eventually(lambda: job.unacknowledged == 0, PATIENCE_S)

        assert {kind for _, kind in faults.committed} == {Fault.parse(rule).kind for rule in rules}
        assert job.letters == []
    with local_objects(tmp_path / "objects") as objects, found(pubsub, objects) as cloud:
        wrong = [element for element in elements if cloud.get(f"gs://bucket/out/{element}") != 2 * content_of(element)]
        made = {blob.name: blob.metageneration for blob in cloud.storage.list_blobs("bucket", prefix="out/")}
    assert wrong == []
    assert set(made) == {f"out/{element}" for element in elements}
