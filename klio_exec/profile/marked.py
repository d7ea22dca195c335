"""Times the callables that are marked by `@profile`."""

from __future__ import annotations

import inspect
import time
from array import array
from collections import defaultdict
from collections.abc import Callable, Iterator
from functools import wraps
from typing import Any

_now = time.perf_counter_ns


class Stopwatch:
    """What each marked callable took (ns), call by call; of a generator without what is done with its values."""

    def __init__(self) -> None:
        self.calls: dict[str, array[int]] = defaultdict(lambda: array("q"))

    def __call__(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """Answer the callable with a clock around it."""
        calls = self.calls[func.__qualname__]
        if inspect.isgeneratorfunction(func):
            return wraps(func)(lambda *args, **kwargs: _timed(func(*args, **kwargs), calls))

        @wraps(func)
        def timed(*args: Any, **kwargs: Any) -> Any:
            begin = _now()
            try:
                return func(*args, **kwargs)
            finally:
                calls.append(_now() - begin)

        return timed


def _timed(values: Iterator[Any], calls: array[int]) -> Iterator[Any]:
    spent = 0
    try:
        while True:
            begin = _now()
            try:
                value = next(values)
            except StopIteration:
                return
            finally:
                spent += _now() - begin
            yield value
    finally:
        calls.append(spent)
