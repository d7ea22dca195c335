"""Streaming over graphs of every shape: what comes in goes out, each event is acknowledged, none is stuck."""

from __future__ import annotations

from pathlib import Path

import apache_beam as beam
from apache_beam.pvalue import AsDict, AsList, TaggedOutput
from apache_beam.transforms.trigger import AccumulationMode, AfterCount, Repeatedly
from apache_beam.transforms.userstate import CombiningValueStateSpec
from apache_beam.transforms.window import FixedWindows, GlobalWindows

from klio.transforms import decorators
from klio_core.message import Message

from .conftest import NewJob
from .kit import Job, eventually


class Mark(beam.DoFn):
    """Adds a word to the payload, so that the way of a message can be read from it."""

    def __init__(self, word: str):
        self.word = word

    @decorators.handle_klio
    def process(self, data):
        yield data.payload + self.word.encode()


def element_of(raw: bytes) -> str:
    return Message.decode(raw).element.decode()


def keep_payload(job: Job) -> Job:
    for entry in job.config["job_config"]["events"]["outputs"]:
        entry["keep_payload"] = True
    return job


def payloads(job: Job) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for message in job.received:
        found.setdefault(message.element.decode(), []).append(message.payload.decode())
    return {element: sorted(each) for element, each in found.items()}


def run_through(job: Job, run, *elements: str, leave: set[str] | None = None) -> None:
    """Publish, wait until the expected ones have left and all is acknowledged."""
    with job.thread(run):
        job.publish(*elements)
        job.wait_for(*(elements if leave is None else leave))
        eventually(lambda: job.unacknowledged == 0)
    job.pull()


def test_branches_that_flatten_make_come_together(new_job: NewJob):
    def run(events, config):
        left = events | "left" >> beam.ParDo(Mark("left"))
        right = events | "right" >> beam.ParDo(Mark("right"))
        return (left, right) | beam.Flatten()

    job = keep_payload(new_job())
    run_through(job, run, "a", "b")

    assert payloads(job) == {"a": ["left", "right"], "b": ["left", "right"]}


def test_what_is_grouped_by_key_goes_on_with_its_group(new_job: NewJob):
    def run(events, config):
        return (
            events
            | beam.WindowInto(  # Beam groups no stream without a trigger
                GlobalWindows(), trigger=Repeatedly(AfterCount(1)), accumulation_mode=AccumulationMode.DISCARDING
            )
            | beam.Map(lambda raw: (element_of(raw)[0], raw))
            | beam.GroupByKey()
            | beam.FlatMap(lambda group: group[1])
            | beam.ParDo(Mark("grouped"))
        )

    job = keep_payload(new_job())
    elements = [f"{letter}{number}" for letter in "xy" for number in range(5)]
    run_through(job, run, *elements)

    assert payloads(job) == {element: ["grouped"] for element in elements}


def test_windows_and_reshuffle_hold_nothing_back(new_job: NewJob):
    def run(events, config):
        return (
            events
            | beam.WindowInto(FixedWindows(3600))
            | beam.Map(lambda raw: (element_of(raw), raw))
            | beam.GroupByKey()
            | beam.FlatMap(lambda group: group[1])
            | beam.Reshuffle()
            | beam.ParDo(Mark("w"))
        )

    job = keep_payload(new_job())
    run_through(job, run, "a", "b", "c")

    assert payloads(job) == {"a": ["w"], "b": ["w"], "c": ["w"]}


def test_side_inputs_of_constants_are_there_for_every_batch(new_job: NewJob):
    def run(events, config):
        names = events.pipeline | beam.Create([("a", "Anna"), ("b", "Bob")])
        named = beam.ParDo(Named(), AsDict(names))
        return events | named

    class Named(beam.DoFn):
        @decorators.handle_klio
        def process(self, data, names):
            yield names[data.element.decode()]

    job = keep_payload(new_job())
    with job.thread(run):
        for element in "ab":  # one after the other: two batches
            job.publish(element)
            job.wait_for(element)
    assert payloads(job) == {"a": ["Anna"], "b": ["Bob"]}


def test_a_side_input_made_of_the_stream_holds_its_batch_and_no_other(new_job: NewJob):
    class Seen(beam.DoFn):
        @decorators.handle_klio
        def process(self, data, all_elements):
            yield ",".join(sorted(all_elements))

    def run(events, config):
        return events | beam.ParDo(Seen(), AsList(events | beam.Map(element_of)))

    job = keep_payload(new_job())
    with job.thread(run):
        for element in "abc":
            job.publish(element)
            job.wait_for(element)
    assert payloads(job) == {"a": ["a"], "b": ["b"], "c": ["c"]}


def test_tagged_outputs_go_their_own_ways(new_job: NewJob):
    class Sort(beam.DoFn):
        @decorators.handle_klio
        def process(self, data):
            yield TaggedOutput("long", data) if len(data.element) > 2 else data

    def run(events, config):
        sorted_ = events | beam.ParDo(Sort()).with_outputs("long", main="short")
        long = sorted_.long | "long" >> beam.ParDo(Mark("long"))
        short = sorted_.short | "short" >> beam.ParDo(Mark("short"))
        return (long, short) | beam.Flatten()

    job = keep_payload(new_job())
    run_through(job, run, "a", "abc")

    assert payloads(job) == {"a": ["short"], "abc": ["long"]}


def test_what_a_dofn_keeps_stays_from_batch_to_batch(new_job: NewJob):
    class Counting(beam.DoFn):
        SEEN = CombiningValueStateSpec("seen", sum)

        def process(self, pair, seen=beam.DoFn.StateParam(SEEN)):  # noqa: B008  (Beam's way)
            seen.add(1)
            message = Message.decode(pair[1])
            yield message.with_data(message.element, b"%d" % seen.read())

    def run(events, config):
        keyed = events | beam.Map(lambda raw: (element_of(raw)[0], raw))
        return keyed | beam.ParDo(Counting()) | beam.Map(lambda message: message.encode())

    job = keep_payload(new_job())
    with job.thread(run):
        for element in ["a1", "a2", "b1", "a3"]:
            job.publish(element)
            job.wait_for(element)
    assert payloads(job) == {"a1": ["1"], "a2": ["2"], "b1": ["1"], "a3": ["3"]}


def test_two_event_inputs_are_fields_by_their_names(new_job: NewJob):
    other = new_job()
    job = keep_payload(new_job())
    inputs = job.config["job_config"]["events"]["inputs"]
    inputs.append({"type": "pubsub", "name": "urgent", "topic": other.topic, "subscription": other.subscription})
    fields = []

    def run(events, config):
        fields.extend(events._fields)
        urgent = events.urgent | "urgent" >> beam.ParDo(Mark("urgent"))
        return (events.pubsub0 | beam.ParDo(Mark("plain")), urgent) | beam.Flatten()

    with job.thread(run):
        job.publish("a")
        other.publish("b")
        job.wait_for("a", "b")
        eventually(lambda: job.unacknowledged == other.unacknowledged == 0)

    assert fields == ["pubsub0", "urgent"]
    assert payloads(job) == {"a": ["plain"], "b": ["urgent"]}


def test_a_silent_input_does_not_hold_up_the_other_with_one_in_flight(new_job: NewJob):
    silent, job = new_job(), new_job(max_in_flight=1)
    job.config["job_config"]["events"]["inputs"].append(silent.config["job_config"]["events"]["inputs"][0])

    def run(events, config):
        return (events.pubsub0, events.pubsub1) | beam.Flatten()

    elements = [str(number) for number in range(20)]
    run_through(job, run, *elements)

    assert job.elements == dict.fromkeys(elements, 1)


def test_every_event_output_gets_every_message(new_job: NewJob):
    other, job = new_job(), new_job()
    job.config["job_config"]["events"]["outputs"].append({"type": "pubsub", "topic": other.out})

    run_through(job, lambda events, config: events, "a", "b")
    eventually(lambda: set(other.elements) == {"a", "b"})

    assert job.elements == other.elements == {"a": 1, "b": 1}


def test_without_an_event_output_the_elements_are_done_all_the_same(new_job: NewJob):
    job = new_job(events={"outputs": []})

    run_through(job, lambda events, config: events | beam.ParDo(Mark("x")), "a", leave=set())

    assert job.states("a")[-1] == "committed"


def test_a_run_that_returns_nothing_and_has_no_output_is_done_at_its_end(new_job: NewJob):
    job = new_job(events={"outputs": []})

    def run(events, config):
        events | beam.ParDo(Mark("x"))  # what comes of it is the author's business

    run_through(job, run, "a", leave=set())

    assert job.states("a") == ["leased", "working", "committed"]


def test_a_source_of_the_authors_own_is_read_and_acknowledged(new_job: NewJob):
    job = new_job()
    job.config["job_config"]["events"]["inputs"][0]["skip_klio_read"] = True

    def run(pipeline, config):
        events = pipeline | beam.io.ReadFromPubSub(subscription=job.subscription)
        return events | beam.ParDo(Mark("x"))

    run_through(job, run, "a")

    assert job.elements == {"a": 1}


def test_a_source_that_nobody_reads_keeps_its_messages(new_job: NewJob):
    unread, job = new_job(), new_job()
    entry = unread.config["job_config"]["events"]["inputs"][0] | {"skip_klio_read": True}
    job.config["job_config"]["events"]["inputs"].append(entry)
    unread.publish("kept")

    run_through(job, lambda events, config: events.pubsub0, "a")

    assert unread.unacknowledged == 1


def test_what_plain_beam_filters_is_acknowledged_and_told(new_job: NewJob):
    def run(events, config):
        kept = events | beam.Filter(lambda raw: element_of(raw) != "no")
        return kept | beam.FlatMap(lambda raw: [] if element_of(raw) == "never" else [raw])

    job = new_job()
    with job.thread(run) as here:
        job.publish("no", "yes", "never")
        job.wait_for("yes")
        eventually(lambda: job.unacknowledged == 0)

    assert job.elements == {"yes": 1}
    assert {element: job.states(element)[-1] for element in ("no", "yes", "never")} == {
        "no": "dropped: filtered by the job's code",
        "yes": "committed",
        "never": "dropped: filtered by the job's code",
    }
    assert here.tally.counts["filtered"] == 2


def test_every_yield_leaves(new_job: NewJob):
    class Thrice(beam.DoFn):
        @decorators.handle_klio
        def process(self, data):
            for number in range(3):
                yield str(number)

    job = keep_payload(new_job())
    run_through(job, lambda events, config: events | beam.ParDo(Thrice()), "a")

    assert payloads(job) == {"a": ["0", "1", "2"]}


def test_an_element_that_becomes_others_is_told_as_done(new_job: NewJob):
    class Split(beam.DoFn):
        @decorators.handle_klio
        def process(self, data):
            for part in data.element.split(b"+"):
                data.element = part
                yield data

    job = new_job()
    run_through(job, lambda events, config: events | beam.ParDo(Split()), "a+b", leave={"a", "b"})

    assert job.elements == {"a": 1, "b": 1}
    assert job.states("a+b")[-1] == "committed: as b"


def test_newer_fields_survive_and_their_message_is_told_as_done(new_job: NewJob):
    newer = Message.of(b"a").encode() + b"\x98\x06\x01"  # field 99, which this version does not know
    job = new_job()

    with job.thread(lambda events, config: events | beam.ParDo(Mark(""))):
        job.publish(newer)
        job.wait_for("a")
        eventually(lambda: job.states("a")[-1:] == ["committed"])

    assert job.received[0].encode().endswith(b"\x98\x06\x01")


def test_setup_is_called_once_over_many_messages_and_failures_that_klio_handles(new_job: NewJob):
    class Model(beam.DoFn):
        @decorators.set_klio_context
        def setup(self):
            with Path(self._klio.config.job_config.ledger).open("a") as ledger:
                ledger.write("setup\n")

        @decorators.handle_klio
        def process(self, data):
            if data.element == b"poison":
                raise ValueError("no good")
            yield data

    job = new_job()
    ledger = job.directory / "ledger"
    job.config["job_config"]["ledger"] = str(ledger)
    with job.thread(lambda events, config: events | beam.ParDo(Model())):
        for element in ["a", "b", "poison", "c", "d"]:
            job.publish(element)
            eventually(lambda: job.unacknowledged == 0)  # idle in between
        job.wait_for("a", "b", "c", "d")

    assert ledger.read_text() == "setup\n"
    assert [letter.element for letter in job.letters] == [b"poison"]


def test_setup_is_called_again_after_an_exception_that_beam_sees(new_job: NewJob):
    class Model(beam.DoFn):
        def __init__(self, ledger):
            self.ledger = ledger

        def setup(self):
            with Path(self.ledger).open("a") as ledger:
                ledger.write("setup\n")

        def process(self, raw):
            if element_of(raw) == "poison":
                raise ValueError("no good")
            yield raw

    job = new_job(max_attempts=1)
    ledger = job.directory / "ledger"
    with job.thread(lambda events, config: events | beam.ParDo(Model(str(ledger)))):
        for element in ["a", "poison", "b", "c"]:
            job.publish(element)
            eventually(lambda: job.unacknowledged == 0)
        job.wait_for("a", "b", "c")

    assert ledger.read_text() == "setup\nsetup\n"
    assert [letter.reason for letter in job.letters] == ["exception"]
