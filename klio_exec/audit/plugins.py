"""Steps of an audit that other packages bring, as entry points of the group that klio 22.3 had for them."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from klio_core.finding import Check, Finding, Grade
from klio_exec.audit.watch import Scene

GROUP = "klio.plugins.audit"


@dataclass(frozen=True)
class Plugin:
    """A step that is installed: its class, or why that cannot be imported."""

    check: Check
    kind: Callable[..., Any] | None
    refused: str = ""

    def __call__(self, scene: Scene) -> Step:
        """Answer the step, over these tests."""
        return Step(self, scene)


class Step:
    """Watches the tests by somebody else's step. Where that fails it is a finding, and the others go on."""

    def __init__(self, plugin: Plugin, scene: Scene) -> None:
        self.check = plugin.check
        self._plugin = plugin
        self._scene = scene
        self._step: Any = None
        self._failed = plugin.refused

    def begin(self) -> None:
        """Make the step, and let it prepare."""
        self._try(self._make)

    def found(self) -> Iterator[Finding]:
        """Yield what the step tells, each at the job's innermost line of the stack that it gives."""
        self._try(self._end)
        for text, is_error, stack in getattr(self._step, "emitted", ()):
            place = self._scene.author.innermost((one.filename, one.lineno or 0) for one in stack)
            yield self._graded(is_error=is_error).found(text.strip(), *place)
        if not hasattr(self._step, "emitted") and (self._told("errored") or self._told("warned")):
            yield self._graded(is_error=self._told("errored")).found("it found something, and told it above")
        if self._failed:
            yield self._graded(is_error=True).found(f"the step itself failed: {self._failed}")

    def _make(self) -> None:
        if self._plugin.kind is not None:
            self._step = self._plugin.kind(str(self._scene.root), self._scene.config, _Writer())
            self._step.before_tests()

    def _end(self) -> None:
        self._step.after_tests()

    def _try(self, call: Callable[[], None]) -> None:
        if self._failed:
            return
        try:
            call()
        except Exception as error:  # noqa: BLE001 - somebody else's step may raise anything, and it is told as found
            self._failed = f"{type(error).__name__}: {error}"

    def _told(self, flag: str) -> bool:
        return bool(getattr(self._step, flag, False))

    def _graded(self, *, is_error: bool) -> Check:
        return replace(self.check, grade=Grade.FAULT if is_error else Grade.WARNING)


class _Writer:
    """What a step writes to: the stream of errors, without the colours that it may ask for."""

    def write(self, text: str, **_markup: Any) -> None:
        """Write text."""
        sys.stderr.write(text)

    def line(self, text: str = "", **markup: Any) -> None:
        """Write a line."""
        self.write(f"{text}\n", **markup)

    def sep(self, sign: str, title: str = "", **markup: Any) -> None:
        """Write a line across, with a title on it."""
        self.line((f" {title} " if title else "").center(80, sign), **markup)


def installed() -> list[Plugin]:
    """Answer the steps of all packages that are installed here."""
    return [_loaded(entry) for entry in sorted(entry_points(group=GROUP), key=lambda entry: entry.name)]


def _loaded(entry: EntryPoint) -> Plugin:
    try:
        kind = entry.load()
    except Exception as error:  # noqa: BLE001 - somebody else's module may raise anything, and it is told as found
        return Plugin(_check(entry, None), None, f"{type(error).__name__}: {error}")
    return Plugin(_check(entry, kind), kind)


def _check(entry: EntryPoint, kind: Any) -> Check:
    described = getattr(kind, "get_description", lambda: None)()
    said = " ".join((described or kind.__doc__ or "No description").split()) if kind else "it cannot be loaded"
    source = f"{entry.dist.name} {entry.dist.version}" if entry.dist else entry.value
    return Check(getattr(kind, "AUDIT_STEP_NAME", None) or entry.name, Grade.WARNING, said, source=source)
