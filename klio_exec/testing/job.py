"""A whole job in a test: what is published to it, what comes of it, and the run in between."""

from __future__ import annotations

import time
import uuid
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

from klio.context import KlioContext, bind
from klio.events import pubsub
from klio.testing import media
from klio_core.config import KlioConfig
from klio_core.dead_letter import DeadLetter
from klio_core.errors import UsageError
from klio_core.message import Message
from klio_core.names import Resource, parse_resource
from klio_core.needs import topic_of
from klio_core.status import Status
from klio_exec.load import load_run
from klio_exec.local.pubsub import stats
from klio_exec.resources import make_missing
from klio_exec.summary import Summary
from klio_exec.testing.drain import Drain
from klio_exec.testing.home import Home
from klio_exec.testing.records import Records

_PULLED = 1000
_SOON_S = 1.0


class JobOnCloud:
    """One job on a cloud of this process. `LocalCloud.job` makes one.

    `config` is its job file as it runs here: dead letters and status records are kept below `directory`, which goes
    with the cloud, and so is all that the job file says by a relative path that it writes. What it reads stays.
    """

    def __init__(
        self, config: KlioConfig, job_dir: Path, directory: Path, endpoint: str, run: Callable[[Any, Any], Any] | None
    ) -> None:
        directory.mkdir()
        self.directory = directory
        self._records = Records(directory)
        self.config = self._records.kept_here(config, job_dir)
        self._endpoint = endpoint
        self._home = Home(job_dir)
        with self._home.entered():
            self._run = load_run(job_dir) if run is None else run
        make_missing(self.config)
        self._listeners = {topic: _listener(topic) for topic in self._topics()}
        self._left: dict[str, list[Message]] = defaultdict(list)

    def publish(self, *elements: str | bytes | Message, to: int | str = 0) -> None:
        """Publish elements, or whole messages, to an event input: its number among those of Pub/Sub, or its name.

        Raises UsageError where the job has none.
        """
        messages = [element if isinstance(element, Message) else Message.of(_bytes(element)) for element in elements]
        self.publish_raw(*(message.encode() for message in messages), to=to)

    def publish_raw(self, *bodies: bytes, to: int | str = 0) -> None:
        """Publish bytes as they are, which need not be a message of klio's."""
        topic = self._input(to)
        pubsub.wait_for(topic, [pubsub.publish(topic, body) for body in bodies])

    def drain(self, timeout_s: float = 60.0) -> Summary:
        """Run the job until it has nothing left to do: until all that was published is done, or its batch is.

        A message that comes again later, since it failed, is waited for. Answers the summary that a run prints.
        Raises what ends the job, and LocalCloudError where it is not done in time.
        """
        began = time.monotonic()
        context = KlioContext(self.config)
        before = bind(context)
        try:
            with self._home.entered():
                tally = Drain(context, self._run, self._endpoint).to_the_end(timeout_s)
        finally:
            bind(before)
        return Summary.of(self.config.job_name, tally, time.monotonic() - began)

    @property
    def verdicts(self) -> dict[str, str]:
        """What has become of each element so far, in a word, and why.

        `committed`, `passed on: output exists`, `dropped: input missing`, `dead letter: exception`, …
        """
        return self._records.verdicts

    @property
    def statuses(self) -> list[Status]:
        """All status records so far, in the order of their times."""
        return self._records.statuses

    @property
    def dead_letters(self) -> list[DeadLetter]:
        """All dead letters so far, the oldest first."""
        return self._records.dead_letters

    @property
    def outputs(self) -> dict[str, bytes]:
        """The files in the data outputs, without location and suffix; see `klio.testing.Result.outputs`."""
        return media.files(self.config.job_config.data.outputs)

    def put(self, files: dict[str, bytes]) -> None:
        """Put files where the job reads its media, by the names that `klio.testing.run_one` takes."""
        media.put(self.config.job_config.data.inputs, files)

    @property
    def messages(self) -> list[Message]:
        """The messages that the job has published to its event outputs, output by output."""
        for topic, listener in self._listeners.items():
            self._left[topic] += _pulled(listener, self._endpoint)
        return [message for topic in self._listeners for message in self._left[topic]]

    @property
    def elements(self) -> list[bytes]:
        """The elements of those."""
        return [message.element for message in self.messages]

    def _topics(self) -> list[str]:
        outputs = self.config.job_config.events.outputs
        return list(dict.fromkeys(entry.topic for entry in outputs if entry.type == "pubsub"))

    def _input(self, which: int | str) -> str:
        entries = [entry for entry in self.config.job_config.events.inputs if entry.type == "pubsub"]
        for number, entry in enumerate(entries):
            if which in (number, entry.name):
                return topic_of(entry)
        raise UsageError(
            f"the job has no event input {which!r} that one can publish to",
            where=self.config.job_name,
            expected=f"one of {[entry.name or number for number, entry in enumerate(entries)]}",
            todo="a batch job reads what its job file names: drain() runs it",
        )


def _bytes(element: str | bytes) -> bytes:
    return element.encode() if isinstance(element, str) else element


def _listener(topic: str) -> str:
    """Answer a new subscription to a topic."""
    name = f"klio-test-{uuid.uuid4().hex[:12]}"
    path = str(Resource(parse_resource(topic).project, "subscriptions", name))
    pubsub.ensure_subscription(path, topic)
    return path


def _pulled(subscription: str, endpoint: str) -> list[Message]:
    """Answer what has come to a subscription, and take it from there."""
    found: list[Message] = []
    reader = pubsub.Subscription(subscription)
    try:
        while stats(endpoint)[subscription]["pending"]:
            came = reader.pull(_PULLED, _SOON_S) or []
            reader.ack([one.ack_id for one in came])
            found += [Message.decode(one.data) for one in came]
    finally:
        reader.close()
    return found
