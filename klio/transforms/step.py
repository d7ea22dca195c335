"""What klio's ready-made transforms are made of: a class that is a transform when it is called, on decoded messages."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any, ClassVar

import apache_beam as beam
from apache_beam.pvalue import TaggedOutput

from klio.context import KlioContext
from klio.transforms.decorators import set_klio_context
from klio.transforms.handle import failed
from klio_core.errors import DataError, MessageError
from klio_core.message import Message

Results = Iterator[Message | tuple[str, Message]]


class CalledAsTransform(type):
    """Calling a DoFn of this kind answers its `beam.ParDo`, with outputs where it has any: `pcoll | KlioDrop()`."""

    @property
    def __signature__(cls) -> inspect.Signature:
        """What the DoFn is made with, for whoever asks how the class is called."""
        init = cls.__init__  # type: ignore[misc]  # of the very class that is asked
        given = [] if init is beam.DoFn.__init__ else list(inspect.signature(init).parameters.values())[1:]
        return inspect.Signature(given)

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        """Answer the transform around a new DoFn."""
        step = beam.ParDo(super().__call__(*args, **kwargs))
        return step.with_outputs() if cls.WITH_OUTPUTS else step  # type: ignore[attr-defined]  # of Step


class Step(beam.DoFn, metaclass=CalledAsTransform):
    """A transform of messages. A subclass has `work`; its counters carry its own name.

    A message that it cannot work on becomes a dead letter, and its bytes go to the output `drop`: nothing is lost
    silently.
    """

    WITH_OUTPUTS: ClassVar[bool] = False
    _klio: KlioContext

    @set_klio_context
    def process(self, raw: bytes) -> Iterator[Any]:
        """Yield the encoded messages that `work` makes of this one."""
        context, element = self._klio, raw
        try:
            message = Message.decode(raw, context.format)
            element = message.element
            for result in self.work(message):
                yield result.encode() if isinstance(result, Message) else TaggedOutput(result[0], result[1].encode())
        except (MessageError, DataError) as error:
            yield failed(context, raw, element, error, type(self).__name__)

    def work(self, message: Message) -> Results:
        """Yield messages, each by itself for the main output, or with the name of another one."""
        raise NotImplementedError

    def count(self, name: str) -> None:
        """Add one to a counter of this transform."""
        self._klio.metrics.counter(name, transform=type(self).__name__).inc()
