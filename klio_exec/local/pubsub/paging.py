"""Lists in pages: a page token is the name after which the next page begins."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

T = TypeVar("T")

MAX_PAGE = 1_000


def page(items: Sequence[T], size: int, token: str, name: Callable[[T], str]) -> tuple[list[T], str]:
    """The page of `items` (sorted by name) after `token`, and the next token, empty on the last page."""
    after = [item for item in items if name(item) > token]
    limit = min(size, MAX_PAGE) if size > 0 else MAX_PAGE
    here = after[:limit]
    return here, name(here[-1]) if len(after) > limit else ""
