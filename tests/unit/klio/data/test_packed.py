import pytest

from klio.data.packed import pack, unpack

ANSWER = b"""--b1\r
Content-Type: application/http\r
Content-ID: <response-klio+0>\r
\r
HTTP/1.1 200 OK\r
Content-Type: application/json; charset=UTF-8\r
\r
{"name": "a"}\r
--b1\r
Content-Type: application/http\r
Content-ID: <response-klio+1>\r
\r
HTTP/1.1 404 Not Found\r
Content-Length: 2\r
\r
{}\r
--b1--\r
"""


def test_each_request_is_a_part_in_order():
    body = pack(["/storage/v1/b/x/o/a", "/storage/v1/b/x/o/b"]).decode()

    assert [line for line in body.splitlines() if line.startswith("GET")] == [
        "GET /storage/v1/b/x/o/a HTTP/1.1",
        "GET /storage/v1/b/x/o/b HTTP/1.1",
    ]
    assert body.count("--klio\r\n") == 2
    assert body.endswith("--klio--\r\n")


@pytest.mark.parametrize("kind", ['multipart/mixed; boundary="b1"', "multipart/mixed; boundary=b1"])
@pytest.mark.parametrize("end", [b"\r\n", b"\n"])
def test_each_answer_has_its_status_and_its_body(kind: str, end: bytes):
    answers = unpack(kind, ANSWER.replace(b"\r\n", end))

    assert [(status, body.strip()) for status, body in answers] == [(200, b'{"name": "a"}'), (404, b"{}")]


@pytest.mark.parametrize(("kind", "body"), [("text/html", b"<html>"), ("multipart/mixed; boundary=b1", b""), ("", b"")])
def test_what_is_no_packed_answer_answers_nothing(kind: str, body: bytes):
    assert unpack(kind, body) == []


@pytest.mark.parametrize(
    "part",
    [
        b"\r\n\r\nwhat?",
        b"Content-ID: <response-klio+0>\r\n\r\nwhat?",
        b"Content-ID: <response-klio+1>\r\n\r\nHTTP/1.1 404 Not Found\r\n\r\n",
        b"Content-Type: application/http\r\n\r\nHTTP/1.1 404 Not Found\r\n\r\n",
        b"Content-ID: <response-klio+0>\r\nHTTP/1.1 404 Not Found\r\n\r\n{}",
    ],
)
def test_a_part_that_is_not_the_answer_to_its_request_has_no_status(part: bytes):
    ((status, _),) = unpack("multipart/mixed; boundary=b1", b"--b1\r\n" + part + b"\r\n--b1--")

    assert status == 0
