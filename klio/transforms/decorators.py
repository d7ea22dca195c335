"""The decorators of an author's DoFns and functions.

They only mark, and read no configuration: a module that uses them imports anywhere. `klio.transforms.bind` makes of
the marks what happens when a message comes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from klio.transforms.bind import Marked, mark

__all__ = ["handle_klio", "inject_klio_context", "set_klio_context"]


def handle_klio(func: Callable[..., Any] | None = None) -> Any:
    """Let a DoFn's `process`, or a function, work on KlioMessages.

    The callable gets `data` (`.element`: the identifier, bytes; `.payload`: bytes of the transform before) instead of
    the event's bytes, and yields or returns `data`, bytes or str, which become the payload for the next transform::

        class MyDoFn(beam.DoFn):
            @decorators.handle_klio
            def process(self, data):
                path = self._klio.download(data.element)
                ...
                yield data

    In a DoFn the context is `self._klio`, in a function it is the first argument. In a pipeline that klioexec draws
    the rules have been applied before; in a plain Beam pipeline (see `klio.use_job`) the first decorated callable
    that a message meets applies them: ping, force, output exists, input missing. An exception makes the message a
    dead letter, and its bytes go to the output `drop`; in a unit test with no job bound it is raised as it is.
    """
    return _decorate(func, handle=True)


def inject_klio_context(func: Callable[..., Any]) -> Marked:
    """Give a function or method the context as its first argument (after `self`)."""
    return mark(func, context_first=True)


def set_klio_context(method: Callable[..., Any]) -> Marked:
    """Give a method the context as `self._klio`, as in `setup`."""
    return mark(method, context_on_self=True)


def _decorate(func: Callable[..., Any] | None, **asked: bool) -> Any:
    """Serve `@decorator` and `@decorator()` alike."""
    return mark(func, **asked) if func is not None else lambda inner: mark(inner, **asked)
