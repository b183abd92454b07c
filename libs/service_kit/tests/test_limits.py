"""Limits on the time of a request and on the number of requests worked on at once."""

import asyncio
import socket
import threading
import time
from collections.abc import AsyncIterator

import httpx
import pytest

from libs.service_kit import DEADLINE_HEADER, remaining_seconds
from libs.service_kit.testing import running
from libs.service_kit.tests.asking import client_of, problem_of
from libs.service_kit.tests.sample_app import Settings, build_app

APP = "libs.service_kit.tests.sample_app:app"


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    """A client of a sample with the usual limits."""
    async with client_of(build_app(Settings(request_timeout_seconds=5))) as client:
        yield client


@pytest.mark.parametrize(
    ("offered", "low", "high"), [(None, 4, 5), ("2000", 1, 2), ("60000", 4, 5)]
)
async def test_the_lesser_limit_holds_and_is_told(
    client: httpx.AsyncClient, offered: str | None, low: float, high: float
) -> None:
    headers = {DEADLINE_HEADER: offered} if offered else {}
    response = await client.get("/remaining", headers=headers)
    assert low < response.json()["seconds"] <= high
    assert remaining_seconds() is None


@pytest.mark.parametrize(
    ("wanted", "offered", "low", "high"),
    [("60", None, 59, 60), ("1", None, 4, 5), ("60", "20000", 19, 20), ("60", "2000", 1, 2)],
)
async def test_a_long_answer_gets_more_of_our_time_but_not_of_the_callers(
    client: httpx.AsyncClient, wanted: str, offered: str | None, low: float, high: float
) -> None:
    headers = {DEADLINE_HEADER: offered} if offered else {}
    response = await client.get("/long", params={"seconds": wanted}, headers=headers)
    assert low < response.json()["seconds"] <= high


async def test_a_download_may_take_longer_than_other_requests() -> None:
    async with client_of(build_app(Settings(request_timeout_seconds=0.3))) as client:
        response = await client.get("/long-download?seconds=0.8")
        assert response.text == "one two"


async def test_a_request_ends_when_its_caller_goes(client: httpx.AsyncClient) -> None:
    started = time.monotonic()
    response = await client.get("/slow?seconds=60", headers={DEADLINE_HEADER: "100"})
    assert "0.1 s" in problem_of(response, 503, "timed-out")["detail"]
    assert time.monotonic() - started < 4


@pytest.mark.parametrize("offered", ["0", "-0", "-5"])
async def test_a_caller_who_has_gone_gets_no_work(client: httpx.AsyncClient, offered: str) -> None:
    response = await client.get("/crash", headers={DEADLINE_HEADER: offered})
    problem_of(response, 503, "timed-out")
    page = (await client.get("/metrics")).text
    assert 'http_requests_refused_total{reason="timed-out"} 1.0' in page


@pytest.mark.parametrize("offered", ["soon", "", "1.5", "1 000", "0x10", "9" * 13, "--1"])
async def test_a_malformed_deadline_is_refused(client: httpx.AsyncClient, offered: str) -> None:
    response = await client.get("/remaining", headers={DEADLINE_HEADER: offered})
    assert repr(offered) in problem_of(response, 400, "bad-deadline")["detail"]


async def test_requests_beyond_the_limit_are_refused_at_once() -> None:
    async with client_of(build_app(Settings(max_concurrent_requests=2))) as client:
        slow = [asyncio.create_task(client.get("/slow?seconds=0.5")) for _ in range(2)]
        await asyncio.sleep(0.1)
        started = time.monotonic()
        refusal = await client.post("/things", json={"name": "a"})
        assert time.monotonic() - started < 0.3
        assert problem_of(refusal, 503, "overloaded")["max_concurrent_requests"] == 2
        assert refusal.headers["retry-after"] == "1"
        assert "connection" not in refusal.headers
        for path in ("/health", "/ready", "/metrics"):
            assert (await client.get(path)).status_code == 200
        page = (await client.get("/metrics")).text
        assert 'http_requests_refused_total{reason="overloaded"} 1.0' in page
        assert [answer.status_code for answer in await asyncio.gather(*slow)] == [200, 200]
        assert (await client.post("/things", json={"name": "a"})).status_code == 200


async def test_a_crash_makes_room_for_the_next() -> None:
    async with client_of(build_app(Settings(max_concurrent_requests=1))) as client:
        problem_of(await client.get("/crash"), 500, "internal-error")
        problem_of(await client.get("/crash"), 500, "internal-error")


@pytest.mark.parametrize(
    ("beginning", "more"),
    [
        (b"GET /", b"a" * 1_000),
        (b"GET / HTTP/1.1\r\nX-A: ", b"a" * 1_000),
        (b"GET / HTTP/1.1\r\n", b"X-A: " + b"a" * 1_000 + b"\r\n"),
    ],
)
def test_a_head_without_end_is_cut_off(beginning: bytes, more: bytes) -> None:
    with running(APP) as service:
        url = httpx.URL(service.url)
        for before in (b"", b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n"):
            with socket.create_connection((url.host, url.port or 0), timeout=10) as peer:
                peer.sendall(before + beginning)
                with pytest.raises(ConnectionError):
                    for _ in range(20_000):
                        peer.sendall(more)
        long = {"X-A": "a" * 30_000}
        assert httpx.get(f"{service.url}/things/1", headers=long).status_code == 200


@pytest.mark.parametrize(
    "framing",
    [
        "Content-Length: 256001",
        "Transfer-Encoding: chunked",
        "Content-Length: 10\r\nExpect: 100-continue",
    ],
)
def test_a_refused_body_is_not_waited_for(framing: str) -> None:
    with running(APP, MAX_CONCURRENT_REQUESTS="1") as service:
        url = httpx.URL(service.url)
        slow = threading.Thread(target=lambda: httpx.get(f"{service.url}/slow?seconds=2"))
        slow.start()
        service.wait_for("slow_started")
        with socket.create_connection((url.host, url.port or 0), timeout=1) as peer:
            peer.sendall(f"POST /things HTTP/1.1\r\nHost: x\r\n{framing}\r\n\r\n".encode())
            answer = b""
            while part := peer.recv(65_536):
                answer += part
        assert answer.startswith(b"HTTP/1.1 503 ")
        assert b"connection: close" in answer.lower()
        slow.join()
