"""What is read of the answers of an API."""

import asyncio
import zlib
from typing import Any

import orjson
import pytest
from aiohttp import web

from services.collector.sources.base import SourceError
from services.collector.tests.sources.collecting_all import batches_of, rejects_of, values_of
from services.collector.tests.sources.web import (
    ONE,
    answer,
    answering,
    api,
    error_of,
    serving,
)


@pytest.mark.parametrize("kind", ["text/html", "", "application/octet-stream", "application/xml"])
async def test_an_answer_of_another_type_is_refused(kind: str) -> None:
    async def page(writer: asyncio.StreamWriter) -> None:
        writer.write(
            b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: %s\r\n\r\n" % kind.encode()
            + ONE
        )

    error = await error_of(page)

    assert ("bad-response", True) == (error.kind, error.permanent)
    assert "not JSON" in error.detail


@pytest.mark.parametrize(
    "kind",
    ["application/json", "APPLICATION/JSON ; charset=UTF-8", "application/hal+json", "text/json"],
)
async def test_every_name_of_json_is_taken(kind: str) -> None:
    async def page(writer: asyncio.StreamWriter) -> None:
        writer.write(
            b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: %s\r\n\r\n" % kind.encode()
            + ONE
        )

    async with answering(page) as origin:
        assert values_of(await batches_of(api(origin)))


async def _typed(charset: str, text: bytes) -> Any:
    async def typed(_: web.BaseRequest) -> web.StreamResponse:
        return web.Response(
            body=text, headers={"Content-Type": f"application/json; charset={charset}"}
        )

    async with serving(typed) as origin:
        return values_of(await batches_of(api(origin)))


@pytest.mark.parametrize("charset", ["utf-8", "iso-8859-1", "windows-1252", "utf-16", '"UTF-8"'])
async def test_text_is_read_in_the_encoding_that_is_declared(charset: str) -> None:
    text = '[{"record_id":"Käse"}]'.encode(charset.strip('"'))

    assert [{"record_id": "Käse"}] == await _typed(charset, text)


@pytest.mark.parametrize(
    ("charset", "text"),
    [
        ("utf-8", '[{"record_id":"Käse"}]'.encode("iso-8859-1")),
        ("utf-8", '[{"record_id":"a"}]'.encode("utf-16")),
        ("us-ascii", '[{"record_id":"Käse"}]'.encode()),
        ("klingon", ONE),
        ("zlib_codec", zlib.compress(ONE)),
        ("rot13", ONE),
    ],
)
async def test_text_in_another_encoding_is_refused(charset: str, text: bytes) -> None:
    with pytest.raises(SourceError) as caught:
        await _typed(charset, text)

    assert ("bad-encoding", True) == (caught.value.kind, caught.value.permanent)


async def test_a_byte_order_mark_is_passed_over() -> None:
    assert [{"record_id": "a"}] == await _typed("utf-8", b"\xef\xbb\xbf" + ONE)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[",
        b"{}",
        b"null",
        b'"text"',
        b"[" * 100_000,
        b'[{"a":' * 2_000 + b"1" + b"}]" * 2_000,
        b'[{"a":"\\ud800"}]',
        b"[1] [2]",
    ],
)
async def test_a_document_that_is_no_list_of_records_is_refused(body: bytes) -> None:
    error = await error_of(answer(body))

    assert ("bad-response", True) == (error.kind, error.permanent)
    assert len(error.detail) < 200


async def test_a_list_that_is_not_where_it_should_be_is_refused() -> None:
    error = await error_of(answer(b'{"data":{"items":{}}}'), records="data.items")

    assert "an answer has no list at 'data.items'" == error.detail


async def test_rows_that_are_no_objects_are_rejected_and_the_others_kept() -> None:
    body = b'[1, {"record_id":"a"}, null, "x", [], {"record_id":"b"}]'
    async with answering(answer(body)) as origin:
        batches = await batches_of(api(origin))

    assert [{"record_id": "a"}, {"record_id": "b"}] == values_of(batches)
    positions = [reject.position for reject in rejects_of(batches)]
    assert [f"page 1, record {number}" for number in (1, 3, 4, 5)] == positions


async def test_nan_and_infinities_cost_only_the_records_that_have_them() -> None:
    """Shaping rejects them; a document of a thousand others must not be lost with them."""
    body = b'[{"q":NaN},{"q":-Infinity},{"q":1e999},{"q":1.5}]'
    async with answering(answer(body)) as origin:
        found = values_of(await batches_of(api(origin)))

    assert ["nan", "-inf", "inf", "1.5"] == [str(values["q"]) for values in found]


async def test_integers_of_any_size_are_exact() -> None:
    number = 123_456_789_012_345_678_901_234
    async with answering(answer(b'[{"record_id":%d}]' % number)) as origin:
        assert [{"record_id": number}] == values_of(await batches_of(api(origin)))


async def test_an_integer_of_a_million_digits_is_refused_at_once() -> None:
    error = await error_of(answer(b"[" + b"9" * 1_000_000 + b"]"))

    assert "bad-response" == error.kind


async def test_times_with_and_without_zones_come_as_they_were_written() -> None:
    times = ["2026-01-01T00:00:00Z", "2026-01-01T00:00:00+05:30", "2026-01-01 00:00", "1/2/26"]
    body = orjson.dumps([{"at": at} for at in times])
    async with answering(answer(body)) as origin:
        found = values_of(await batches_of(api(origin)))

    assert times == [values["at"] for values in found]


async def test_a_row_of_ten_thousand_columns_is_given_to_shaping() -> None:
    body = orjson.dumps([{f"c{number}": number for number in range(10_000)}])
    async with answering(answer(body)) as origin:
        (values,) = values_of(await batches_of(api(origin)))

    assert 10_000 == len(values)
