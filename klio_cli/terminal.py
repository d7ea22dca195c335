"""The one place that prints and asks. Its streams are arguments, so that a test sees whole screens."""

from __future__ import annotations

import codecs
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

_PAGE = (100, 1000)  # columns and lines, where no terminal is

REPORT = "This is a bug in klio. Please report it with the lines above and the output of `klio --version`."


class _Sink:
    """Where bytes of another program go: to the stream as they are, or, where it takes text only, as text."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._text = codecs.getincrementaldecoder("utf-8")("replace")

    def write(self, written: bytes) -> None:
        buffer = getattr(self._stream, "buffer", None)
        if buffer is None:
            self._stream.write(self._text.decode(written))
        else:
            self._stream.flush()
            buffer.write(written)
        self._stream.flush()


class Terminal:
    """Where one command reads and prints.

    On a terminal it uses colours (unless NO_COLOR is set) and redraws lines; into a pipe or a file it writes plain
    lines only.
    """

    def __init__(
        self,
        stdin: TextIO | None = None,
        stdout: TextIO | None = None,
        stderr: TextIO | None = None,
        environ: Mapping[str, str] | None = None,
    ) -> None:
        self.stdin = stdin or sys.stdin
        self.stdout = stdout or sys.stdout
        self.stderr = stderr or sys.stderr
        self._environ = os.environ if environ is None else environ
        self._passes = {stream: _Sink(stream) for stream in (self.stdout, self.stderr)}

    @property
    def interactive(self) -> bool:
        """Whether lines may be redrawn: somebody looks at a terminal."""
        return self.stdout.isatty() and self._environ.get("TERM") != "dumb"

    @property
    def coloured(self) -> bool:
        """Whether colours may be used."""
        return self.interactive and not self._environ.get("NO_COLOR")

    def say(self, text: str = "") -> None:
        """Print one result, or several lines of them."""
        print(text, file=self.stdout, flush=True)

    def note(self, text: str) -> None:
        """Print to the error stream what is no result: what is being done, what to do next."""
        print(text, file=self.stderr, flush=True)

    def pass_on(self, out: bytes, err: bytes) -> None:
        """Print what another program wrote, byte for byte; a character may come in pieces."""
        for stream, written in ((self.stdout, out), (self.stderr, err)):
            if written:
                self._passes[stream].write(written)

    def error(self, text: str) -> None:
        """Print an error; no secret that a service's answer holds gets to the screen."""
        from klio_core.redact import redacted

        self.note(f"Error: {redacted(text)}")

    def bug(self) -> None:
        """Print the exception being handled, whole, and where to report it."""
        import traceback

        from klio_core.redact import redacted

        self.note(redacted(traceback.format_exc()) + REPORT)

    def confirm(self, question: str) -> bool:
        """Ask, and answer whether the reply was yes. Where nobody can reply, the answer is no."""
        if not self.asks:
            return False
        print(f"{question} [y/N] ", end="", file=self.stderr, flush=True)
        return self.stdin.readline().strip().lower() in ("y", "yes")

    @property
    def asks(self) -> bool:
        """Whether somebody is there who can reply."""
        return self.stdin.isatty() and self.stderr.isatty()

    def ask(self, question: str, default: str = "") -> str:
        """Ask, and answer the reply; a reply of nothing is the default. Raises click.Abort at the end of the input."""
        import click

        shown = f" [{default}]" if default else ""
        print(f"{question}{shown}: ", end="", file=self.stderr, flush=True)
        line = self.stdin.readline()
        if not line:
            self.note("")
            raise click.Abort
        return line.strip() or default

    def styled(self, text: str, style: str | None) -> str:
        """Answer `text` in a colour that click knows, where colours may be used."""
        import click

        return click.style(text, fg=style) if self.coloured else text

    def table(self, header: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
        """Print aligned columns under their names."""
        lines = [list(header), *(list(row) for row in rows)]
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        for line in lines:
            self.say("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())

    def grid(self, header: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
        """Print columns under their names: on a terminal folded into its width, else whole, a line for each row."""
        if not self.interactive:
            self.table(header, rows)
            return
        from rich.table import Table
        from rich.text import Text

        grid = Table(*header, box=None, pad_edge=False)
        for column in grid.columns:
            column.overflow = "fold"
        for row in rows:
            grid.add_row(*(Text(cell) for cell in row))
        self._console().print(grid)

    @contextmanager
    def progress(self, label: str, total: int) -> Iterator[Callable[[], None]]:
        """Show a bar while the block runs, on a terminal only; the value counts one more."""
        if not self.interactive:
            yield lambda: None
            return
        from rich.progress import Progress

        with Progress(console=self._console(), transient=True) as bar:
            task = bar.add_task(label, total=total)
            yield lambda: bar.advance(task)

    @contextmanager
    def live(self, picture: Callable[[], str]) -> Iterator[None]:
        """Show the text that `picture` answers, asked ten times a second from another thread, while the block runs.

        For a terminal only; the last picture stays.
        """
        from rich.live import Live
        from rich.text import Text

        with Live(console=self._console(), refresh_per_second=10, get_renderable=lambda: Text.from_ansi(picture())):
            yield

    @property
    def size(self) -> tuple[int, int]:
        """The columns and lines of the terminal; where there is none, a page, as wide as COLUMNS says."""
        if self.interactive:
            return self._console().size
        columns = self._environ.get("COLUMNS", "")
        return (int(columns) if columns.isdecimal() else 0) or _PAGE[0], _PAGE[1]

    def draw(self, picture: RenderableType) -> None:
        """Print a picture of rich's once, in the width of `size`."""
        from rich.console import Console

        Console(file=self.stdout, no_color=not self.coloured, width=self.size[0]).print(picture)

    @contextmanager
    def full_screen(self) -> Iterator[Callable[[RenderableType], None]]:
        """Have the whole terminal while the block runs; what stood there comes back. Gives what draws a picture."""
        from rich.live import Live

        with Live(console=self._console(), screen=True, auto_refresh=False) as live:
            yield lambda picture: live.update(picture, refresh=True)

    def abandon_stdout(self) -> None:
        """Forget a reader that has gone away, so that the flush at exit does not fail too."""
        self.stdout = sys.stdout = Path(os.devnull).open("w")  # noqa: SIM115 - it lives as long as the process

    def _console(self) -> Console:
        from rich.console import Console

        return Console(file=self.stdout, no_color=not self.coloured)
