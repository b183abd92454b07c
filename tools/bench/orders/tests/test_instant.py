"""The server that answers at once, over a connection of its own."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import pytest

from libs.dynamo import Put
from tools.bench.orders.database import connected
from tools.bench.orders.full_load import instant_database

type Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


def _request(action: str, body: bytes = b"{}") -> bytes:
    head = f"X-Amz-Target: DynamoDB_20120810.{action}\r\nContent-Length: {len(body)}"
    return b"POST / HTTP/1.1\r\nHost: localhost\r\n" + head.encode() + b"\r\n\r\n" + body


WRITE = _request("TransactWriteItems", b'{"TransactItems": "\r\n\r\n"}')
QUERY = _request("Query")
EMPTY = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"


async def test_every_request_of_a_segment_is_answered_in_order(server: str) -> None:
    async with _connected(server) as (reader, writer):
        writer.write(WRITE + QUERY + WRITE)

        answers = [await _answer(reader) for _ in range(3)]

    assert [{}, {"Count": 0, "Items": [], "ScannedCount": 0}, {}] == answers


@pytest.mark.parametrize("whole", [WRITE, QUERY, EMPTY], ids=["write", "query", "no body"])
async def test_a_request_is_answered_when_its_last_byte_is_there(server: str, whole: bytes) -> None:
    async with _connected(server) as (reader, writer):
        for position in range(len(whole) - 1):
            writer.write(whole[position : position + 1])
            await writer.drain()
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(reader.read(1), 0.1)

        # The rest of one request and all of the next: no byte is lost between them.
        writer.write(whole[-1:] + QUERY)

        first, second = await _answer(reader), await _answer(reader)

    assert first == ({"Count": 0, "Items": [], "ScannedCount": 0} if whole == QUERY else {})
    assert second["Items"] == []


async def test_the_services_client_takes_it_for_dynamodb(
    server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "local")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "local")
    async with connected(server) as dynamo:
        await dynamo.transact([Put(table="orders", item={"pk": "1"})])
        found = await dynamo.call("Query", {"TableName": "orders"})

    assert found["Items"] == []


@pytest.fixture(scope="module")
async def server() -> AsyncIterator[str]:
    """Its URL."""
    async with instant_database() as url:
        yield url


@asynccontextmanager
async def _connected(url: str) -> AsyncIterator[Connection]:
    address = urlsplit(url)
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    try:
        yield reader, writer
    finally:
        writer.close()
        await writer.wait_closed()


async def _answer(reader: asyncio.StreamReader) -> dict[str, object]:
    head = (await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)).decode()
    status, *headers = head.strip().split("\r\n")
    assert status == "HTTP/1.1 200 OK"
    length = next(each for each in headers if each.lower().startswith("content-length"))
    body = await reader.readexactly(int(length.partition(":")[2]))
    answer = json.loads(body)
    assert isinstance(answer, dict)
    return answer
