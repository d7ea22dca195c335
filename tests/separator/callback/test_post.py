"""One POST to one address: how it is sent, and what of the answer is read, when."""

from __future__ import annotations

import datetime as dt
import http.client
import ipaddress
import socket
import ssl
import time
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from destination import Destination
from post import post

from tests.separator.callback.listener import Listener, answer

HERE = socket.AF_INET


def send(url: str, listener: Listener, within_s: float = 20.0) -> int:
    until = time.monotonic() + within_s
    return post(Destination.of(url), [(HERE, ("127.0.0.1", listener.port))], b"{}", {"X-Said": "so"}, until)


def test_it_goes_to_the_address_that_was_looked_at_and_names_the_host_that_was_meant(listener: Listener):
    assert send("http://nowhere.invalid:8080/a?b=c", listener) == 204  # a name that no resolver knows

    (heard,) = listener.heard
    assert (heard.first, heard.body) == ("POST /a?b=c HTTP/1.1", b"{}")
    assert (heard.headers["host"], heard.headers["x-said"]) == ("nowhere.invalid:8080", "so")


def test_where_the_first_address_does_not_listen_the_next_one_is_asked(listener: Listener):
    with Listener(host="::1") as gone:
        silent = (socket.AF_INET6, ("::1", gone.port, 0, 0))
    at = [silent, (HERE, ("127.0.0.1", listener.port))]
    assert post(Destination.of("http://nowhere.invalid/"), at, b"", {}, time.monotonic() + 20) == 204


def test_where_none_does_that_is_the_error():
    with Listener() as gone:
        at = [(HERE, ("127.0.0.1", gone.port))] * 2
    with pytest.raises(ConnectionRefusedError):
        post(Destination.of("http://nowhere.invalid/"), at, b"", {}, time.monotonic() + 20)


def test_a_redirect_is_an_answer_like_others(listener: Listener, other: Listener):
    listener.answers = [answer(307, f"Location: {other.url}/secret")]

    assert send("http://nowhere.invalid/", listener) == 307
    assert other.heard == []


def drip(line: socket.socket) -> None:
    line.sendall(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    while True:
        line.sendall(b"a")
        time.sleep(0.01)


def flood_of_headers(line: socket.socket) -> None:
    line.sendall(b"HTTP/1.1 200 OK\r\n")
    while True:
        line.sendall(b"X-More: and more\r\n")


def endless_line(line: socket.socket) -> None:
    line.sendall(b"HTTP/1.1 200 OK\r\nX-Long: ")
    while True:
        line.sendall(b"a" * 65_536)


def flood(line: socket.socket) -> None:
    line.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    while True:
        line.sendall(b"a" * 65_536)


def test_an_answer_that_comes_byte_by_byte_ends_when_the_time_is_up(listener: Listener):
    listener.answers = [drip]
    with pytest.raises(TimeoutError):
        send("http://nowhere.invalid/", listener, within_s=0.3)


def test_so_does_a_server_that_says_nothing(listener: Listener):
    listener.answers = [lambda line: line.recv(1)]
    with pytest.raises(TimeoutError):
        send("http://nowhere.invalid/", listener, within_s=0.3)


@pytest.mark.parametrize("endless", [flood_of_headers, endless_line])
def test_headers_without_end_are_not_read_to_the_end(listener: Listener, endless):
    listener.answers = [endless]
    with pytest.raises(http.client.HTTPException):
        send("http://nowhere.invalid/", listener)


def test_a_body_without_end_is_left_alone_after_its_beginning(listener: Listener):
    listener.answers = [flood]
    assert send("http://nowhere.invalid/", listener) == 200


def test_what_is_no_http_is_an_error(listener: Listener):
    listener.answers = [b"220 mail.example ESMTP\r\n"]
    with pytest.raises(http.client.HTTPException):
        send("http://nowhere.invalid/", listener)


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A certificate for localhost and 127.0.0.1, signed by itself, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "listener")])
    names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    plain = serialization.NoEncryption()
    pem = serialization.Encoding.PEM
    path = tmp_path / "listener.pem"
    path.write_bytes(
        made.public_bytes(pem) + key.private_bytes(pem, serialization.PrivateFormat.TraditionalOpenSSL, plain)
    )
    return path


@pytest.fixture
def encrypted(certificate: Path):
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    with Listener(tls=context) as listening:
        yield listening


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_https_is_spoken_with_whom_the_certificate_names(encrypted, certificate, monkeypatch, host: str):
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    assert send(f"https://{host}:{encrypted.port}/", encrypted) == 204
    assert encrypted.heard[0].body == b"{}"


def test_it_is_not_spoken_with_anybody_else(encrypted, certificate, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with pytest.raises(ssl.SSLCertVerificationError, match="Hostname mismatch"):
        send("https://nowhere.invalid/", encrypted)


def test_nor_with_whom_nobody_vouches_for(encrypted):
    with pytest.raises(ssl.SSLCertVerificationError, match=r"self.signed"):
        send("https://localhost/", encrypted)


def test_an_encrypted_answer_ends_when_the_time_is_up(encrypted, certificate, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    encrypted.answers = [drip]
    with pytest.raises(TimeoutError):
        send("https://localhost/", encrypted, within_s=0.5)
