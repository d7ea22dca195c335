"""The filter language of subscriptions.

    filter     = term { "AND" term } | term { "OR" term }      AND and OR mix only through parentheses
    term       = [ "NOT" | "-" ] ( condition | "(" filter ")" )
    condition  = "attributes" ":" KEY                          the message has the attribute
               | "attributes" "." KEY "=" "VALUE"              it has the attribute with this value
               | "attributes" "." KEY "!=" "VALUE"             it has no attribute with this value
               | "hasPrefix" "(" "attributes" "." KEY "," "VALUE" ")"
    KEY        = a word of letters, digits, "-" and "_", or a string in quotes

Source: https://cloud.google.com/pubsub/docs/subscription-message-filter
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Mapping
from typing import NamedTuple

from klio_exec.local.pubsub.errors import Refused, invalid

MAX_BYTES = 256

Attributes = Mapping[str, str]
Matches = Callable[[Attributes], bool]

_TOKENS = re.compile(
    r"""\s*(?:
        (?P<word>[A-Za-z0-9_][A-Za-z0-9_-]*)
      | (?P<string>"(?:[^"\\]|\\.)*")
      | (?P<sign>!=|[-:.=(),])
    )""",
    re.VERBOSE,
)


def parse(text: str) -> Matches:
    """A function that says whether a message's attributes pass the filter; an empty filter passes all.

    Raises Refused (INVALID_ARGUMENT) with the place and what was expected there.
    """
    if not text:
        return lambda _attributes: True
    if len(text.encode()) > MAX_BYTES:
        raise invalid(f"Invalid filter: longer than {MAX_BYTES} bytes.")
    return _Parser(text).whole()


class _Token(NamedTuple):
    kind: str  # word, string, sign or end
    text: str
    at: int


def _tokens(text: str) -> list[_Token]:
    found, at = [], 0
    end = len(text.rstrip())
    while at < end:
        match = _TOKENS.match(text, at)
        if not match or not match.lastgroup:
            raise _malformed(text, end - len(text[at:end].lstrip()), "an unknown character")
        found.append(_Token(match.lastgroup, match[match.lastgroup], match.start(match.lastgroup)))
        at = match.end()
    return [*found, _Token("end", "", end)]


class _Parser:
    """Recursive descent over one filter; each method reads one rule of the grammar above."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = _tokens(text)
        self._next = 0

    def whole(self) -> Matches:
        matches = self._filter()
        if self._peek().kind != "end":
            raise self._unexpected("AND, OR or the end (AND and OR mix only through parentheses)")
        return matches

    def _filter(self) -> Matches:
        terms = [self._term()]
        joint = self._peek().text
        if joint not in {"AND", "OR"}:
            return terms[0]
        while self._accept(joint):
            terms.append(self._term())
        every = all if joint == "AND" else any
        return lambda attributes: every(term(attributes) for term in terms)

    def _term(self) -> Matches:
        if self._accept("NOT") or self._accept("-"):
            inner = self._term()
            return lambda attributes: not inner(attributes)
        if self._accept("("):
            grouped = self._filter()
            self._expect(")")
            return grouped
        return self._condition()

    def _condition(self) -> Matches:
        if self._accept("hasPrefix"):
            return self._has_prefix()
        self._expect("attributes")
        if self._accept(":"):
            present = self._key()
            return lambda attributes: present in attributes
        self._expect(".")
        return self._comparison(self._key())

    def _comparison(self, key: str) -> Matches:
        if self._accept("!="):
            unwanted = self._string()
            return lambda attributes: attributes.get(key) != unwanted
        self._expect("=")
        wanted = self._string()
        return lambda attributes: attributes.get(key) == wanted

    def _has_prefix(self) -> Matches:
        for sign in ("(", "attributes", "."):
            self._expect(sign)
        key = self._key()
        self._expect(",")
        prefix = self._string()
        self._expect(")")
        return lambda attributes: attributes.get(key, "").startswith(prefix) and key in attributes

    def _key(self) -> str:
        if self._peek().kind == "word":
            return self._take().text
        return self._string("a key")

    def _string(self, wanted: str = "a string in double quotes") -> str:
        if self._peek().kind != "string":
            raise self._unexpected(wanted)
        token = self._take()
        try:
            # Google's escapes (\n \x41 \u00e9 \101 \" \\) are Python's.
            return str(ast.literal_eval(token.text))
        except (SyntaxError, ValueError) as error:
            raise _malformed(self._text, token.at, "a string with a wrong escape") from error

    def _peek(self) -> _Token:
        return self._tokens[self._next]

    def _take(self) -> _Token:
        self._next += 1
        return self._tokens[self._next - 1]

    def _accept(self, text: str) -> bool:
        token = self._peek()
        found = token.kind in {"word", "sign"} and token.text == text
        self._next += found
        return found

    def _expect(self, text: str) -> None:
        if not self._accept(text):
            raise self._unexpected(f'"{text}"')

    def _unexpected(self, wanted: str) -> Refused:
        token = self._peek()
        found = f"found {token.text}" if token.text else "found the end"
        return _malformed(self._text, token.at, f"expected {wanted}, {found}")


def _malformed(text: str, at: int, what: str) -> Refused:
    return invalid(f"Invalid filter, at character {at + 1} of {text!r}: {what}.")
