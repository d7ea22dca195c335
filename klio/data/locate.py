"""Where an element's media lies: the one place in which an element becomes a path."""

from __future__ import annotations

import re
import unicodedata

from klio_core.errors import BadElement

MAX_ELEMENT_BYTES = 1024
"""As long as an object's name may be (Google Cloud Storage, "Object naming guidelines")."""

# What most elements are, and certainly good: no look at each character is needed.
_NAME = rb"[A-Za-z0-9_][A-Za-z0-9_.-]*"
_PLAIN = re.compile(rb"%b(?:/%b)*" % (_NAME, _NAME))
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
# Marks that turn the direction of text around, so that a name reads as another one (Unicode UAX #9, section 2).
_BIDI = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
# Cc: control characters; Zl and Zp: a line or paragraph ends within the name; Cs never survives decoding.
_FORBIDDEN_CATEGORIES = frozenset({"Cc", "Zl", "Zp"})


def path_of(location: str, element: bytes, file_suffix: str = "") -> str:
    """Answer the path of an element's media: location, "/", element, and the suffix as it is.

    Raises BadElement where the element is no name of a file below the location: see `checked`.
    """
    return f"{location.rstrip('/')}/{checked(element)}{file_suffix}"


def split_element(element: bytes, separator: str | None) -> tuple[bytes, ...]:
    """Answer the names that an element stands for: `b"a,b"` with "," is a and b. No separator, no splitting."""
    return tuple(element.split(separator.encode())) if separator else (element,)


def checked(element: bytes) -> str:
    """Answer the element as text that is safe to become part of a path.

    It has 1 to 1024 bytes of UTF-8, no control, line-ending or direction-changing characters, no scheme, and each
    part between slashes is a name: not empty (so no leading, trailing or double slash), not "." and not "..".
    Raises BadElement that says which of these does not hold.
    """
    if len(element) <= MAX_ELEMENT_BYTES and _PLAIN.fullmatch(element):
        return element.decode("ascii")
    if fault := _bytes_fault(element):
        raise _bad(element, fault)
    try:
        text = element.decode()
    except UnicodeDecodeError as error:
        raise _bad(element, f"is not UTF-8 at byte {error.start}") from error
    if fault := _text_fault(text):
        raise _bad(element, fault)
    return text


def _bytes_fault(element: bytes) -> str | None:
    if not element:
        return "is empty"
    if len(element) > MAX_ELEMENT_BYTES:
        return f"has {len(element)} bytes, more than {MAX_ELEMENT_BYTES}"
    return None


def _text_fault(text: str) -> str | None:
    for position, character in enumerate(text):
        if character in _BIDI or unicodedata.category(character) in _FORBIDDEN_CATEGORIES:
            return f"holds the character U+{ord(character):04X} at {position}"
    if _SCHEME.match(text):
        return "names a scheme, so it is a location of its own"
    if text.startswith("/"):
        return 'begins with "/"'
    for part in text.split("/"):
        if part in {"", ".", ".."}:
            return f'holds "{part}" where a name should stand between slashes'
    return None


def _bad(element: bytes, fault: str) -> BadElement:
    return BadElement(
        f"the element {fault}",
        expected="a relative name such as b'artist/track-1'",
        got=repr(element[:80]) + (" …" if len(element) > 80 else ""),
        todo="publish the element without location, scheme and suffix",
    )
