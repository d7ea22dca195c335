import itertools
import threading
import time

import apache_beam as beam
import pytest

from klio.transforms import decorators
from klio.transforms.retry import Retry
from klio.utils import ThreadLimiter
from klio_core.errors import KlioRetriesExhausted, KlioTimeoutError, LostLease
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
    assert [retry.pause(n) for n in (1, 2, 3, 4, 5000)] == [1, 2, 4, 5, 5]
    assert all(1 <= Retry(delay=1, jitter=0.5).pause(n) <= 1.5 for n in range(1, 100))


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
     {"max_delay": -1}, {"jitter": -0.1}],
)  # fmt: skip
def test_arguments_that_cannot_be_meant_are_refused(arguments):
    with pytest.raises(RuntimeError, match="retry: "):
        decorators.retry(**arguments)


def test_without_parentheses_it_is_refused():
    with pytest.raises(RuntimeError, match="with parentheses"):
        decorators.retry(lambda: None)
