import apache_beam as beam

from klio.transforms import decorators, profile
from klio_core.message import Message


def test_without_a_profiler_it_is_what_it_was():
    def func():
        pass

    assert decorators.profile(func) is func


def test_a_profiler_sees_the_authors_own_code_wherever_the_mark_stands():
    seen = []

    def profiler(func):
        def profiled(*args):
            seen.append((func.__name__, type(args[-1]).__name__))
            return func(*args)

        profiled.__qualname__ = func.__qualname__
        return profiled

    profile.activate(profiler)
    try:

        class Job(beam.DoFn):
            @decorators.profile
            @decorators.handle_klio
            def process(self, data):
                yield data

    finally:
        profile.activate(None)
    assert len(list(Job().process(Message.of(b"a").encode()))) == 1
    assert seen == [("process", "Data")]
