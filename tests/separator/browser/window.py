"""A browser's window with the page in it, and everything that it did wrong."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, ConsoleMessage, Page, Request, expect

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PATIENCE_MS = 120_000.0
expect.set_options(timeout=PATIENCE_MS)

# Before the page's own script: what leads to the loudspeaker leads to a meter of ours, too.
LISTEN = """
const connect = AudioNode.prototype.connect;
window.refused = [];
document.addEventListener("securitypolicyviolation", (event) => refused.push(event.violatedDirective));
AudioNode.prototype.connect = function (to, ...rest) {
  if (to instanceof AudioDestinationNode) {
    this.context.tap ||= new AnalyserNode(this.context, { fftSize: 32768 });
    window.sound = this.context;
    connect.call(this, this.context.tap);
  }
  return connect.call(this, to, ...rest);
};
window.loudness = () => {
  const heard = new Float32Array(32768);
  sound.tap.getFloatTimeDomainData(heard);
  return Math.sqrt(heard.reduce((sum, one) => sum + one * one, 0) / heard.length);
};
"""


@dataclass
class Window:
    """A page, where its pictures go, and what was seen of it: errors, and requests to others."""

    page: Page
    home: str
    shots: Path
    label: str
    wrong: list[str] = field(default_factory=list)
    strangers: list[str] = field(default_factory=list)
    may_fail_to_load: bool = False

    def watch(self) -> None:
        self.page.on("console", self._hear)
        self.page.on("pageerror", lambda error: self.wrong.append(str(error)))
        self.page.on("request", self._see)
        self.page.add_init_script(LISTEN)

    def go(self, song: str = "") -> Window:
        """Open the page, at a song if one is named."""
        self.page.goto(f"{self.home}/#{song}")
        return self

    def choose(self, *files: tuple[str, bytes]) -> None:
        """Choose files as with the button."""
        chosen = [{"name": name, "mimeType": "audio/*", "buffer": content} for name, content in files]
        self.page.set_input_files("#file", chosen)  # type: ignore[arg-type] # plain dicts are what it takes

    def row(self, title: str) -> Any:
        """The line of a song, or of an upload, in the list."""
        exactly = self.page.locator("a", has_text=re.compile(f"^{re.escape(title)}$"))
        return self.page.locator(".row", has=exactly)

    def shoot(self, name: str) -> None:
        """Keep a picture of it."""
        self.page.screenshot(path=self.shots / f"{name}-{self.label}.png")

    def check(self) -> None:
        """Assert that nothing was wrong: no error, no refusal by the policy, nobody else asked."""
        assert self.page.evaluate("window.refused") == []
        assert self.wrong == []
        assert self.strangers == []

    def _hear(self, message: ConsoleMessage) -> None:
        lost = self.may_fail_to_load and "Failed to load resource" in message.text
        if message.type in ("error", "warning") and not lost:
            self.wrong.append(message.text)

    def _see(self, request: Request) -> None:
        parts = urlsplit(request.url)
        if f"{parts.scheme}://{parts.netloc}" != self.home and parts.scheme not in ("data", "blob"):
            self.strangers.append(request.url)


@contextmanager
def a_window(browser: Browser, home: str, shots: Path, **look: Any) -> Iterator[Window]:
    """A window of its own, with its own cookies; checked when it is closed."""
    look = {"color_scheme": "dark", "viewport": {"width": 1360, "height": 1000}, **look}
    context = browser.new_context(accept_downloads=True, **look)
    context.set_default_timeout(PATIENCE_MS)
    label = f"{'phone' if look['viewport']['width'] < 700 else 'wide'}-{look['color_scheme']}"
    window = Window(context.new_page(), home, shots, label)
    window.watch()
    try:
        yield window
        window.check()
    finally:
        context.close()


def until(page: Page, script: str) -> None:
    """Wait until a script answers something true. The page's policy forbids Playwright's own way, which is an eval."""
    deadline = time.monotonic() + PATIENCE_MS / 1000
    while not page.evaluate(script):
        assert time.monotonic() < deadline, f"{script}: {page.inner_text('main')}"
        page.wait_for_timeout(50)
