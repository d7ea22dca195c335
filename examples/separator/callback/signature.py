"""By which a receiver knows that a callback is ours: the headers of Standard Webhooks.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Sequence
from pathlib import Path

from klio_core.errors import ConfigError

_PREFIX = "whsec_"
_LEAST_BYTES = 24


def secrets_in(path: Path | None) -> tuple[bytes, ...]:
    """Answer the secrets of a file, one in each line: an old and a new one while they are changed; none without a file.

    Raises ConfigError for a file that cannot be read, and for what is no secret; the text is not told.
    """
    if path is None:
        return ()
    try:
        lines = path.read_text(encoding="ascii").split()
        return tuple(map(_secret, lines))
    except (OSError, ValueError) as error:
        raise ConfigError(
            "the secret that callbacks are signed with cannot be used",
            where=str(path),
            expected=f"lines of {_PREFIX} and {_LEAST_BYTES} random bytes or more in base64",
            got=error.strerror if isinstance(error, OSError) else "something else",
            todo=f"python -c \"import secrets, base64; print('{_PREFIX}' + base64.b64encode(secrets.token_bytes(32))"
            '.decode())" makes one',
        ) from None  # a traceback would show the text


def headers(identity: str, at: int, body: bytes, secrets: Sequence[bytes]) -> dict[str, str]:
    """Answer the headers of one try. `at` is in seconds since the epoch, and is signed as well: a receiver refuses an
    old one, and one whose `webhook-id` it has had."""
    said = {"webhook-id": identity, "webhook-timestamp": str(at)}
    if not secrets:
        return said
    content = b"%b.%d.%b" % (identity.encode(), at, body)
    return said | {"webhook-signature": " ".join(f"v1,{_sign(secret, content)}" for secret in secrets)}


def _sign(secret: bytes, content: bytes) -> str:
    return base64.b64encode(hmac.digest(secret, content, hashlib.sha256)).decode()


def _secret(line: str) -> bytes:
    if not line.startswith(_PREFIX):
        raise ValueError
    secret = base64.b64decode(line.removeprefix(_PREFIX), validate=True)
    if len(secret) < _LEAST_BYTES:
        raise binascii.Error
    return secret
