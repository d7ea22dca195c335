"""Secrets leave texts, and nothing else does."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from klio_core.redact import REDACTED, redacted

# What stands before the secret, the secret, what stands after it.
SECRETS = [
    ("Authorization: Bearer ", "ya29.a0AfH6SMBx", "\r\nHost: storage.googleapis.com"),
    ("authorization: Basic ", "Zm9vOmJhcg==", ""),
    ("{'Authorization': 'Bearer ", "abc.def-ghi", "', 'Accept': '*/*'}"),
    ('{\\"authorization\\": \\"Bearer ', "abc", '\\", \\"accept\\": 1}'),
    ("('authorization', 'Bearer ", "abc", "')"),
    ("b'Authorization: Bearer ", "abc", "'"),
    ("https://host/path?access_token=", "abc", "&alt=json"),
    ('{"refresh_token": "', "1//0abc", '", "expires_in": 3599}'),
    ("client_secret=", "GOCSPX-abc", ", retrying"),
    ("api-key: ", "abcdef", "\n"),
    ("connect(password='", "hunter2", "', user='klio')"),
    ("https://storage.googleapis.com/b/o?X-Goog-Date=2026&X-Goog-Signature=", "4f3e2d", "&X-Goog-Expires=60"),
    ("https://storage.googleapis.com/b/o?Expires=1&Signature=", "abc%2Bdef", " took 3 s"),
    ("-----BEGIN PRIVATE KEY-----", "\nMIIEvQ\nIBADAN\n", "-----END PRIVATE KEY-----\n"),
    ("'private_key': '-----BEGIN RSA PRIVATE KEY-----", "\\nMIIEvQ\\n", "-----END RSA PRIVATE KEY-----\\n', 'x': 1"),
    ("postgresql://klio:", "s3cret", "@db.internal/jobs"),
    ("the header was 'bearer ", "abcdefghijklmnop", "'."),
    ("got ", "ya29.a0AfH6SMBxyz_-1", ""),
    ("got ", "AIzaSyA1234567890abcdefghijklmnopqrstuv", " from the environment"),
    ("got ", "ghp_0123456789abcdefghijklmnopqrstuvwxyz", ""),
    ("got ", "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJrbGlvIn0.c2lnbmF0dXJl", ", expired"),
]
ORDINARY = [
    "the bearer of good news brought no token",
    "ValueError: 3 tokens left, key=5, keyboard: qwerty",
    "gs://bucket/name:with:colons@2x.wav",
    "https://storage.googleapis.com/b/o?generation=1&signature_version=4",
    "File \"/job/authorization.py\", line 3, in password\n    raise ValueError('no password given')",
    "-----BEGIN CERTIFICATE-----\nMIID\n-----END CERTIFICATE-----",
    "a@b.c wrote: see http://host:8080/x and me@host",
]
# Letters that no rule has in what it looks for: nothing of it can be a secret.
_UNLIKELY = st.characters(exclude_characters=":=&?-.,_ \t\n", exclude_categories=("Cs",))
harmless = st.text(_UNLIKELY.filter(str.isprintable))


@pytest.mark.parametrize(("before", "secret", "after"), SECRETS)
def test_a_secret_is_taken_out_and_what_is_around_it_stays(before: str, secret: str, after: str) -> None:
    assert redacted(before + secret + after) == before + REDACTED + after


@pytest.mark.parametrize("text", ORDINARY)
def test_what_only_sounds_like_a_secret_stays(text: str) -> None:
    assert redacted(text) == text


@given(harmless)
def test_other_text_is_never_touched(text: str) -> None:
    assert redacted(text) == text


@given(harmless, st.sampled_from(SECRETS), harmless)
def test_a_secret_is_found_in_the_middle_of_any_text_and_only_the_secret(
    left: str, secret: tuple[str, str, str], right: str
) -> None:
    before, hidden, after = secret

    found = redacted(f"{left}\n{before}{hidden}{after}\n{right}")

    assert found == f"{left}\n{before}{REDACTED}{after}\n{right}"


def test_a_key_that_is_cut_off_hides_all_that_follows() -> None:
    assert redacted("a -----BEGIN PRIVATE KEY-----\nMIIEvQ\nIBA") == f"a -----BEGIN PRIVATE KEY-----{REDACTED}"


@given(st.lists(st.sampled_from([part for secret in SECRETS for part in secret]) | st.text(max_size=10)).map("".join))
def test_what_is_redacted_once_stays_as_it_is(text: str) -> None:
    assert redacted(redacted(text)) == redacted(text)
