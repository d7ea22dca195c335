from __future__ import annotations

import threading
from ipaddress import ip_address

import pytest
from destination import Destination, Refused, in_time, is_public
from hypothesis import given, settings
from hypothesis import strategies as st
from policy import Policy

NOBODY_ELSE = Policy()

PUBLIC = ["93.184.215.14", "8.8.8.8", "2606:2800:21f:cb07:6820:80da:af6b:8b2c", "::ffff:8.8.8.8", "64:ff9b::808:808"]
NOT_PUBLIC = {
    "0.0.0.0": "this machine",
    "127.0.0.1": "loopback",
    "127.255.255.254": "loopback, its far end",
    "10.0.0.1": "private",
    "172.31.255.1": "private",
    "192.168.1.1": "private",
    "100.64.0.1": "shared by the customers of a provider",
    "169.254.169.254": "link-local, where clouds tell machines their credentials",
    "168.63.129.16": "Azure's own",
    "192.0.2.7": "documentation",
    "198.18.0.1": "measurements",
    "224.0.0.1": "multicast",
    "239.255.255.250": "multicast",
    "240.0.0.1": "reserved",
    "255.255.255.255": "broadcast",
    "::": "this machine",
    "::1": "loopback",
    "fe80::1": "link-local",
    "fc00::1": "private",
    "fd00:ec2::254": "private, where a cloud tells machines their credentials",
    "ff02::1": "multicast",
    "2001:db8::1": "documentation",
    "::127.0.0.1": "compatible with IPv4, which is no more",
    "::ffff:127.0.0.1": "loopback, mapped",
    "::ffff:10.1.2.3": "private, mapped",
    "64:ff9b::7f00:1": "loopback, through NAT64",
    "2002:7f00:1::1": "loopback, through 6to4",
    "2001:0:4136:e378:8000:63bf:f5ff:fffe": "private, through Teredo",
}


@pytest.mark.parametrize("address", PUBLIC)
def test_an_address_of_the_internet_is_public(address: str):
    assert is_public(ip_address(address))


@pytest.mark.parametrize("address", NOT_PUBLIC, ids=NOT_PUBLIC.get)
def test_an_address_of_somebody_s_own_network_is_not(address: str):
    assert not is_public(ip_address(address))


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.1", "0x7f.0.0.1", "2130706433", "0", "0177.0.0.1"])
def test_a_host_that_is_this_machine_by_any_spelling_is_refused(host: str):
    with pytest.raises(Refused, match="is not public"):
        Destination.of(f"http://{host}/").addresses(NOBODY_ELSE, 5)


@pytest.mark.parametrize(
    "host",
    [
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[::]",
        "[::ffff:a9fe:a9fe]",
        "\uff11\uff12\uff17.0.0.1",
        "\u2460\u2461\u2466.0.0.1",
    ],
)
def test_so_is_one_in_ipv6_or_in_other_digits(host: str):
    with pytest.raises(Refused, match="is not public"):
        Destination.of(f"http://{host}/").addresses(NOBODY_ELSE, 5)


def test_an_allowed_name_address_or_network_is_not_refused():
    to = Destination.of("http://localhost:5000/")
    for allowed in ("localhost", "LOCALHOST", "127.0.0.0/8", "127.0.0.1"):
        policy = Policy(allow=(allowed, "::1"))
        assert {address[0] for _, address in to.addresses(policy, 5)} <= {"127.0.0.1", "::1"}


def test_an_allowed_network_is_no_allowed_neighbour():
    with pytest.raises(Refused, match=r"127\.0\.0\.1 is not public"):
        Destination.of("http://127.0.0.1/").addresses(Policy(allow=("10.0.0.0/8", "128.0.0.0/8")), 5)


def test_names_are_allowed_whole_or_by_their_end():
    policy = Policy(allow=("hooks.team.local", ".svc.cluster.local"))
    said = ["hooks.team.local", "HOOKS.team.local.", "a.b.svc.cluster.local", "x.hooks.team.local", "svc.cluster.local"]
    assert [policy.names(host) for host in said] == [True, True, True, False, False]
    assert not policy.names("evilsvc.cluster.local")


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("", "http://"),
        ("//example.com/", "http://"),
        ("ftp://example.com/", "http://"),
        ("file:///etc/passwd", "http://"),
        ("gopher://example.com:6379/_FLUSHALL", "http://"),
        ("http://", "http://"),
        ("http:///path", "http://"),
        ("http://user@example.com/", "no user"),
        ("http://user:pass@example.com/", "no user"),
        ("http://@example.com/", "no user"),
        ("http://example.com:22/", "not to 22"),
        ("http://example.com:25/", "not to 25"),
        ("http://example.com:0/", "not to 0"),
        ("http://example.com:2049/", "not to 2049"),
        ("http://example.com:6667/", "not to 6667"),
        ("http://example.com:99999/", "no URL"),
        ("http://example.com:port/", "no URL"),
        ("http://[::1/", "no URL"),
        ("http://a..b/", "no URL"),
        ("http://example.com/a b", "no spaces"),
        ("http://example.com/\r\nX-Other: 1", "no spaces"),
        ("http://example.com\\@127.0.0.1/", "no spaces"),
        ("http://example.com/" + "a" * 2048, "at most 2048"),
    ],
)
def test_what_is_no_url_of_a_callback_is_refused_before_anything_is_looked_up(url: str, why: str):
    with pytest.raises(Refused, match=why):
        Destination.of(url)


@pytest.mark.parametrize(
    ("url", "authority", "target"),
    [
        ("http://example.com", "example.com", "/"),
        ("http://example.com:80/a", "example.com", "/a"),
        ("https://example.com:443/a?b=c#d", "example.com", "/a?b=c"),
        ("https://example.com:8443/", "example.com:8443", "/"),
        ("http://localhost:5000", "localhost:5000", "/"),
        ("http://[2606:2800::1]:8080/x%20y?q=%C3%A9", "[2606:2800::1]:8080", "/x%20y?q=%C3%A9"),
        ("HTTP://EXAMPLE.com/é", "example.com", "/%C3%A9"),
        ("http://bücher.example/", "xn--bcher-kva.example", "/"),
    ],
)
def test_a_url_says_whom_to_ask_for_what(url: str, authority: str, target: str):
    to = Destination.of(url)
    assert (to.authority, to.target) == (authority, target)


@pytest.mark.parametrize(
    "url", ["http://\xa0", "http://a\u3000b/", "http://a\uff0fb/", "http://a\uff03b/", "http://a\uff20b/"]
)
def test_a_host_that_is_none_when_what_looks_alike_is_the_same_is_refused(url: str):
    with pytest.raises(Refused):
        Destination.of(url)


@settings(deadline=None)
@given(
    st.text()
    | st.builds("{}://{}:{}/{}".format, st.sampled_from(["http", "https", "x"]), st.text(), st.text(), st.text())
)
def test_whatever_somebody_says_is_a_destination_or_refused(url: str):
    try:
        to = Destination.of(url)
    except Refused:
        return
    assert f"{to.authority}{to.target}".isascii()
    assert not set(f"{to.authority}{to.target}") & set(" \r\n\t\0")
    assert to.target.startswith("/")


def test_a_name_that_is_none_is_an_error_of_the_network():
    with pytest.raises(OSError, match=r"not known|No address|failure"):
        Destination.of("http://nowhere.invalid/").addresses(NOBODY_ELSE, 20)


def test_a_resolver_that_takes_its_time_is_not_waited_for():
    never = threading.Event()
    try:
        with pytest.raises(TimeoutError):
            in_time(never.wait, 0.05)
    finally:
        never.set()
