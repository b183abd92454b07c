"""Responses: where they end, whatever the pieces they come in, and what is refused."""

import asyncio
from http import HTTPStatus

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from libs.http_client import BadResponseError, ConnectionLostError, HttpClient, TimedOutError
from libs.http_client.testing import OK, Call, answering, raw_server

CHUNKED = (
    b"HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\nX-One: 1\r\n\r\n"
    b"3;ext=1\r\nabc\r\n2\r\nde\r\n0\r\nX-Trailer: 1\r\n\r\n"
)
FINAL = b"HTTP/1.1 201 Created\r\nContent-Length: 5\r\nX-One: 1\r\n\r\nabcde"
INTERIM = b"HTTP/1.1 100 Continue\r\nX-Early: 1\r\n\r\n"
HINTS = b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"


@pytest.mark.parametrize("answer", [CHUNKED, FINAL, INTERIM + HINTS + FINAL])
async def test_a_response_is_the_same_wherever_it_is_cut(answer: bytes) -> None:
    cut = 0

    async def in_two(call: Call) -> None:
        await call.send(answer[:cut])
        await asyncio.sleep(0.001)
        await call.send(answer[cut:])

    async with raw_server(in_two) as server, HttpClient(server.url, timeout_seconds=5) as client:
        for cut in range(len(answer)):  # noqa: B007 - read by the handler
            response = await client.request("GET", "/")
            assert (201, b"abcde") == (response.status, response.body)
            assert response.headers["x-one"] == "1"
            assert not {"x-early", "link", "x-trailer"} & set(response.headers)
        assert server.connections == 1


async def test_a_response_may_come_byte_by_byte() -> None:
    async def slowly(call: Call) -> None:
        for byte in CHUNKED:
            await call.send(bytes([byte]))
            await asyncio.sleep(0)

    async with raw_server(slowly) as server, HttpClient(server.url, timeout_seconds=5) as client:
        assert (await client.request("GET", "/")).body == b"abcde"


async def test_a_server_that_is_slow_byte_by_byte_does_not_hold_a_request_for_ever() -> None:
    async def too_slowly(call: Call) -> None:
        for byte in FINAL:
            await call.send(bytes([byte]))
            await asyncio.sleep(0.05)

    async with (
        raw_server(too_slowly) as server,
        HttpClient(server.url, timeout_seconds=0.2) as client,
    ):
        with pytest.raises(TimedOutError) as caught:
            await client.request("GET", "/")
        assert caught.value.sent


@pytest.mark.parametrize("answer", [CHUNKED, FINAL])
async def test_a_response_that_is_cut_off_is_never_taken_for_a_whole_one(answer: bytes) -> None:
    async def cut_off(call: Call) -> None:
        await call.send(answer[: len(server.calls) - 1])
        call.close()

    async with raw_server(cut_off) as server, HttpClient(server.url, timeout_seconds=5) as client:
        for _ in range(len(answer)):
            with pytest.raises(ConnectionLostError) as caught:
                await client.request("GET", "/", repeatable=True)
            assert caught.value.sent


async def test_a_body_without_a_length_ends_with_its_connection() -> None:
    async def until_closed(call: Call) -> None:
        await call.send(HINTS.replace(b"Link: </x>", b"Content-Length: 0"))
        await call.send(b"HTTP/1.1 200 OK\r\n\r\nabc")
        await asyncio.sleep(0.01)
        await call.send(b"de")
        call.close()

    async with (
        raw_server(until_closed) as server,
        HttpClient(server.url, timeout_seconds=5) as client,
    ):
        for _ in range(2):
            assert (await client.request("GET", "/")).body == b"abcde"
        assert server.connections == 2


@pytest.mark.parametrize(
    ("method", "answer"),
    [
        ("HEAD", b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"),
        ("HEAD", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"),
        ("DELETE", b"HTTP/1.1 204 No Content\r\n\r\n"),
        ("GET", b"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n"),
        ("GET", b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"),
    ],
)
async def test_an_empty_response_leaves_its_connection_in_use(method: str, answer: bytes) -> None:
    async with (
        raw_server(answering(answer)) as server,
        HttpClient(server.url, timeout_seconds=5) as client,
    ):
        for _ in range(3):
            assert (await client.request(method, "/")).body == b""
        assert server.connections == 1


@pytest.mark.parametrize(
    "answer",
    [
        OK.replace(b"\r\n", b"\r\nConnection: close\r\n", 1),
        OK.replace(b"HTTP/1.1", b"HTTP/1.0"),
        OK + b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged",
        OK + b"garbage",
        b"HTTP/1.1 204 No Content\r\nContent-Length: 2\r\n\r\nno",
    ],
)
async def test_a_connection_that_cannot_be_trusted_further_is_not_used_again(answer: bytes) -> None:
    async with (
        raw_server(answering(answer, OK)) as server,
        HttpClient(server.url, timeout_seconds=5) as client,
    ):
        first = await client.request("GET", "/")
        assert first.body == (b"" if first.status == HTTPStatus.NO_CONTENT else b"ok")
        assert (await client.request("GET", "/")).body == b"ok"
        assert server.connections == 2


async def test_a_body_in_the_answer_to_head_is_not_the_next_response() -> None:
    async with (
        raw_server(answering(FINAL, OK)) as server,
        HttpClient(server.url, timeout_seconds=5) as client,
    ):
        assert (await client.request("HEAD", "/")).body == b""
        assert (await client.request("GET", "/")).body == b"ok"
        assert server.connections == 2


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        (b"SSH-2.0-OpenSSH_9.9\r\n\r\n", "no HTTP response"),
        (b"\x16\x03\x01\x00\x02\x02\x28", "no HTTP response"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nokk", "no HTTP"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", "no HTTP response"),
        (
            b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            "no HTTP response",
        ),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "no HTTP response"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nx", "transfer coding other than"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", "other than"),
        (b"HTTP/1.1 200 OK\r\nName : value\r\nContent-Length: 0\r\n\r\n", "no HTTP response"),
        (b"HTTP/1.1 200 OK\r\nA: b\r\n\x00\r\n\r\n", "no HTTP response"),
        (b"HTTP/1.1 200 OK\r\nX: " + b"x" * 70_000 + b"\r\n\r\n", "the head is over"),
        (INTERIM * 5_000, "the head is over"),
        (b"HTTP/1.1 200 OK\r\nX: " + b"x" * 140_000, "the head is over"),
        (
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
            "another protocol",
        ),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 101\r\n\r\n" + b"x" * 101, "the body is over 100"),
        (b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 101, "the body is over 100"),
    ],
)
async def test_what_is_no_usable_response_is_an_error(answer: bytes, problem: str) -> None:
    async with (
        raw_server(answering(answer, OK)) as server,
        HttpClient(server.url, timeout_seconds=5, max_body_bytes=100) as client,
    ):
        with pytest.raises(BadResponseError, match=problem) as caught:
            await client.request("GET", "/")
        assert caught.value.sent
        assert (await client.request("GET", "/")).body == b"ok"
        assert server.connections == 2


async def test_fields_are_found_by_lower_case_name_and_repeated_ones_joined() -> None:
    answer = b"HTTP/1.1 200 OK\r\nX-Empty:\r\nVary: a\r\nvary: b\r\nContent-Length: 0\r\n\r\n"
    async with (
        raw_server(answering(answer)) as server,
        HttpClient(server.url, timeout_seconds=5) as client,
    ):
        headers = (await client.request("GET", "/")).headers
    assert {"x-empty": "", "vary": "a, b", "content-length": "0"} == headers


@given(
    bodies=st.lists(st.binary(max_size=300), min_size=1, max_size=4),
    chunk=st.integers(1, 50),
    piece=st.integers(1, 80),
)
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
async def test_bodies_come_as_they_were_sent(bodies: list[bytes], chunk: int, piece: int) -> None:
    async def in_pieces(call: Call) -> None:
        body = bodies[(len(server.calls) - 1) % len(bodies)]
        chunks = [body[at : at + chunk] for at in range(0, len(body), chunk)]
        coded = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in [*chunks, b""])
        answer = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + coded
        for at in range(0, len(answer), piece):
            await call.send(answer[at : at + piece])
            await asyncio.sleep(0)

    async with raw_server(in_pieces) as server, HttpClient(server.url, timeout_seconds=5) as client:
        for body in bodies:
            assert body == (await client.request("GET", "/")).body
        assert server.connections == 1


@given(st.binary(max_size=200), st.booleans())
@settings(max_examples=60, deadline=None)
async def test_garbage_is_an_error_and_never_a_hang(data: bytes, whole: bool) -> None:
    async def answer(call: Call) -> None:
        await call.send((b"HTTP/1.1 200 OK\r\n" if whole else b"") + data)
        call.close()

    async with raw_server(answer) as server, HttpClient(server.url, timeout_seconds=5) as client:
        try:
            response = await client.request("GET", "/")
        except (BadResponseError, ConnectionLostError):
            return
        assert b"HTTP/" in data or whole
        assert response.body in data
