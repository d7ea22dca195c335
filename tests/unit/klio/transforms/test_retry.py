import itertools
import threading
import time

import apache_beam as beam
import pytest

from klio.transforms import decorators
from klio.transforms.retry import Retry, dice
from klio.utils import ThreadLimiter
from klio_core.errors import (
    BadElement,
    BadPayload,
    DataError,
    DataNotFound,
    JobCodeError,
    KlioRetriesExhausted,
    KlioTimeoutError,
    LostLease,
    NativeCrash,
)
from klio_core.message import Message

NO_GOOD = ValueError("no good")


class Flaky(beam.DoFn):
    """Fails the first `fails` times, each time after it has yielded and changed the element."""

    def __init__(self, fails, error=NO_GOOD):
        self.fails = fails
        self.error = error
        self.calls = 0

    @decorators.handle_klio
    @decorators.retry(tries=3)
    def process(self, data):
        self.calls += 1
        yield data.element + b" %d" % self.calls
        data.element += b"!"
        if self.calls <= self.fails:
            raise self.error
        yield data


class Nothing(Flaky):
    @decorators.retry(tries=3)
    @decorators.handle_klio
    def process(self, data):
        self.calls += 1
        yield from ()


def run(dofn, element=b"a"):
    return list(dofn.process(Message.of(element).encode()))


def seen(results):
    return [(Message.decode(raw).element, Message.decode(raw).payload) for raw in results]


def test_only_the_attempt_that_comes_to_its_end_leaves_something():
    flaky = Flaky(fails=2)
    assert seen(run(flaky)) == [(b"a", b"a 3"), (b"a!", b"")]
    assert flaky.calls == 3


def test_tries_counts_all_attempts():
    flaky = Flaky(fails=3)
    with pytest.raises(KlioRetriesExhausted, match=r"Flaky\.process failed 3 time") as raised:
        run(flaky)
    assert flaky.calls == 3
    assert isinstance(raised.value.__cause__, ValueError)


def test_the_last_failure_is_a_dead_letter_of_that_reason_and_counted(bound, place):
    context = bound()
    assert [r.tag for r in run(Flaky(fails=9))] == ["drop"]
    (letter,) = place.letters
    assert (letter.reason, letter.error) == ("retries-exhausted", "KlioRetriesExhausted")
    assert "ValueError: no good" in letter.trace
    assert {
        ("kmsg-retry-attempt", "Flaky.process"),
        ("kmsg-drop-retry-error", "Flaky.process"),
    } <= context.metrics.names


def test_a_generator_that_yields_nothing_is_no_failure():
    nothing = Nothing(fails=0)
    assert run(nothing) == []
    assert nothing.calls == 1


def test_what_another_worker_has_made_is_not_tried_again(bound, place):
    bound(streaming=False)
    flaky = Flaky(fails=9, error=LostLease("theirs stays"))
    run(flaky)
    assert flaky.calls == 1
    assert place.letters == []


def test_only_the_exceptions_that_were_named_are_tried_again():
    calls = itertools.count(1)

    @decorators.retry(tries=5, exception=(KeyError, IndexError))
    def fails():
        raise [KeyError, IndexError, TypeError][next(calls) - 1]

    with pytest.raises(TypeError):
        fails()
    assert next(calls) == 4


def test_a_function_without_a_message_may_be_tried_again():
    calls = itertools.count(1)

    @decorators.retry()
    def third(value, times=1):
        if next(calls) < 3:
            raise ValueError
        return value * times

    assert third("a", times=2) == "aa"


def test_another_exception_and_its_message_may_be_asked_for():
    @decorators.retry(tries=1, raise_exception=LookupError, exception_message="gave up")
    def fails():
        raise ValueError

    with pytest.raises(LookupError, match="gave up"):
        fails()


def test_pauses_grow_up_to_the_longest():
    retry = Retry(delay=1, backoff=2, max_delay=5)
    assert [retry.pause(n, chance=0.9) for n in (1, 2, 3, 4, 5000)] == [1, 2, 4, 5, 5]


def test_jitter_is_how_much_of_a_pause_is_left_to_chance():
    full, half = Retry(delay=8, jitter=1), Retry(delay=8, jitter=0.5)
    assert [full.pause(1, chance) for chance in (0, 0.25, 1)] == [8, 6, 0]
    assert [half.pause(1, chance) for chance in (0, 0.25, 1)] == [8, 7, 4]


def test_the_same_seed_makes_the_same_pauses():
    def pauses():
        dice.seed(7)
        return [Retry(delay=1, jitter=1).pause(1, dice.random()) for _ in range(3)]

    assert pauses() == pauses()
    assert len(set(pauses())) == 3


FINAL = [BadElement("odd"), BadPayload("odd"), DataNotFound("none"), LostLease("theirs"), NativeCrash("died"),
         JobCodeError("no")]  # fmt: skip


@pytest.mark.parametrize("error", FINAL, ids=lambda error: type(error).__name__)
def test_what_is_final_is_tried_again_only_where_it_is_named(error):
    def calls(exception):
        made = itertools.count()

        @decorators.retry(tries=3, exception=exception)
        def fails():
            next(made)
            raise error

        with pytest.raises(type(error) if exception is Exception else KlioRetriesExhausted):
            fails()
        return next(made)

    assert calls(Exception) == 1
    assert calls((OSError, type(error))) == 3


def test_an_outage_is_tried_again_and_in_a_stream_left_to_be_delivered_again(bound, place):
    bound(streaming=True)
    flaky = Flaky(fails=9, error=DataError("the store does not answer"))
    with pytest.raises(DataError, match="does not answer"):
        run(flaky)
    assert flaky.calls == 3
    assert place.letters == []


def test_nobody_waits_while_holding_a_slot():
    limiter = ThreadLimiter(1)
    failed = threading.Event()
    order = []

    class Patient(beam.DoFn):
        @decorators.handle_klio(thread_limiter=limiter)
        @decorators.retry(tries=2, delay=0.5)
        def process(self, data):
            order.append(data.element)
            if data.element == b"first" and len(order) == 1:
                failed.set()
                raise ValueError
            yield data

    first = threading.Thread(target=run, args=(Patient(), b"first"))
    first.start()
    failed.wait(5)
    run(Patient(), b"second")
    first.join()
    assert order == [b"first", b"second", b"first"]


def test_timeout_above_retry_is_one_budget():
    @decorators.timeout(0.5)
    @decorators.retry(delay=0.05)
    def fails():
        raise ValueError

    with pytest.raises(KlioTimeoutError):
        fails()


@pytest.mark.slow
def test_retry_above_timeout_gives_each_attempt_its_own_budget(tmp_path):
    note = tmp_path / "note"

    @decorators.retry(tries=3)
    @decorators.timeout(0.4)
    def third(path):
        with path.open("a") as file:
            file.write("x")
        if path.read_text() != "xxx":
            time.sleep(60)
        return "done"

    assert third(note) == "done"


@pytest.mark.parametrize(
    "arguments",
    [{"tries": 0}, {"tries": -2}, {"tries": "3"}, {"tries": True}, {"delay": -1}, {"delay": "1"}, {"backoff": 0.5},
     {"max_delay": -1}, {"jitter": -0.1}, {"jitter": 1.1}],
)  # fmt: skip
def test_arguments_that_cannot_be_meant_are_refused(arguments):
    with pytest.raises(RuntimeError, match="retry: "):
        decorators.retry(**arguments)


def test_without_parentheses_it_is_refused():
    with pytest.raises(RuntimeError, match="with parentheses"):
        decorators.retry(lambda: None)
