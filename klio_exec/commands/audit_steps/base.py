"""The class that plugins of `klio job audit` are made of, by klio's name and with klio's methods."""

from __future__ import annotations

import traceback
from collections.abc import Iterable
from typing import Any, ClassVar, NamedTuple


class Emitted(NamedTuple):
    """What a step has told: the text, whether it is an error, and the stack that it gave."""

    text: str
    is_error: bool
    stack: tuple[traceback.FrameSummary, ...]


class BaseKlioAuditStep:
    """One step of an audit: `before_tests`, then the job's tests, in this process, then `after_tests`.

    It is made with the job's directory, the job's configuration, and something to write to: `tw.write(text)`. A package
    names its steps as entry points of the group `klio.plugins.audit`.
    """

    AUDIT_STEP_NAME: ClassVar[str | None] = None

    def __init__(self, job_dir: str, klio_config: Any, tw: Any) -> None:
        self.job_dir = job_dir
        self.klio_config = klio_config
        self.tw = tw
        self.errored = False
        self.warned = False
        self.emitted: list[Emitted] = []

    @staticmethod
    def get_description() -> str | None:
        """Answer what `klio job audit --list` says of the step; the class's docstring where this is None."""
        return None

    def before_tests(self) -> None:
        """Prepare what is to be seen while the tests run."""

    def after_tests(self) -> None:
        """Tell what was seen, by `emit_warning` and `emit_error`."""
        raise NotImplementedError("Subclasses must implement after_tests!")

    def emit_warning(
        self,
        warning: str,
        tb: Iterable[traceback.FrameSummary] | None = None,
        **_markup: Any,
    ) -> None:
        """Tell a warning; `tb` is a stack, as `traceback.extract_stack()` answers it."""
        self.warned = True
        self.emitted.append(Emitted(str(warning), is_error=False, stack=tuple(tb or ())))

    def emit_error(
        self,
        error: str,
        tb: Iterable[traceback.FrameSummary] | None = None,
        **_markup: Any,
    ) -> None:
        """Tell an error, which fails the audit; `tb` as above."""
        self.errored = True
        self.emitted.append(Emitted(str(error), is_error=True, stack=tuple(tb or ())))
