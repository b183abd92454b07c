"""Servers that are broken or hostile."""

import asyncio
import gzip
import socket
import time
import zlib
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.collector.sites import Sites
from services.collector.sources.base import SourceError
from services.collector.tests.sources.collecting_all import batches_of, values_of
from services.collector.tests.sources.web import (
    ONE,
    answer,
    answering,
    api,
    error_of,
    head,
    serving,
    with_limits,
    with_secret,
)


async def test_a_server_that_nobody_runs_is_unavailable() -> None:
    async with answering(answer(ONE)) as origin:
        pass
    with pytest.raises(SourceError, match="the connection failed") as caught:
        await batches_of(api(origin))

    assert ("source-unavailable", False) == (caught.value.kind, caught.value.permanent)


async def test_a_name_that_nobody_has_is_unavailable() -> None:
    with pytest.raises(SourceError) as caught:
        await batches_of(api("http://no-such-host.invalid/"))

    assert ("source-unavailable", False) == (caught.value.kind, caught.value.permanent)


async def test_bytes_that_come_one_by_one_end_with_the_time() -> None:
    async def drip(writer: asyncio.StreamWriter) -> None:
        writer.write(head("Content-Length: 1000000"))
        for _ in range(1_000):
            writer.write(b" ")
            await writer.drain()
            await asyncio.sleep(0.01)

    begun = time.monotonic()
    error = await error_of(drip, timeout_seconds=0.2)

    assert "the answer was not complete after 0.2 seconds" == error.detail
    assert not error.permanent
    assert time.monotonic() - begun < 9.0


async def test_a_head_that_comes_byte_by_byte_ends_with_the_time() -> None:
    async def drip(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
        for _ in range(1_000):
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(0.01)

    error = await error_of(drip, timeout_seconds=0.2)

    assert "source-unavailable" == error.kind


async def test_a_head_without_end_is_cut_off() -> None:
    async def flood(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n")
        for number in range(100_000):
            writer.write(f"X-{number}: {'x' * 1_000}\r\n".encode())
            await writer.drain()

    error = await error_of(flood, timeout_seconds=10)

    assert "source-unavailable" == error.kind


async def test_a_body_without_end_is_cut_off() -> None:
    sent = 0

    async def endless(writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        writer.write(head("Transfer-Encoding: chunked"))
        piece = b"10000\r\n" + b" " * 0x10000 + b"\r\n"
        while True:
            writer.write(piece)
            await writer.drain()
            sent += len(piece)

    error = await error_of(endless, with_limits(page_bytes=1_000_000))

    assert ("too-large", True) == (error.kind, error.permanent)
    # What the buffers of both sides hold, too.
    assert sent < 20_000_000


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
async def test_a_zip_bomb_is_not_unpacked(coding: str) -> None:
    bomb = zlib.compress(b" " * 50_000_000, 9)
    if coding == "gzip":
        bomb = gzip.compress(b" " * 50_000_000)
    assert len(bomb) < 100_000

    error = await error_of(answer(bomb, Content_Encoding=coding), with_limits(page_bytes=1_000_000))

    assert ("too-large", True) == (error.kind, error.permanent)


def _raw_deflate(body: bytes) -> bytes:
    packing = zlib.compressobj(wbits=-15)
    return packing.compress(body) + packing.flush()


@pytest.mark.parametrize(
    ("coding", "body"),
    [
        ("gzip", gzip.compress(ONE)),
        ("x-gzip", gzip.compress(ONE)),
        ("GZIP", gzip.compress(ONE[:5]) + gzip.compress(ONE[5:])),
        ("deflate", zlib.compress(ONE)),
        ("deflate", _raw_deflate(ONE)),
        ("identity", ONE),
    ],
)
async def test_packed_answers_are_unpacked(coding: str, body: bytes) -> None:
    async with answering(answer(body, Content_Encoding=coding)) as origin:
        assert [{"record_id": "a"}] == values_of(await batches_of(api(origin)))


@pytest.mark.parametrize(
    ("coding", "body", "permanent"),
    [
        ("br", ONE, True),
        ("gzip, gzip", gzip.compress(gzip.compress(ONE)), True),
        ("gzip", ONE, True),
        ("gzip", gzip.compress(ONE)[:-4], False),
        ("deflate", zlib.compress(ONE)[:-2], False),
        ("gzip", gzip.compress(ONE) + b"rubbish", True),
    ],
)
async def test_answers_that_are_packed_wrongly_are_refused(
    coding: str, body: bytes, permanent: bool
) -> None:
    error = await error_of(answer(body, Content_Encoding=coding))

    assert permanent == error.permanent


async def test_a_body_shorter_than_its_length_is_tried_again() -> None:
    tries = 0

    async def short(writer: asyncio.StreamWriter) -> None:
        nonlocal tries
        tries += 1
        writer.write(head(f"Content-Length: {len(ONE) + (1 if tries < 3 else 0)}") + ONE)

    async with answering(short) as origin:
        assert [{"record_id": "a"}] == values_of(await batches_of(api(origin)))
    assert 3 == tries


async def test_a_body_longer_than_its_length_is_refused() -> None:
    async def long(writer: asyncio.StreamWriter) -> None:
        writer.write(head("Content-Length: 5") + ONE)

    error = await error_of(long)

    # By the client, when the rest comes with it; else by the parser of what is there.
    assert error.kind in {"source-unavailable", "bad-response"}


async def test_a_connection_that_is_reset_is_tried_again() -> None:
    tries = 0

    async def reset(writer: asyncio.StreamWriter) -> None:
        nonlocal tries
        tries += 1
        if tries < 3:
            writer.write(head("Content-Length: 1000") + b"[")
            await writer.drain()
            writer.transport.abort()
        else:
            await answer(ONE)(writer)

    async with answering(reset) as origin:
        assert [{"record_id": "a"}] == values_of(await batches_of(api(origin)))


async def test_what_is_no_http_is_unavailable() -> None:
    async def chat(writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mail.example ESMTP\r\n\r\n")

    assert "source-unavailable" == (await error_of(chat)).kind


async def test_no_error_says_what_was_sent(tmp_path: Path) -> None:
    async def echo(request: web.BaseRequest) -> web.StreamResponse:
        token = request.headers["Authorization"]
        return web.Response(status=403, reason="no", text=token)

    async with serving(echo) as origin:
        sites = with_secret(tmp_path, "s3cret-value", origin)
        with pytest.raises(SourceError) as caught:
            await batches_of(api(origin, sites, auth={"secret": "shop-token"}))

    assert "s3cret" not in caught.value.detail


@settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=80)
    | st.from_regex(r"[a-z0-9.-]{1,80}", fullmatch=True)
    | st.from_regex(r"\[[0-9a-f:.%]{2,40}\]", fullmatch=True)
)
async def test_whatever_a_redirect_leads_to_is_refused_or_unavailable(
    monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    resolve = socket.getaddrinfo

    def nowhere(name: str | bytes, *args: Any, **kwargs: Any) -> Any:
        if name == "127.0.0.2":
            return resolve(name, *args, **kwargs)
        if isinstance(name, str):
            name.encode("idna")  # as the real one does first
        raise socket.gaierror(socket.EAI_NONAME, "nobody has this name")

    monkeypatch.setattr(socket, "getaddrinfo", nowhere)

    async def redirect(writer: asyncio.StreamWriter) -> None:
        writer.write(
            b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\nConnection: close\r\nLocation: http://"
            + host.encode()
            + b"/\r\n\r\n"
        )

    sites = Sites(networks=[ip_network("127.0.0.2/32")])
    error = await error_of(redirect, sites, host="127.0.0.2")

    assert error.kind in {"forbidden-address", "bad-response", "source-unavailable"}


@settings(max_examples=60, deadline=None)
@given(st.text(st.characters(codec="ascii", exclude_characters="\r\n"), max_size=40))
async def test_whatever_is_in_a_link_header_leads_on_or_is_refused(text: str) -> None:
    async def linked(writer: asyncio.StreamWriter) -> None:
        writer.write(head(f"Content-Length: {len(ONE)}", f'Link: <{text}>; rel="next"') + ONE)

    async with answering(linked) as origin:
        try:
            await batches_of(api(origin, with_limits(pages=2), paging={"kind": "link"}))
        except SourceError:
            return
