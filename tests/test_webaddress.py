"""Addresses: what is one, and that no secret of one is ever shown."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.webaddress import Login, WebAddress, is_public, on_the_web, shown

SECRET = st.text("abcdefghijk0123456789", min_size=8, max_size=20).map("s3cr3t{}".format)


@given(
    scheme=st.sampled_from(["https", "HTTP", "webcal"]),
    password=SECRET,
    path=SECRET,
    query=SECRET,
    port=st.sampled_from(["", ":8443", ":x", ":99999"]),
)
def test_no_secret_is_shown(scheme: str, password: str, path: str, query: str, port: str) -> None:
    text = f"{scheme}://li:{password}@Calendar.example{port}/{path}/basic.ics?key={query}#{path}"
    told = [shown(text)]
    try:
        address = WebAddress.parse(text)
    except ValueError as error:
        assert port in {":x", ":99999"}
        told.append(str(error))
    else:
        told += [str(address), repr(address)]
        assert address.login == Login(user="li", password=password)
        assert "@" not in address.url
        assert WebAddress.parse(address.url).url == address.url
    assert not any("s3cr3t" in words for words in told)


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("webcal://calendar.example/a.ics", "https://calendar.example/a.ics"),
        ("HTTPS://Calendar.Example", "https://calendar.example/"),
        ("http://calendar.example.:8080/a?b=c#d", "http://calendar.example:8080/a?b=c"),
        ("https://[2001:DB8::1]:8443/a", "https://[2001:db8::1]:8443/a"),
        (" https://calendar.example/a\n", "https://calendar.example/a"),
        ("https://医院.example/日历.ics", "https://医院.example/日历.ics"),
    ],
)
def test_the_ways_to_write_one(text: str, url: str) -> None:
    assert WebAddress.parse(text).url == url


@pytest.mark.parametrize(
    "text",
    [
        *("ftp://a.example/", "file:///etc/passwd", "https://", "https:///a", "https://a b/"),
        *("C:\\a.ics", "https://a.example:0x/", "https://[::1/", "https://a.example/\x00"),
        "javascript://a",
    ],
)
def test_what_is_none(text: str) -> None:
    with pytest.raises(ValueError, match=r"is no address on the web|must begin with https://"):
        WebAddress.parse(text)


def test_files_are_files() -> None:
    for name in ("chairs.ics", "/srv/chairs.ics", "C:\\chairs.ics", "a:b.ics", "//share/a.ics"):
        assert not on_the_web(name)
        assert shown(name) == name
    assert on_the_web("ftp://a.example/a.ics")


def test_two_addresses_of_one_host_are_told_apart() -> None:
    one, other = (WebAddress.parse(f"https://a.example/{path}.ics") for path in "ab")
    assert str(one) != str(other)
    assert str(one).startswith("a.example [")


@pytest.mark.parametrize(
    ("target", "url", "with_login"),
    [
        ("/b", "https://a.example/b", True),
        ("https://a.example:443/b", "https://a.example:443/b", True),
        ("https://a.example:8443/b", "https://a.example:8443/b", False),
        ("http://a.example/b", "http://a.example/b", False),
        ("https://b.example/b", "https://b.example/b", False),
        ("https://x:y@b.example/b", "https://b.example/b", False),
    ],
)
def test_a_login_goes_along_on_one_server_only(target: str, url: str, with_login: bool) -> None:
    there = WebAddress.parse("https://li:geheim@a.example/a").at(target)
    assert (there.url, there.login is not None) == (url, with_login)


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "0.0.0.0"),
        *("100.100.100.200", "224.0.0.1", "224.0.1.1", "255.255.255.255", "240.0.0.1"),
        *("168.63.129.16", "::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1", "fd00:ec2::254"),
        *("ff02::1", "ff0e::1", "::ffff:10.0.0.1", "64:ff9b::a00:1", "2002:a00:1::", "2001:db8::1"),
    ],
)
def test_addresses_that_are_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "2001:4860:4860::8888", "64:ff9b::808:808"])
def test_addresses_that_are_public(address: str) -> None:
    assert is_public(address)
