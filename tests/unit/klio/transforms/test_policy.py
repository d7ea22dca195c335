import itertools
import os

import apache_beam as beam
import pytest

from klio.testing import run_one
from klio.transforms import decorators
from klio.transforms.policy import Policy, policy_of
from klio.transforms.retry import Retry
from klio.transforms.timeout import Isolated, Timeout
from klio.utils import ThreadLimit, ThreadLimiter
from klio_core.config import parse
from klio_core.errors import DataError, JobCodeError, KlioRetriesExhausted
from klio_core.message import Message

OWN_RETRY, OWN_TIMEOUT = Retry(tries=2), Timeout(5)
SHARED = ThreadLimiter(1)


class Flaky(beam.DoFn):
    def __init__(self, fails, error):
        self.fails = fails
        self.error = error
        self.calls = 0

    @decorators.handle_klio
    def process(self, data):
        self.calls += 1
        yield "started"
        if self.calls <= self.fails:
            raise self.error
        yield "done"


class Own(Flaky):
    @decorators.handle_klio
    @decorators.retry(tries=4)
    def process(self, data):
        yield from Flaky.process.__wrapped__(self, data)


def policy(job):
    return Policy.of(parse(f"job_name: j\njob_config: {{{job}}}\n"))


def marks(**arguments):
    return decorators.handle_klio(**arguments)(lambda ctx, data: data).marks


def payloads(dofn):
    results = dofn.process(Message.of(b"a").encode())
    return [r.tag if isinstance(r, beam.pvalue.TaggedOutput) else Message.decode(r).payload for r in results]


def test_a_job_file_that_says_nothing_of_it_is_no_policy(bound):
    assert policy("") is None
    assert policy_of(bound()) is None


@pytest.mark.parametrize(
    ("job", "own", "layers"),
    [
        ("retry: {tries: 2, delay_s: 0}", (), "retry"),
        ("timeout_s: 3", (), "timeout"),
        ("isolation: subprocess", (), "isolated"),
        ("isolation: subprocess, timeout_s: 3", (), "timeout"),
        ("isolation: thread", (), ""),
        ("retry: {}, timeout_s: 3", (), "retry timeout"),
        ("retry: {}", (OWN_RETRY,), "own-retry"),
        ("timeout_s: 3, isolation: subprocess", (OWN_TIMEOUT,), "own-timeout"),
        ("retry: {}, isolation: subprocess", (OWN_RETRY,), "own-retry isolated"),
        ("retry: {}, timeout_s: 3", (OWN_TIMEOUT,), "retry own-timeout"),
        ("retry: {}, timeout_s: 3", (OWN_TIMEOUT, OWN_RETRY), "own-timeout own-retry"),
    ],
)
def test_the_job_file_says_what_the_decorators_leave_open(job, own, layers):
    said = policy(job)
    found = own if said is None else said.layers(own)
    assert " ".join(map(_named, found)) == layers


def _named(layer):
    name = {Retry: "retry", Timeout: "timeout", Isolated: "isolated"}[type(layer)]
    return f"own-{name}" if layer in {OWN_RETRY, OWN_TIMEOUT} else name


def test_a_number_of_threads_is_for_each_callable_that_names_none():
    said = policy("max_thread_count: 3")
    for own in (marks(max_thread_count=5), marks(max_thread_count=ThreadLimit.NONE), marks(thread_limiter=SHARED)):
        assert said.applied(own).limiter is own.limiter
    first, second = marks(), marks()
    assert said.applied(first).limiter.count == 3
    assert said.applied(first).limiter is not said.applied(second).limiter
    again = policy("max_thread_count: 3")  # the job came to this process a second time, inside another DoFn
    assert again.applied(first).limiter is said.applied(first).limiter


def test_what_a_job_says_is_read_once_in_a_process(bound):
    context = bound(job="retry: {}")
    assert policy_of(context) is policy_of(context)


def test_the_job_retries_what_it_names_and_nothing_is_left_of_what_failed(bound):
    bound(job="retry: {tries: 3, delay_s: 0, exceptions: [OSError]}", streaming=False)
    assert payloads(Flaky(2, ConnectionError("busy"))) == [b"started", b"done"]
    wrong = Flaky(9, ValueError("wrong"))
    assert payloads(wrong) == ["drop"]
    assert wrong.calls == 1


def test_a_decorator_wins(bound):
    bound(job="retry: {tries: 2, delay_s: 0}", streaming=False)
    own = Own(9, ValueError("wrong"))
    payloads(own)
    assert own.calls == 4


def test_an_exception_is_found_by_its_path_and_must_be_one():
    assert policy("retry: {exceptions: [OSError, klio_core.errors.DataError]}").retry.exception == (OSError, DataError)
    with pytest.raises(JobCodeError, match=r"no class klio_core\.message\.Nobody"):
        policy("retry: {exceptions: [klio_core.message.Nobody]}")
    with pytest.raises(JobCodeError, match=r"klio_core\.message\.Message is no exception"):
        policy("retry: {exceptions: [klio_core.message.Message]}")


def test_a_function_gets_it_as_well(bound, place):
    calls = itertools.count(1)

    @decorators.handle_klio
    def fails(ctx, data):
        next(calls)
        raise ValueError("wrong")

    bound(job="retry: {tries: 3, delay_s: 0}", streaming=False)
    assert fails(Message.of(b"a").encode()).tag == "drop"
    assert next(calls) == 4
    assert [letter.error for letter in place.letters] == [KlioRetriesExhausted.__name__]


def test_a_test_of_one_element_runs_it_once_and_here():
    class Here(beam.DoFn):
        @decorators.handle_klio
        def process(self, data):
            yield f"{os.getpid()}"

    job = "job_name: j\njob_config: {isolation: subprocess, timeout_s: 1, retry: {}}\n"
    assert run_one(Here(), "a", config=job).payloads == [str(os.getpid()).encode()]
    with pytest.raises(OSError, match="busy"):
        run_one(Flaky(9, OSError("busy")), "a", config=job)
