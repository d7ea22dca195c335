import apache_beam as beam

from klio.context import UNBOUND, current
from klio.transforms import decorators
from klio_core.message import Message


@decorators.inject_klio_context
@decorators.serialize_klio_message
def stacked(ctx, data):
    assert ctx is current()
    return data.element.upper()


@decorators.serialize_klio_message
def alone(ctx, data):
    assert ctx is UNBOUND
    return data.element.upper()


class Method(beam.DoFn):
    @decorators.set_klio_context
    def setup(self):
        pass

    @decorators.serialize_klio_message
    def process(self, data):
        yield self._klio.job.job_name


def test_a_function_gets_the_context_from_a_decorator_or_from_its_caller():
    raw = Message.of(b"a").encode()
    assert Message.decode(stacked(raw)).payload == b"A"
    assert Message.decode(alone(UNBOUND, raw)).payload == b"A"


def test_a_method_has_it_on_itself(bound):
    bound()
    assert [Message.decode(raw).payload for raw in Method().process(Message.of(b"a").encode())] == [b"mixer"]


def test_it_applies_no_rules(bound, place):
    bound(decides=True)
    place.put("out", "a.ogg")
    assert [Message.decode(raw).payload for raw in Method().process(Message.of(b"a").encode())] == [b"mixer"]


def test_the_names_with_an_underscore_are_the_same():
    names = ["handle_klio", "inject_klio_context", "retry", "serialize_klio_message", "set_klio_context", "timeout"]
    assert all(getattr(decorators, f"_{name}") is getattr(decorators, name) for name in names)
