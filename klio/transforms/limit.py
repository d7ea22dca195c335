"""`max_thread_count` and `thread_limiter`: a slot for as long as the author's code runs, and no longer."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import wraps
from inspect import isgeneratorfunction
from types import GeneratorType
from typing import Any

from klio.utils import ThreadCount, ThreadLimit, ThreadLimiter

UNLIMITED = ThreadLimiter(ThreadLimit.NONE, name="unlimited")
LAZY = (GeneratorType, map, filter)


def limited(limiter: ThreadLimiter, func: Callable[..., Any]) -> Callable[..., Any]:
    """Answer `func` with a slot held while it runs; for a generator, while each value is made."""
    if limiter.count is None:
        return func
    if isgeneratorfunction(func):  # calling it runs nothing of it yet
        return lambda *args, **kwargs: _one_by_one(limiter, func(*args, **kwargs))

    @wraps(func)
    def holding(*args: Any, **kwargs: Any) -> Any:
        with limiter:
            result = func(*args, **kwargs)
        return _one_by_one(limiter, result) if isinstance(result, LAZY) else result

    return holding


def _one_by_one(limiter: ThreadLimiter, values: Iterator[Any]) -> Iterator[Any]:
    acquire, release = limiter.acquire, limiter.release
    while True:
        acquire()
        try:
            value = next(values)
        except StopIteration:
            return
        finally:
            release()
        yield value  # the slot is free while others work on the value


def limiter_for(name: str, count: ThreadCount | None, limiter: ThreadLimiter | None) -> ThreadLimiter:
    """Answer the limiter that the arguments of `@handle_klio` ask for. Raises RuntimeError for impossible ones."""
    if count is not None and limiter is not None:
        raise RuntimeError("handle_klio: give max_thread_count or thread_limiter, not both")
    if limiter is not None:
        if not isinstance(limiter, ThreadLimiter):
            raise RuntimeError(f"handle_klio: thread_limiter is a klio.utils.ThreadLimiter, got {limiter!r}")
        return limiter
    if count is None:
        return ThreadLimiter(ThreadLimit.DEFAULT, name=name)
    if not (isinstance(count, int | ThreadLimit) or callable(count)):
        raise RuntimeError(  # noqa: TRY004  (klio raises this one, and jobs may expect it)
            f"handle_klio: max_thread_count is a number, a ThreadLimit or a callable, got {count!r}"
        )
    if isinstance(count, int) and count <= 0:
        raise RuntimeError(f"handle_klio: max_thread_count is at least 1 (off is ThreadLimit.NONE), got {count}")
    return ThreadLimiter(count, name=name)
