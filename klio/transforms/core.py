"""klio's way to the job of this process, for jobs and tests that import it."""

from typing import Any

from klio.context import KlioContext as Context
from klio.context import bind, current
from klio_core.errors import JobCodeError

__all__ = ["KlioContext", "RunConfig"]

KlioContext = current
"""`KlioContext()` answers the context of this process's job."""


class RunConfig:
    """The job file of this process."""

    @staticmethod
    def set(config: Any) -> None:
        """Make `config` the job of this process. Nothing is decided by it: no ping, no force, no look at outputs."""
        bind(Context(config))

    @staticmethod
    def get() -> Any:
        """Answer the job file. Raises JobCodeError where there is none."""
        if not current().bound:
            raise JobCodeError("no job file was given", todo="call RunConfig.set(config) first, or run under klioexec")
        return current().config
