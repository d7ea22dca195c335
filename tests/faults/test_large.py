"""What is too large is refused with its size, and what is much is held in small parts (10)."""

from __future__ import annotations

import apache_beam as beam

from klio.transforms import decorators
from klio_core.message import Message
from tests.flow.conftest import NewJob
from tests.flow.kit import eventually


class Inflate(beam.DoFn):
    """Answers a payload of as many bytes as the element says."""

    @decorators.handle_klio
    def process(self, data):
        yield b"x" * int(data.element)


def test_an_event_that_is_too_large_is_a_dead_letter_with_its_size_and_the_limit(new_job: NewJob):
    job = new_job()
    job.config["job_config"]["events"]["outputs"][0]["keep_payload"] = True
    large = 10_000_001
    with job.thread(lambda events, config: events | beam.ParDo(Inflate())):
        job.publish(str(large), "3")
        job.wait_for("3")
        eventually(lambda: job.unacknowledged == 0)

    (letter,) = job.letters
    assert (letter.reason, letter.error, letter.element) == ("bad-payload", "BadPayload", b"10000001")
    said = letter.text.splitlines()
    assert (said[0], said[1]) == ("an event is larger than Pub/Sub takes", f"  at: {job.out}")
    assert "10000000 bytes" in said[2]
    assert large < int(said[3].removeprefix("  got: ").removesuffix(" bytes")) < large + 1000
    assert Message.decode(letter.message).payload == b""
    assert job.elements == {"3": 1}
