from __future__ import annotations

import base64
from pathlib import Path

import pytest
from signature import headers, secrets_in

from klio_core.errors import ConfigError

# The example that libraries of Standard Webhooks are tested with.
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
IDENTITY, AT, BODY = "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}'
SIGNATURE = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def file(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "secret"
    path.write_text(text)
    return path


def test_it_is_the_signature_of_standard_webhooks(tmp_path: Path):
    assert headers(IDENTITY, AT, BODY, secrets_in(file(tmp_path, f"{SECRET}\n"))) == {
        "webhook-id": IDENTITY,
        "webhook-timestamp": "1614265330",
        "webhook-signature": SIGNATURE,
    }


def test_while_a_secret_is_changed_both_sign(tmp_path: Path):
    new = "whsec_" + base64.b64encode(b"n" * 32).decode()
    said = headers(IDENTITY, AT, BODY, secrets_in(file(tmp_path, f"{new}\n{SECRET}\n")))["webhook-signature"]
    assert said.split(" ")[1] == SIGNATURE
    assert said.split(" ")[0].startswith("v1,")


def test_without_a_secret_there_is_no_signature():
    assert headers(IDENTITY, AT, BODY, secrets_in(None)) == {"webhook-id": IDENTITY, "webhook-timestamp": str(AT)}


@pytest.mark.parametrize("text", ["hunter2", "whsec_not base64", "whsec_c2hvcnQ=", "sécret"])
def test_what_is_no_secret_is_refused_and_not_shown(tmp_path: Path, text: str):
    with pytest.raises(ConfigError) as refused:
        secrets_in(file(tmp_path, text))
    assert "24 random bytes" in str(refused.value)
    assert text not in str(refused.value)


def test_a_file_that_is_not_there_is_named(tmp_path: Path):
    with pytest.raises(ConfigError, match="No such file"):
        secrets_in(tmp_path / "nowhere")
