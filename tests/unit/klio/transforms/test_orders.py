"""Whatever the order of the decorators, and wherever the policy stands: one behaviour."""

import itertools
from concurrent.futures import ThreadPoolExecutor

import apache_beam as beam
import pytest
from apache_beam.pvalue import TaggedOutput
from hypothesis import given, settings
from hypothesis import strategies as st

from klio.context import KlioContext, bind
from klio.transforms import decorators
from klio_core.config import parse
from klio_core.errors import KlioRetriesExhausted
from klio_core.message import Message

# What the author's code does in one attempt: values that it yields, and None where it fails.
ATTEMPT = st.lists(st.sampled_from([b"one", b"two", "data", "side", None]), max_size=4)
DECORATORS = {
    "handle": decorators.handle_klio,
    "retry": decorators.retry(tries=3),
    "context": decorators.inject_klio_context,
    "profile": decorators.profile,
}
JOB = "job_name: j\npipeline_options: {{streaming: false}}\njob_config: {{{policy}}}\n"
RETRY = "retry: {tries: 3, delay_s: 0}"


class Scripted(beam.DoFn):
    """Does its attempts by the book, each from the beginning of `data`."""

    def __init__(self, attempts):
        self.attempts = iter(attempts)

    def work(self, data):
        for value in next(self.attempts):
            if value is None:
                raise ValueError("by the book")
            data.element += b"."
            yield {"data": data, "side": TaggedOutput("side", data)}.get(value, value)


def decorated(order):
    """A DoFn whose process has these decorators, the first the outermost."""
    if "context" in order:

        def process(self, ctx, data):
            assert ctx is self._klio
            yield from self.work(data)
    else:

        def process(self, data):
            yield from self.work(data)

    for name in reversed(order):
        process = DECORATORS[name](process)
    return type("Made", (Scripted,), {"process": process})


def seen(dofn, element, policy):
    context = KlioContext(parse(JOB.format(policy=policy)), raises=True)
    before = bind(context)
    try:
        results = list(dofn.process(Message.of(element).encode()))
    except KlioRetriesExhausted as error:
        return type(error)
    finally:
        bind(before)
    pairs = [(r.tag, r.value) if isinstance(r, TaggedOutput) else (None, r) for r in results]
    return [(tag, Message.decode(raw).element, Message.decode(raw).payload) for tag, raw in pairs]


def by_the_book(attempts, element):
    """What must leave: all of the first attempt that does not fail, and nothing of those before."""
    for attempt in attempts:
        if None not in attempt:
            names = [element + b"." * (number + 1) for number in range(len(attempt))]
            kinds = {"data": (None, b""), "side": ("side", b"")}
            values = [kinds.get(value, (None, value)) for value in attempt]
            return [(tag, name, payload) for name, (tag, payload) in zip(names, values, strict=True)]
    return KlioRetriesExhausted


ORDERS = [order for extra in (["retry"], ["retry", "context"], ["retry", "profile", "context"])
          for order in itertools.permutations(["handle", *extra])]  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(st.lists(ATTEMPT, min_size=3, max_size=3), st.sampled_from(ORDERS))
def test_any_order_of_decorators_is_one_behaviour(attempts, order):
    assert seen(decorated(order)(attempts), b"a", "") == by_the_book(attempts, b"a")


@settings(max_examples=40, deadline=None)
@given(st.lists(ATTEMPT, min_size=3, max_size=3), st.sampled_from(ORDERS), st.sampled_from(["", "max_thread_count: 1"]))
def test_what_the_job_file_says_is_what_the_decorator_says(attempts, order, more):
    without = tuple(name for name in order if name != "retry")
    policy = ", ".join(filter(None, [RETRY, more]))
    assert seen(decorated(without)(attempts), b"a", policy) == by_the_book(attempts, b"a")


@pytest.mark.parametrize("policy", ["", RETRY, f"{RETRY}, max_thread_count: 2"])
def test_ten_threads_give_what_one_thread_gives(policy):
    context = KlioContext(parse(JOB.format(policy=policy)), raises=True)
    dofn = decorated(("handle", "context"))
    before = bind(context)

    def run(name):
        return [Message.decode(raw).element for raw in dofn([["data", b"one"]]).process(Message.of(name).encode())]

    names = [b"t%d" % number for number in range(100)]
    with ThreadPoolExecutor(10) as pool:
        many = list(pool.map(run, names))
    bind(before)
    assert many == [[name + b".", name + b".."] for name in names]
