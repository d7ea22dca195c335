"""The layers of an image on their way: a line for each, redrawn on a terminal, printed once it is done elsewhere."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from klio_cli.terminal import Terminal

_KEPT_LINES = 30
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")  # the classic builder paints what a step printed as an error


@dataclass(slots=True)
class Layer:
    """One layer: what it is, and how far it has come."""

    name: str
    state: str = ""
    done: bool = False

    def __str__(self) -> str:
        return f"{'✓' if self.done else '·'} {self.name}  {self.state}".rstrip()


class Layers:
    """What is known of the layers of one build, pull or push, in the order in which they were first heard of."""

    def __init__(self, terminal: Terminal) -> None:
        self._terminal = terminal
        self._known: dict[str, Layer] = {}
        self._said: list[str] = []

    @contextmanager
    def shown(self) -> Iterator[None]:
        """Show them while the block runs."""
        if not self._terminal.interactive:
            yield
            return
        with self._terminal.live(self.text):
            yield

    def begin(self, key: str, name: str) -> None:
        """Hear of a layer; of one that is known, nothing changes."""
        self._known.setdefault(key, Layer(name))

    def tell(self, key: str, state: str, *, done: bool = False) -> None:
        """Say how far a layer is; what is done stays as it is."""
        layer = self._known[key]
        if layer.done:
            return
        layer.state, layer.done = state, done
        if done and not self._terminal.interactive:
            self._terminal.note(str(layer))

    def say(self, text: str) -> None:
        """Keep the last lines of what the builder printed, for the case that it fails."""
        lines = _COLOURS.sub("", text).splitlines()
        self._said = [*self._said, *(line for line in lines if line.strip())][-_KEPT_LINES:]

    def text(self) -> str:
        """Answer the picture of now."""
        return "\n".join(map(str, self._known.values()))

    @property
    def unfinished(self) -> str | None:
        """The layer that was worked on last and is not done."""
        return next((layer.name for layer in reversed(self._known.values()) if not layer.done), None)

    @property
    def last_words(self) -> str:
        """The last lines that the builder printed."""
        return "\n".join(f"    {line}" for line in self._said)
