"""A callback and its tries, to real servers on this machine."""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from typing import Any

import pytest
from askers import Asker, Told
from delivery import tell
from policy import Policy

from tests.separator.callback.listener import OK, Listener, answer

HERE = Policy(allow=("127.0.0.1", "::1"), pause_s=0.01)
STEMS = ["vocals", "drums", "bass", "other"]
SECRET = b"s" * 32


def told(url: str, policy: Policy = HERE, **asker: Any) -> Told:
    (answer,) = tell([Asker(id="one", url=url, **asker)], "5ong", STEMS, policy, (SECRET,))
    return answer


def test_who_asked_is_told_once_with_their_own_data(listener: Listener):
    before = time.time()
    result = told(f"{listener.url}/done?x=secret", data={"n": 1})

    assert result.model_dump(exclude={"at"}) == {
        "id": "one",
        "to": listener.url,  # what follows may be a secret
        "outcome": "delivered",
        "status": 204,
        "tries": 1,
        "detail": "the answer was 204",
    }
    assert before <= result.at <= time.time()
    (heard,) = listener.heard
    assert (heard.first, heard.headers["content-type"]) == ("POST /done?x=secret HTTP/1.1", "application/json")
    assert heard.json == {"hash": "5ong", "state": "done", "stems": STEMS, "data": {"n": 1}}


def test_the_receiver_can_tell_that_it_is_ours(listener: Listener):
    told(listener.url, data="é")

    (heard,) = listener.heard
    said = heard.headers
    signed = f"{said['webhook-id']}.{said['webhook-timestamp']}.".encode() + heard.body
    expected = base64.b64encode(hmac.new(SECRET, signed, hashlib.sha256).digest()).decode()
    assert (said["webhook-id"], said["webhook-signature"]) == ("one", f"v1,{expected}")
    assert abs(time.time() - int(said["webhook-timestamp"])) < 60


@pytest.mark.parametrize(
    ("data", "sent"),
    [
        (
            {"mp3": "data/short-hop.mp3", "data": "to be returned"},
            {"hash": "5ong", "state": "done", "stems": STEMS, "mp3": "data/short-hop.mp3", "data": "to be returned"},
        ),
        ({"hash": "mine"}, {"hash": "mine", "state": "done", "stems": STEMS, "data": {"hash": "mine"}}),
        ("to be returned", "to be returned"),
        ([1, 2], [1, 2]),
        (None, {"hash": "5ong", "state": "done", "stems": STEMS, "data": None}),
    ],
)
def test_who_asked_by_the_older_interface_finds_their_data_where_it_was(listener: Listener, data: Any, sent: Any):
    told(listener.url, data=data, form="apiv1")
    assert listener.heard[0].json == sent


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504])
def test_what_may_pass_is_tried_again(listener: Listener, status: int):
    listener.answers = [answer(status), answer(status), OK]
    result = told(listener.url)

    assert (result.outcome, result.status, result.tries) == ("delivered", 204, 3)
    assert {heard.headers["webhook-id"] for heard in listener.heard} == {"one"}


def test_after_three_tries_it_is_given_up(listener: Listener):
    listener.answers = [answer(503)]
    result = told(listener.url)

    assert (result.outcome, result.status, result.tries) == ("failed", 503, 3)
    assert len(listener.heard) == 3


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 422, 501])
def test_an_answer_that_will_not_change_is_not_asked_for_again(listener: Listener, status: int):
    listener.answers = [answer(status)]
    result = told(listener.url)
    assert (result.outcome, result.status, result.tries) == ("failed", status, 1)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(listener: Listener, other: Listener, status: int):
    listener.answers = [answer(status, f"Location: {other.url}/")]
    result = told(listener.url)

    assert (result.outcome, result.status, result.tries) == ("failed", status, 1)
    assert "redirects are not followed" in result.detail
    assert other.heard == []


def test_who_does_not_answer_in_time_is_not_waited_for(listener: Listener):
    listener.answers = [lambda line: line.recv(1)]
    result = told(listener.url, HERE.model_copy(update={"timeout_s": 0.2, "tries": 2}))
    assert (result.outcome, result.status, result.tries, result.detail) == ("failed", None, 2, "no answer in 0.2 s")


def test_where_nobody_listens_it_is_tried_again_and_given_up():
    with Listener() as gone:
        url = gone.url
    result = told(url)
    assert (result.outcome, result.tries) == ("failed", 3)
    assert "refused" in result.detail


def test_a_private_address_is_refused_and_nobody_is_asked(listener: Listener):
    result = told(listener.url, Policy())
    assert (result.outcome, result.status, result.tries) == ("refused", None, 1)
    assert "127.0.0.1 is not public" in result.detail
    assert listener.heard == []


def test_what_is_no_url_is_refused():
    assert (told("ftp://example.com/").outcome, told("ftp://example.com/").tries) == ("refused", 0)


def test_each_of_several_is_told_whatever_comes_of_the_others(listener: Listener, other: Listener):
    other.answers = [answer(404)]
    urls = [listener.url, other.url, "http://10.0.0.1/", "no url", f"{listener.url}/2"]
    asking = [Asker(id=str(number), url=url) for number, url in enumerate(urls)]

    results = tell(asking, "5ong", STEMS, HERE, ())
    assert [(one.id, one.outcome) for one in results] == [
        ("0", "delivered"),
        ("1", "failed"),
        ("2", "refused"),
        ("3", "refused"),
        ("4", "delivered"),
    ]


def test_nobody_is_told_where_nobody_asked():
    assert tell([], "5ong", STEMS, HERE, ()) == []
