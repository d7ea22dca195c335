"""Secrets in texts that people read: tokens, passwords, signatures and private keys become `<redacted>`. Pure.

What a text says is otherwise left as it is, byte for byte. A secret is known by what stands before it (the name of a
header, a parameter, a key) or by its own shape; one that has neither cannot be known.
"""

from __future__ import annotations

import re

REDACTED = "<redacted>"

_NAMES = (
    r"(?:access|refresh|id|auth|session|security|bearer)[_-]?token|client[_-]?secret|secret[_-]?(?:access[_-]?)?key"
    r"|api[_-]?key|passwd|password"
)
# The parameters by which a URL is signed: Cloud Storage V4 and V2, S3, Azure.
_SIGNATURES = r"X-(?:Goog|Amz)-Signature|X-Amz-Security-Token|Signature|sig"
_QUOTE = r"""(?:b(?=["']))?\\?["']?"""  # b'…' is one too; inside JSON inside a text, a quote has its backslash
_VALUE = r"""[^\s"'\\<>&;,(){}\[\]]+"""

_KEY_BLOCK = r"(?P<begin>-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----)(?!<redacted>).*?(?=-----END|\Z)"
_HEADER = (
    rf"(?P<header>\b(?:proxy-)?authorization{_QUOTE}\s{{0,9}}[:=,]\s{{0,9}}{_QUOTE}"
    rf"(?:(?:bearer|basic|digest|token|negotiate)\s{{1,9}})?)(?!(?:bearer|basic|digest|token|negotiate)\s){_VALUE}"
)
_NAMED = rf"(?P<name>(?<![A-Za-z0-9])(?:{_NAMES}){_QUOTE}\s{{0,9}}[:=]\s{{0,9}}{_QUOTE}){_VALUE}"
_SIGNED = rf"(?P<signature>[?&](?:{_SIGNATURES})=){_VALUE}"
_LOGIN = r"(?P<login>\b[a-z][a-z0-9+.-]{0,20}://[^\s/:@<>]{0,80}:)[^\s/@<>]+(?=@)"
_SCHEME = r"(?P<scheme>\bbearer\s{1,9})[A-Za-z0-9._~+/=-]{16,}"
# Google's access tokens and API keys, GitHub's tokens, JSON Web Tokens.
_SHAPED = (
    r"\bya29\.[\w-]{10,}|\bAIza[\w-]{35}|\bgh[pousr]_[A-Za-z0-9]{36,}|\bgithub_pat_\w{30,}"
    r"|\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]{8,}"
)
_SECRET = re.compile(
    "|".join((_KEY_BLOCK, _HEADER, _NAMED, _SIGNED, _LOGIN, _SCHEME, _SHAPED)), re.IGNORECASE | re.DOTALL
)


def redacted(text: str) -> str:
    """Answer the text without the secrets in it; what is before and after each of them stays."""
    while (less := _SECRET.sub(_kept, text)) != text:  # what one secret hid by standing next to it shows now
        text = less
    return text


def _kept(found: re.Match[str]) -> str:
    return f"{found[found.lastgroup] if found.lastgroup else ''}{REDACTED}"
