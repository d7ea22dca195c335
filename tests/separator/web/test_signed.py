"""URLs by which clients read objects themselves."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from tests.separator.web.kit import JOBS, Served
from web.files.signed import signed_url

ACCOUNT = "web@klio.iam.gserviceaccount.com"
SCRIPT = "import sys; from web.files.signed import signed_url; print(signed_url(*sys.argv[1:]))"


@pytest.fixture(scope="module")
def key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


def test_a_url_is_signed_with_the_key_of_the_account_and_says_how_the_file_is_called(
    key: rsa.RSAPrivateKey, tmp_path: Path
) -> None:
    url = urlsplit(
        _signed(key, tmp_path, "gs://songs/stems/a-vocals.mp3", "audio/mpeg", 'attachment; filename="A.mp3"')
    )
    said = {name: values[0] for name, values in parse_qs(url.query).items()}

    assert (url.scheme, url.netloc, url.path) == ("https", "storage.googleapis.com", "/songs/stems/a-vocals.mp3")
    assert said["X-Goog-Expires"] == "900"
    assert said["X-Goog-Credential"].startswith(ACCOUNT)
    assert said["response-content-disposition"] == 'attachment; filename="A.mp3"'
    assert said["response-content-type"] == "audio/mpeg"
    signature = bytes.fromhex(said.pop("X-Goog-Signature"))
    key.public_key().verify(signature, _to_sign(url.path, said), padding.PKCS1v15(), hashes.SHA256())


def test_on_the_local_cloud_stems_are_sent_by_the_front_itself(web: Served) -> None:
    assert signed_url("gs://songs/stems/a-vocals.mp3", "audio/mpeg", "attachment") is None


def _signed(key: rsa.RSAPrivateKey, directory: Path, *arguments: str) -> str:
    """Answer what a process with that account's credentials says, off the local cloud."""
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    account = {
        "type": "service_account",
        "project_id": "klio",
        "private_key_id": "1",
        "private_key": pem,
        "client_email": ACCOUNT,
        "token_uri": "https://oauth2.googleapis.com/token",
    }
    file = directory / "account.json"
    file.write_text(json.dumps(account))
    environment = os.environ | {"GOOGLE_APPLICATION_CREDENTIALS": str(file)}
    environment.pop("STORAGE_EMULATOR_HOST", None)
    command = [sys.executable, "-c", SCRIPT, *arguments]
    done = subprocess.run(command, cwd=JOBS, env=environment, check=True, capture_output=True, text=True)
    return done.stdout.strip()


def _to_sign(path: str, said: dict[str, str]) -> bytes:
    """Answer what is signed: https://cloud.google.com/storage/docs/authentication/signatures."""
    query = "&".join(f"{quote(name, safe='')}={quote(said[name], safe='')}" for name in sorted(said))
    request = f"GET\n{path}\n{query}\nhost:storage.googleapis.com\n\nhost\nUNSIGNED-PAYLOAD"
    scope = said["X-Goog-Credential"].partition("/")[2]
    digest = hashlib.sha256(request.encode()).hexdigest()
    return f"GOOG4-RSA-SHA256\n{said['X-Goog-Date']}\n{scope}\n{digest}".encode()
