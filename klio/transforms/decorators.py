"""The decorators of an author's DoFns and functions.

They only mark, and read no configuration: a module that uses them imports anywhere. `klio.transforms.bind` makes of
the marks what happens when a message comes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from klio.transforms.bind import Marked, lay, mark, wrap
from klio.transforms.limit import limiter_for
from klio.transforms.profile import profiled
from klio.transforms.retry import Exceptions, Retry
from klio.transforms.timeout import Timeout
from klio.utils import ThreadCount, ThreadLimiter
from klio_core.errors import KlioRetriesExhausted

__all__ = ["handle_klio", "inject_klio_context", "profile", "retry", "serialize_klio_message", "set_klio_context",
           "timeout"]  # fmt: skip


def handle_klio(
    func: Callable[..., Any] | None = None,
    *,
    max_thread_count: ThreadCount | None = None,
    thread_limiter: ThreadLimiter | None = None,
    **_others: Any,
) -> Any:
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

    So many threads of one process run the callable at the same time: `max_thread_count` (a number, a callable that
    answers one, or a `klio.utils.ThreadLimit`), or what a `thread_limiter` that several callables share allows; by
    default as many as the process has processors. A slot is held only while the author's code runs: not while others
    work on what it yielded, and not while `@retry` waits. Raises RuntimeError for both together, and for no limit.
    """

    def decorate(inner: Callable[..., Any]) -> Marked:
        limiter = limiter_for(inner.__qualname__, max_thread_count, thread_limiter)
        own_limit = max_thread_count is not None or thread_limiter is not None
        return mark(inner, handle=True, limiter=limiter, own_limit=own_limit)

    return decorate(func) if func is not None else decorate


def inject_klio_context(func: Callable[..., Any]) -> Marked:
    """Give a function or method the context as its first argument (after `self`)."""
    return mark(func, context_first=True)


def set_klio_context(method: Callable[..., Any]) -> Marked:
    """Give a method the context as `self._klio`, as in `setup`."""
    return mark(method, context_on_self=True)


def serialize_klio_message(func: Callable[..., Any]) -> Marked:
    """Decode and encode the messages of a callable as `handle_klio` does, but apply no rules and limit no threads.

    A method finds the context at `self._klio`, a function gets it as its first argument: from the caller, or from
    `@inject_klio_context`.
    """
    return mark(func, serialize=True)


def retry(
    *args: Any,
    tries: int | None = None,
    delay: float | None = None,
    exception: Exceptions | None = None,
    raise_exception: type[Exception] | None = None,
    exception_message: str | None = None,
    backoff: float = 1.0,
    max_delay: float | None = None,
    jitter: float = 0.0,
    **_others: Any,
) -> Callable[[Callable[..., Any]], Marked]:
    """Call a function or method again when it raises `exception` (a class or a tuple; any Exception by default).

    `tries` counts all attempts; -1, the default, is without end. Between two attempts `delay` seconds pass, each time
    `backoff` times as many, `max_delay` at most; `jitter`, 0 to 1, is how much of each pause is left to chance. After
    the last one `raise_exception(exception_message)` is raised, KlioRetriesExhausted by default, and the message is a
    dead letter `retries-exhausted`. What klio itself calls final is not tried again unless `exception` names it:
    LostLease, DataNotFound, NativeCrash, everything that is wrong with the message.

    Every attempt gets `data` as it came in, and what a generator yields goes on when an attempt has come to its end:
    nothing is left of those that failed. With `@timeout` above, all attempts and their pauses share one budget; with
    `@timeout` below, each attempt has its own. Raises RuntimeError for impossible arguments, and without parentheses.
    """
    if args:
        raise RuntimeError("retry: write @retry(), with parentheses; its arguments have names")
    layer = Retry(
        tries=-1 if tries is None else tries,
        delay=0.0 if delay is None else delay,
        exception=exception or Exception,
        raises=raise_exception or KlioRetriesExhausted,
        message=exception_message,
        backoff=backoff,
        max_delay=max_delay,
        jitter=jitter,
    )
    return lambda func: lay(func, layer)


def timeout(
    seconds: float | str,
    *_args: Any,
    exception: type[Exception] | None = None,
    exception_message: str | None = None,
    **_others: Any,
) -> Callable[[Callable[..., Any]], Marked]:
    """End a function or method that takes longer than `seconds`, and everything that it started.

    It runs in a child process, which is kept for the next call, and killed when the time is over. Then
    `exception(exception_message)` is raised, KlioTimeoutError by default, and the message is a dead letter `timeout`.
    What it raises comes back with the child's traceback; its metrics are counted; what a generator yields goes on
    when the call has come to its end. The object of the method, the arguments and the results must be picklable; what
    the code changes in its object stays in the child. A DoFn's `setup()` is called once in each child, and not in the
    worker. Raises RuntimeError where `seconds` is not above 0.
    """
    layer = Timeout.of(seconds, exception, exception_message)
    return lambda func: lay(func, layer)


def profile(func: Callable[..., Any]) -> Callable[..., Any]:
    """Mark a function or method for `klioexec profile`. Anywhere else it is what it was."""
    return wrap(func, profiled)


# klio's own transforms and klio_audio use these names, which never warned.
_handle_klio = handle_klio
_inject_klio_context = inject_klio_context
_retry = retry
_serialize_klio_message = serialize_klio_message
_set_klio_context = set_klio_context
_timeout = timeout
