from concurrent.futures import ThreadPoolExecutor

import apache_beam as beam
import pytest
from apache_beam.testing.util import assert_that, equal_to

from klio.transforms import decorators
from klio.utils import ThreadLimit, ThreadLimiter, processors
from klio_core.message import Message

SHARED = ThreadLimiter(1, name="shared")


class First(beam.DoFn):
    @decorators.handle_klio(thread_limiter=SHARED)
    def process(self, data):
        yield data.element + b"1"
        yield data.element + b"2"


class Second(beam.DoFn):
    @decorators.handle_klio(thread_limiter=SHARED)
    def process(self, data):
        yield data.payload + b"!"


class All(beam.DoFn):
    """Every decorator at once, in no particular order."""

    @decorators.retry(tries=2)
    @decorators.inject_klio_context
    @decorators.handle_klio(max_thread_count=3)
    @decorators.timeout(60)
    @decorators.profile
    def process(self, ctx, data):
        assert ctx is self._klio
        yield data.element + b"1"
        data.element += b"?"
        yield data


def marks(**arguments):
    return decorators.handle_klio(**arguments)(lambda ctx, data: data).marks


def payload(raw):
    return Message.decode(raw).payload


@pytest.mark.timeout(30)
def test_chained_dofns_may_share_one_slot():
    with beam.Pipeline(runner="FnApiRunner") as pipeline:
        raws = pipeline | beam.Create([Message.of(b"a").encode()])
        out = raws | beam.ParDo(First()) | beam.ParDo(Second()) | beam.Map(payload)
        assert_that(out, equal_to([b"a1!", b"a2!"]))


def test_a_slot_is_free_while_others_work_on_a_yield_and_after_an_error():
    class Breaks(beam.DoFn):
        @decorators.handle_klio(thread_limiter=SHARED)
        def process(self, data):
            yield data
            raise ValueError("no good")

    values = Breaks().process(Message.of(b"a").encode())
    next(values)
    with SHARED:
        pass
    with pytest.raises(ValueError, match="no good"):
        next(values)
    with SHARED:
        pass


def test_the_limit_is_what_was_asked_for():
    assert marks().limiter.count == processors()
    assert marks(max_thread_count=5).limiter.count == 5
    assert marks(max_thread_count=lambda: 4).limiter.count == 4
    assert marks(max_thread_count=ThreadLimit.NONE).limiter.count is None
    assert marks(thread_limiter=SHARED).limiter is SHARED
    assert decorators.handle_klio(lambda ctx, data: data).marks.limiter.name.endswith("<lambda>")


@pytest.mark.parametrize(
    "arguments",
    [{"max_thread_count": 1, "thread_limiter": SHARED}, {"thread_limiter": 3}, {"max_thread_count": 0},
     {"max_thread_count": -1}, {"max_thread_count": "2"}],
)  # fmt: skip
def test_limits_that_cannot_be_meant_are_refused(arguments):
    with pytest.raises(RuntimeError, match="handle_klio: "):
        marks(**arguments)


@pytest.mark.slow
def test_ten_threads_through_every_decorator_give_what_one_thread_gives(bound):
    bound()
    job = All()

    def run(name):
        return [(Message.decode(raw).element, payload(raw)) for raw in job.process(Message.of(name).encode())]

    names = [f"t{number}".encode() for number in range(60)]
    with ThreadPoolExecutor(10) as pool:
        many = list(pool.map(run, names))
    assert many == [run(name) for name in names]
    assert many[7] == [(b"t7", b"t71"), (b"t7?", b"")]
