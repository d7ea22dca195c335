"""`@timeout` and `isolation: subprocess`: the author's code runs in a child process."""

from __future__ import annotations

from dataclasses import dataclass

from klio.transforms.children import call_in_child
from klio.transforms.remote import Late
from klio.transforms.task import Outcome, Task
from klio_core.errors import KlioTimeoutError


@dataclass(frozen=True)
class Isolated:
    """The code runs in a child process, for as long as it takes: what kills the child does not kill the worker."""

    def around(self, task: Task) -> Outcome:
        """Answer what the child answers. Raises what it raises, and NativeCrash where it died."""
        with task.limiter:
            return call_in_child(task, None)


@dataclass(frozen=True)
class Timeout(Isolated):
    """In a child process, too, which is killed when the call has taken so many seconds; and what to raise then."""

    seconds: float
    exception: type[Exception] = KlioTimeoutError
    message: str | None = None

    @classmethod
    def of(cls, seconds: float | str, exception: type[Exception] | None, message: str | None) -> Timeout:
        """Check what `@timeout` was given. Raises RuntimeError, and TypeError where `seconds` is no number at all."""
        try:
            number = float(seconds)
        except ValueError:
            raise RuntimeError(f"timeout: seconds is a number, got {seconds!r}") from None
        if not number > 0:
            raise RuntimeError(f"timeout: seconds is greater than 0, got {seconds!r}")
        return cls(number, exception or KlioTimeoutError, message)

    def around(self, task: Task) -> Outcome:
        """Answer what the child answers. Raises what it raises, `exception` when the time is over."""
        with task.limiter:
            try:
                return call_in_child(task, self.seconds)
            except Late as late:
                task.count("kmsg-drop-timed-out")
                said = self.message or f"{task.name} took longer than {self.seconds:g} seconds"
                raise self.exception(said) from late.__cause__
