"""Requests: what goes out byte for byte, and what is never sent."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from libs.http_client import HttpClient
from libs.http_client.messages import render_head
from libs.http_client.testing import OK, answering, raw_server


async def test_a_request_goes_out_as_it_was_given() -> None:
    async with (
        raw_server(answering(OK)) as server,
        HttpClient(f"{server.url}/base/", timeout_seconds=5) as client,
    ):
        await client.request("POST", "/x?a=%20", headers={"X-One": "1"}, body=b"abc")
        await client.request("POST", "/")
        await client.request("GET", "/")
    host = f"Host: localhost:{server.port}\r\n"
    assert [
        f"POST /base/x?a=%20 HTTP/1.1\r\n{host}X-One: 1\r\nContent-Length: 3\r\n\r\n",
        f"POST /base/ HTTP/1.1\r\n{host}Content-Length: 0\r\n\r\n",
        f"GET /base/ HTTP/1.1\r\n{host}\r\n",
    ] == [call.head for call in server.calls]
    assert [b"abc", b"", b""] == [call.body for call in server.calls]


async def test_a_large_body_arrives_whole() -> None:
    body = bytes(range(256)) * 8_000
    async with (
        raw_server(answering(OK)) as server,
        HttpClient(server.url, timeout_seconds=10) as client,
    ):
        await client.request("PUT", "/", body=body)
    assert body == server.calls[0].body


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("http://example.test", "example.test"),
        ("http://example.test:80/a", "example.test"),
        ("https://example.test:443", "example.test"),
        ("http://example.test:8080", "example.test:8080"),
        ("https://[::1]:8443/", "[::1]:8443"),
        ("http://[::1]", "[::1]"),
    ],
)
def test_the_host_is_named_without_a_default_port(url: str, host: str) -> None:
    assert host == HttpClient(url, timeout_seconds=1).host


@pytest.mark.parametrize(
    "url", ["example.test", "ftp://x", "http://", "http://u:p@x", "http://x/?q", "http://x/#f"]
)
def test_what_is_no_base_url_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="a base URL"):
        HttpClient(url, timeout_seconds=1)


@pytest.mark.parametrize(
    ("method", "path", "headers"),
    [
        ("GET", "/\r\nX: y", {}),
        ("GET", "/a b", {}),
        ("GET", "/\x00", {}),
        ("GET", "/\u00e9", {}),
        ("GET", "x", {}),
        ("GET", "", {}),
        ("GET /x HTTP/1.1\r\n", "/", {}),
        ("get", "/", {}),
        ("CONNECT", "/", {}),
        ("GET", "/", {"X": "a\r\nY: b"}),
        ("GET", "/", {"X": "a\nY: b"}),
        ("GET", "/", {"X": "a\rb"}),
        ("GET", "/", {"X": "a\x00b"}),
        ("GET", "/", {"X": "\u2028"}),
        ("GET", "/", {"X": "\u00e9"}),
        ("GET", "/", {"X\r\nY": "a"}),
        ("GET", "/", {"X ": "a"}),
        ("GET", "/", {"X:": "a"}),
        ("GET", "/", {"": "a"}),
        ("GET", "/", {"Content-Length": "5"}),
        ("GET", "/", {"transfer-encoding": "chunked"}),
        ("GET", "/", {"Host": "other"}),
        ("GET", "/", {"Connection": "close"}),
    ],
)
async def test_what_could_be_read_in_two_ways_is_not_sent(
    method: str, path: str, headers: dict[str, str]
) -> None:
    async with raw_server(answering(OK)) as server:
        async with HttpClient(server.url, timeout_seconds=5) as client:
            with pytest.raises(ValueError, match="cannot send"):
                await client.request(method, path, headers=headers)
        assert server.connections == 0


def test_a_refusal_does_not_show_the_value_of_a_header() -> None:
    with pytest.raises(ValueError, match="X-Key") as caught:
        render_head("GET", "/", "h", {"X-Key": "secret\n"}, 0)
    assert "secret" not in str(caught.value)
    with pytest.raises(ValueError, match="ASCII") as caught:
        render_head("GET", "/", "h", {"X-Key": "secret\u00e9"}, 0)
    assert "secret" not in str(caught.value)
    assert caught.value.__cause__ is None


@given(
    path=st.text(max_size=20).map(lambda text: f"/{text}"),
    headers=st.dictionaries(st.text(max_size=8), st.text(max_size=20), max_size=3),
)
@settings(max_examples=300, deadline=None)
def test_a_head_has_one_line_for_each_field_or_is_refused(
    path: str, headers: dict[str, str]
) -> None:
    try:
        head = render_head("POST", path, "h", headers, 3)
    except ValueError:
        return
    lines = head.decode("ascii").split("\r\n")
    fields = [f"{name}: {value}" for name, value in headers.items()]
    assert [f"POST {path} HTTP/1.1", "Host: h", *fields, "Content-Length: 3", "", ""] == lines
    assert not any(character in line for line in lines for character in "\r\n\0")
