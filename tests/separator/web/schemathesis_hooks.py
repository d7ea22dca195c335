"""What schemathesis sends as a file: one of some songs. It is loaded by schemathesis, not by pytest."""

from __future__ import annotations

import base64

import schemathesis
from hypothesis import strategies

from tests.separator.web.sounds import noise_free_wav

SONGS = [noise_free_wav(frames) for frames in (1, 11, 50)]

schemathesis.openapi.format("binary", strategies.sampled_from(SONGS))
schemathesis.openapi.format("iri", strategies.just("https://example.com/done"))
schemathesis.openapi.format("byte", strategies.sampled_from([base64.b64encode(song).decode() for song in SONGS]))
