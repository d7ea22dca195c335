"""Songs by what somebody remembers of them: words of the title, the artist or the file's name."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable

Finds = Callable[[str], bool]
"""Whether folded text has all that is searched."""


def folded(*texts: str | None) -> str:
    """Answer texts without case and accents, a line for each: compatible characters are the same (Unicode, UAX 15)."""
    apart = unicodedata.normalize("NFKD", "\n".join(text for text in texts if text))
    return "".join(letter for letter in apart if not unicodedata.combining(letter)).casefold()


def search(text: str | None) -> Finds:
    """Answer what finds all words of a text, in any order, each also in the middle of a word; without any, all."""
    words = folded(text).split()
    return lambda there: all(word in there for word in words)
