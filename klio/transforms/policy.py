"""What the job file says of each handled callable that does not say it by a decorator of its own."""

from __future__ import annotations

import builtins
from dataclasses import dataclass, replace
from typing import Any, Self, TypeVar

from klio.context import KlioContext
from klio.dotted import class_at
from klio.transforms.retry import Retry
from klio.transforms.task import Layer
from klio.transforms.timeout import Isolated, Timeout
from klio_core.config import KlioConfig
from klio_core.errors import JobCodeError

Marks = TypeVar("Marks", bound=Any)
_NOTE = "policy"


@dataclass(frozen=True)
class Policy:
    """`retry`, `timeout_s`, `isolation` and `max_thread_count` of a job file."""

    retry: Retry | None = None
    inner: Isolated | None = None  # a Timeout is one
    threads: int | None = None

    @classmethod
    def of(cls, config: KlioConfig) -> Self | None:
        """Answer what a job file says; None where it says nothing. Raises JobCodeError for an unknown exception."""
        job = config.job_config
        inner = Isolated() if job.isolation == "subprocess" else None
        if job.timeout_s is not None:
            inner = Timeout(job.timeout_s)
        said = cls(_retry(job.retry) if job.retry else None, inner, job.max_thread_count)
        return None if said == cls() else said

    def applied(self, marks: Marks) -> Marks:
        """Answer the marks of a callable with what they leave to the job file."""
        limiter = marks.limiter if self.threads is None or marks.own_limit else marks.limiter.of_size(self.threads)
        return replace(marks, layers=self.layers(marks.layers), limiter=limiter)

    def layers(self, own: tuple[Layer, ...]) -> tuple[Layer, ...]:
        """Answer the layers of a callable, the outermost first: the job's retry is around its own, the rest inside."""
        outer = (self.retry,) if self.retry and not any(isinstance(layer, Retry) for layer in own) else ()
        inner = (self.inner,) if self.inner and not any(isinstance(layer, Isolated) for layer in own) else ()
        return (*outer, *own, *inner)


def policy_of(context: KlioContext) -> Policy | None:
    """Answer what the context's job file says, read once in each process. Raises JobCodeError as `Policy.of` does."""
    return context.once(_NOTE, lambda _: Policy.of(context.config) if context.bound else None)


def free_of_policy(context: KlioContext) -> None:
    """Let nothing apply in this process: its parent has applied it."""
    context.notes[_NOTE] = None


def _retry(section: Any) -> Retry:
    return Retry(
        tries=section.tries,
        delay=section.delay_s,
        exception=tuple(_exception(name) for name in section.exceptions),
        backoff=section.backoff,
        max_delay=max(section.max_delay_s, section.delay_s),
        jitter=section.jitter,
    )


def _exception(name: str) -> type[Exception]:
    found = class_at(name) if "." in name else getattr(builtins, name)
    if issubclass(found, Exception):
        return found
    raise JobCodeError(
        f"{name} is no exception", where="job_config.retry.exceptions", expected="a subclass of Exception"
    )
