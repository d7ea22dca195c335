"""A job, its broker and its store in this process, without clock, network or processes: what a machine plays with."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
import uuid
from collections import Counter
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import apache_beam as beam
from apache_beam.pvalue import TaggedOutput

from klio.context import KlioContext
from klio.data.memory import MemoryStore
from klio.data.store import ABSENT, Generation
from klio.events.write import Leave
from klio.gate import Gate
from klio.transforms import decorators
from klio.transforms.gating import PASS_ON, DecideOne
from klio.utils import ThreadLimit
from klio_core.config import KlioConfig, parse
from klio_core.dead_letter import DeadLetter
from klio_core.errors import LostLease, MessageError
from klio_core.message import Message
from klio_core.status import State
from klio_exec.local.pubsub.broker import Broker
from klio_exec.local.pubsub.delivery import Delivered
from klio_exec.local.pubsub.flow import Flow
from klio_exec.local.pubsub.wire import pb

from .lockstep import Steps

IN, OUT = "projects/proj/topics/tracks", "projects/proj/topics/mixes"
IN_SUBSCRIPTION, OUT_SUBSCRIPTION = "projects/proj/subscriptions/tracks", "projects/proj/subscriptions/mixes"
LEASE_S = 10.0
STORE = MemoryStore()

T = TypeVar("T")
Pause = Callable[[Any], None]


def content_of(element: bytes) -> bytes:
    """What the job is to make of an element."""
    return element * 1000


class Work(beam.DoFn):
    """The author's code: makes `content_of` the element in two writes, with a pause before, between and after."""

    def __init__(self, context: KlioContext, pause: Pause) -> None:
        self._klio_context = context  # as it is when Beam has unpickled a DoFn
        self._pause = pause

    @decorators.handle_klio(max_thread_count=ThreadLimit.NONE)  # a process of its own shares no limit
    def process(self, data):
        self._pause("begun")
        if data.element.startswith(b"bad"):
            raise ValueError("no good")
        content = content_of(data.element)
        with self._klio.upload(data.element) as out:
            out.write_bytes(content[:10])
            self._pause("half written")
            out.write_bytes(content)
        yield data
        self._pause("yielded")


class HandClock:
    """Time that passes when the test says so."""

    def __init__(self) -> None:
        self.now = 1_700_000_000.0

    def wall(self) -> float:
        return self.now

    def steady(self) -> float:
        return self.now


@dataclass(repr=False)
class Attempt:
    """One worker at one message: its lease, its steps, and what the output was when it was decided to work."""

    one: Delivered
    element: bytes
    forced: bool
    steps: Steps
    saw: Generation | None = None

    def __repr__(self) -> str:
        return f"{self.element!r} of {self.one.ack_id}"


@dataclass
class World:
    """Everything real: broker, gate, handle_klio, store, dead letters. Only Beam and the network are left out."""

    directory: Path = field(default_factory=lambda: Path(tempfile.mkdtemp(prefix="klio-machine-")))
    loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.new_event_loop)
    clock: HandClock = field(default_factory=HandClock)
    place: str = field(default_factory=lambda: f"memory://{uuid.uuid4().hex}")
    attempts: list[Attempt] = field(default_factory=list)
    published: Counter[bytes] = field(default_factory=Counter)
    events: Counter[bytes] = field(default_factory=Counter)
    written: dict[bytes, list[Generation]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.config: KlioConfig = parse(f"""
job_name: machine
pipeline_options: {{streaming: true, project: proj, runner: DirectRunner}}
job_config:
  events: {{dead_letters: {{type: directory, location: {self.directory / "dead"}}}}}
  data: {{outputs: [{{type: memory, location: "{self.place}"}}]}}
""")
        self.broker = self._made()
        for topic, name in ((IN, IN_SUBSCRIPTION), (OUT, OUT_SUBSCRIPTION)):
            self.wait(self.broker.catalog.create_topic(pb.Topic(name=topic)))
            self.wait(self.broker.catalog.create_subscription(pb.Subscription(name=name, topic=topic)))

    def wait(self, what: Coroutine[Any, Any, Any]) -> Any:
        return self.loop.run_until_complete(what)

    def do(self, what: Callable[[], T]) -> T:
        """Do it inside the loop, which the broker needs about it."""

        async def done() -> T:
            return what()

        return self.wait(done())

    def publish(self, raw: bytes, element: bytes) -> None:
        self.published[element] += 1
        self.wait(self.broker.publishing.publish(IN, [pb.PubsubMessage(data=raw)]))

    def lease(self) -> Attempt | None:
        """A worker takes a message, if there is one."""
        got = self.wait(self.broker.delivery.take(self._served(IN_SUBSCRIPTION), Flow(1, 0), LEASE_S))
        if not got:
            return None
        raw = pb.PubsubMessage.FromString(got[0].body).data
        message = _decoded(raw)
        element, forced = (message.element, message.force) if message else (raw, False)
        attempt = Attempt(got[0], element, forced, Steps(lambda pause: self._attempt(raw, pause)))
        self.attempts.append(attempt)
        return attempt

    def step(self, attempt: Attempt) -> str | None:
        """The worker goes on to where it could next be stopped; answers where that is, None at its end."""
        try:
            said = attempt.steps.step()
        except LostLease:
            self.give_back(attempt)  # as a streaming run does: it comes again, and finds the output of the other
            said = None
        except BaseException:
            self.attempts.remove(attempt)
            raise
        if said is None:
            self.attempts.remove(attempt)
            return None
        what, raw = said if isinstance(said, tuple) else (said, b"")
        if what == ("begun" if attempt.forced else "decided"):
            attempt.saw = STORE.generation(self.path(attempt.element))
        elif what == "event":
            self.wait(self.broker.publishing.publish(OUT, [pb.PubsubMessage(data=raw)]))
            self.events[Message.decode(raw).element] += 1
        elif what == "ack":
            self.wait(self.broker.delivery.acknowledge(self._served(IN_SUBSCRIPTION), [attempt.one.ack_id]))
        return str(what)

    def give_back(self, attempt: Attempt) -> None:
        self.do(lambda: self.broker.delivery.modify(self._served(IN_SUBSCRIPTION), [attempt.one.ack_id], 0))

    def kill(self, attempt: Attempt) -> None:
        attempt.steps.kill()
        self.attempts.remove(attempt)

    def pass_time(self, seconds: float) -> None:
        self.clock.now += seconds
        self.do(self.broker.delivery.tick)

    def restart(self) -> None:
        """The broker ends and begins again: all leases are gone, and so are the ids of what was delivered."""
        self.wait(self.broker.close())
        self.broker = self._made()

    def close(self) -> None:
        for attempt in self.attempts:
            attempt.steps.kill()
        self.wait(self.broker.close())
        self.loop.close()
        shutil.rmtree(self.directory)

    @property
    def waiting(self) -> int:
        now = self._served(IN_SUBSCRIPTION).stats()
        return now["pending"] + now["outstanding"]

    @property
    def letters(self) -> list[DeadLetter]:
        return [DeadLetter.decode(path.read_bytes()) for path in (self.directory / "dead").glob("*.json")]

    def path(self, element: bytes) -> str:
        return f"{self.place}/{element.decode(errors='replace')}"

    def look(self, element: bytes) -> bytes | None:
        """What the output of an element is; a generation that was not there before is noted."""
        generation = STORE.generation(self.path(element))
        if generation == ABSENT:
            return None
        seen = self.written.setdefault(element, [])
        if generation not in seen[-1:]:
            seen.append(generation)
        with STORE.open(self.path(element)) as file:
            return file.read()

    def _attempt(self, raw: bytes, pause: Pause) -> None:
        """What a streaming run does with one message."""
        context = KlioContext(self.config)  # a process of its own
        leaving = []
        for decided in DecideOne(context, Gate(context.config, context.job)).process(raw):
            pause("decided")
            if isinstance(decided, TaggedOutput):
                assert decided.tag == PASS_ON
                leaving += Leave(context, State.PASSED_ON, None).process(decided.value)
            else:
                done = [out for out in Work(context, pause).process(decided) if not isinstance(out, TaggedOutput)]
                pause("worked")
                for message in done:
                    leaving += Leave(context, State.COMMITTED, None).process(message)
        for event in leaving:
            pause(("event", event))
        pause("published")
        pause("ack")

    def _made(self) -> Broker:
        return self.do(lambda: Broker(self.directory / "pubsub.db", self.clock))

    def _served(self, name: str) -> Any:
        return self.broker.catalog.subscription(name)


def _decoded(raw: bytes) -> Message | None:
    try:
        return Message.decode(raw)
    except MessageError:
        return None
