from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.separator.browser.sounds import music
from tests.separator.browser.stack import Stack, a_stack
from tests.separator.browser.window import ARGUMENTS, Window, a_window

Opened = Callable[..., Window]


@pytest.fixture(scope="package")
def stack(tmp_path_factory: pytest.TempPathFactory, repo: Path) -> Iterator[Stack]:
    """All of it, with a model whose answer is known."""
    with a_stack(tmp_path_factory.mktemp("stack"), repo) as running:
        yield running


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Debian's Chromium; `tests/separator/browser/up` installs it."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def shots(tmp_path: Path) -> Path:
    """Where pictures go: to $PAGE_SHOTS, for who wants to see them."""
    directory = Path(os.environ.get("PAGE_SHOTS", tmp_path))
    directory.mkdir(parents=True, exist_ok=True)
    return directory


@pytest.fixture
def opened(stack: Stack, browser: Browser, shots: Path) -> Iterator[Opened]:
    """Opens windows of the page, and checks at the end that nothing was wrong in any."""
    with ExitStack() as windows:
        yield lambda **look: windows.enter_context(a_window(browser, stack.url, shots, **look))


@pytest.fixture(scope="package")
def song(stack: Stack) -> dict[str, Any]:
    """A song of twelve seconds that is done."""
    return stack.done(music(12), "Blue in the Evening.flac")
