"""Files that are wrong, hostile or broken are refused or reported, and leave nothing behind."""

import asyncio
import gzip
import io
import json
from collections.abc import AsyncIterator
from datetime import datetime

import httpx
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from libs.service_kit.testing_problems import problem
from services.data_processor.settings import Settings
from services.data_processor.tests.conftest import serving
from services.data_processor.tests.helpers import (
    COLUMNS,
    CSV,
    DEDUPLICATE,
    FILE,
    NDJSON,
    PARQUET,
    SALE,
    as_csv,
    as_ndjson,
    as_parquet,
    lines,
    post_file,
    sales,
)

GZIP = {"Content-Encoding": "gzip"}
HEADER = ",".join(COLUMNS).encode() + b"\n"
TABLE = pa.Table.from_pylist([SALE])


def _shared_text() -> bytes:
    """Return a Parquet file of a few kilobytes whose text columns would fill 2 GB."""
    column = pa.DictionaryArray.from_arrays(pa.array([0] * 200, pa.int32()), ["x" * 10_000_000])
    plain = pa.table({name: [SALE[name]] * 200 for name in SALE if name != "sku"})
    file = io.BytesIO()
    pq.write_table(plain.append_column("sku", column), file, compression="zstd")
    return file.getvalue()


@pytest.mark.parametrize(
    ("content", "headers", "kind", "detail"),
    [
        (b"", CSV, "unreadable-file", "empty"),
        (as_csv([SALE]).replace(b"APPLE", b"\xc4PFEL"), CSV, "bad-encoding", "byte 83 "),
        (as_csv([SALE]).decode().encode("utf-16"), CSV, "bad-encoding", "byte 0 "),
        (as_csv([SALE]).decode().encode("utf-16-le"), CSV, "bad-encoding", "byte 1 "),
        (as_csv([SALE]) + b"\xc3", CSV, "bad-encoding", "UTF-8"),
        (b"\xff\n", NDJSON, "bad-encoding", "byte 0 "),
        (as_csv([SALE]), {"Content-Type": "text/csv; charset=cp1252"}, "unknown-format", "UTF-8"),
        (as_csv([SALE]), {"Content-Type": "application/zip"}, "unknown-format", "text/csv"),
        (b"\n" + as_csv([SALE]), CSV, "bad-columns", "missing: 'record_id'"),
        (HEADER.replace(b"sku", b"SKU"), CSV, "bad-columns", "missing: 'sku'"),
        (HEADER.replace(b"kind", b"kind,colour"), CSV, "bad-columns", "unknown: 'colour'"),
        (HEADER.replace(b"kind", b"kind,kind"), CSV, "bad-columns", "more than once: 'kind'"),
        (b"c," * 10_000 + b"c\n", CSV, "bad-columns", "10001 columns"),
        (as_csv([SALE]).replace(b",", b";"), CSV, "bad-columns", "missing"),
        (as_csv([SALE]) + b'"open,' + b"x" * 6_000_000, CSV, "row-too-long", "quote"),
        (as_csv(sales(5)).replace(b"3,tills", b'"3,tills'), CSV, "unreadable-file", "quote"),
        (b'"' + b"x" * 200_000, CSV, "unreadable-file", "header"),
        (b" " * 1_000_001, NDJSON, "row-too-long", "line 1 "),
        (as_ndjson([SALE]) + b'{"a":"' + b"x" * 2_000_000, NDJSON, "row-too-long", "line 2 "),
        (b"PAR1 and so on PAR1", PARQUET, "unreadable-file", "Parquet"),
        (as_parquet([SALE])[:-9], PARQUET, "unreadable-file", "Parquet"),
        (as_parquet([{**SALE, "price": 1.99}]), PARQUET, "bad-columns", "price"),
        (as_parquet([{**SALE, "quantity": "1"}]), PARQUET, "bad-columns", "quantity"),
        (as_parquet([{**SALE, "sku": ["APPLE"]}]), PARQUET, "bad-columns", "sku"),
        (as_parquet([{**SALE, "colour": "red"}]), PARQUET, "bad-columns", "'colour'"),
        (as_parquet([{f"c{n}": 1 for n in range(10_000)}]), PARQUET, "bad-columns", "10000 col"),
        (_shared_text(), PARQUET, "row-too-long", "sku"),
        (as_csv([SALE]), {**CSV, **GZIP}, "unreadable-file", "gzip"),
        (gzip.compress(as_csv([SALE]))[:-5], {**CSV, **GZIP}, "unreadable-file", "gzip"),
        (gzip.compress(as_csv([SALE])) + b"rest", {**CSV, **GZIP}, "unreadable-file", "gzip"),
        (gzip.compress(b"a" * 20_000_000), {**CSV, **GZIP}, "unpacks-too-large", "100"),
    ],
)
async def test_a_file_that_is_not_one_of_records_is_refused(
    client: httpx.AsyncClient, content: bytes, headers: dict[str, str], kind: str, detail: str
) -> None:
    response = await post_file(client, content, headers)
    assert kind == problem(response)["kind"], response.text
    assert detail in problem(response)["detail"]


async def test_ragged_rows_are_reported_with_their_numbers(client: httpx.AsyncClient) -> None:
    good = as_csv(sales(4)).splitlines(keepends=True)
    content = b"".join([*good[:2], b"only,three,values\n", good[2], b"\n", good[3], b"x," * 9_999])
    response = await post_file(client, content + b"x\n" + good[4], CSV, answer="rejects")
    reports = [(reject["row"], reject["code"], reject["reason"]) for reject in lines(response)]
    assert [
        (2, "ragged", "The row has 3 values where the header has 9"),
        (5, "ragged", "The row has 10000 values where the header has 9"),
    ] == reports
    summary = json.loads(response.headers["x-transform-summary"])
    assert (6, 2, 4) == (summary["received"], summary["rejected"], summary["written"])


async def test_rows_keep_their_numbers_over_chunks(client: httpx.AsyncClient) -> None:
    records = as_csv(sales(60_000)).splitlines(keepends=True)
    for row in (1, 20_000, 39_999, 40_000, 59_999):
        records[row] = b"ragged\n"
        records[row + 1] = records[row + 1].replace(b"sale", b"gift")
    response = await post_file(client, b"".join(records), CSV, answer="rejects")
    places = {(reject["row"], reject["code"]) for reject in lines(response)}
    ragged = {(row, "ragged") for row in (1, 20_000, 39_999, 40_000, 59_999)}
    wrong = {(row, "literal_error") for row in (2, 20_001, 40_001, 60_000)}
    assert ragged | wrong == places


@pytest.mark.parametrize("value", ["nan", "NaN", "inf", "-Infinity", "1e999"])
async def test_numbers_that_are_not_finite_are_reported(
    client: httpx.AsyncClient, value: str
) -> None:
    content = as_csv([SALE, {**SALE, "quantity": value}])
    (reject,) = lines(await post_file(client, content, CSV, answer="rejects"))
    assert (2, "quantity", "finite_number") == (reject["row"], reject["field"], reject["code"])


async def test_json_lines_that_are_none_are_reported(client: httpx.AsyncClient) -> None:
    nested = b"[" * 5_000 + b"]" * 5_000
    wrong = [b"{", b'{"a": NaN}', b"1", b"\x1f", nested, b'{"sku": "\\ud800"}']
    content = b"\n".join([*wrong, b"", as_ndjson([SALE])])
    response = await post_file(client, content, NDJSON, answer="rejects")
    reported = {reject["row"]: reject["code"] for reject in lines(response)}
    assert {1, 2, 3, 4, 5, 6} == reported.keys()
    assert ("not_json", "not_json", "model_type") == (reported[1], reported[2], reported[3])
    assert 1 == json.loads(response.headers["x-transform-summary"])["written"]


async def test_times_without_a_zone_are_reported_beside_those_of_several_zones(
    client: httpx.AsyncClient,
) -> None:
    times = ["2026-11-20T10:00:00Z", "2026-11-20T19:00:00+09:00", "2026-11-20T10:00:00"]
    records = [{**SALE, "occurred_at": time} for time in times]
    kept = lines(await post_file(client, as_csv(records), CSV, output="ndjson"))
    assert ["2026-11-20T10:00:00Z"] * 2 == [record["occurred_at"] for record in kept]
    (reject,) = lines(await post_file(client, as_csv(records), CSV, answer="rejects"))
    assert (3, "occurred_at", "zoned_time") == (reject["row"], reject["field"], reject["code"])


async def test_parquet_times_without_a_zone_are_reported(client: httpx.AsyncClient) -> None:
    naive = pa.array([datetime(2026, 11, 20, 10)], pa.timestamp("ns"))  # noqa: DTZ001
    table = TABLE.set_column(TABLE.column_names.index("occurred_at"), "occurred_at", naive)
    (reject,) = lines(await post_file(client, as_parquet(table), PARQUET, answer="rejects"))
    assert ("occurred_at", "zoned_time") == (reject["field"], reject["code"])
    local = {"operation": "localise_times", "time_zone": "Europe/Berlin"}
    (record,) = lines(await post_file(client, as_parquet(table), PARQUET, local, output="ndjson"))
    assert "2026-11-20T09:00:00Z" == record["occurred_at"]


async def test_nulls_in_parquet_are_missing_fields(client: httpx.AsyncClient) -> None:
    table = pa.Table.from_pylist([SALE, dict.fromkeys(SALE)], schema=TABLE.schema)
    rejects = lines(await post_file(client, as_parquet(table), PARQUET, answer="rejects"))
    assert {2} == {reject["row"] for reject in rejects}
    assert set(SALE) - {"price", "currency"} == {reject["field"] for reject in rejects}


async def test_a_stream_without_end_is_cut_off() -> None:
    async def endless() -> AsyncIterator[bytes]:
        yield HEADER
        while True:
            yield as_csv([SALE])[len(HEADER) :] * 100

    async with serving(Settings(max_body_bytes=1_000_000)) as client:
        response = await client.post(FILE, content=endless(), headers=CSV)
    assert (413, "body-too-large") == (response.status_code, problem(response)["kind"])


async def test_what_unpacks_beyond_the_limit_is_refused() -> None:
    content = gzip.compress(as_csv(sales(2_000)))
    async with serving(Settings(max_unpacked_bytes=100_000)) as client:
        response = await post_file(client, content, {**CSV, **GZIP})
        assert "unpacks-too-large" == problem(response)["kind"]
        records = [{**SALE, "record_id": f"{'x' * 100}{number}"} for number in range(2_000)]
        response = await post_file(client, as_parquet(records), PARQUET)
        assert "row groups" in problem(response)["detail"]
        assert "unpacks-too-large" == problem(response)["kind"]


async def test_more_records_than_can_be_compared_are_refused() -> None:
    async with serving(Settings(max_distinct_records=99)) as client:
        assert 200 == (await post_file(client, as_csv(sales(99)), CSV, DEDUPLICATE)).status_code
        response = await post_file(client, as_csv(sales(100)), CSV, DEDUPLICATE)
    assert (422, "too-many-records") == (response.status_code, problem(response)["kind"])


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ({"pipeline": "nonsense"}, "pipeline"),
        ({"pipeline": '[{"operation": "sort"}]'}, "pipeline/0"),
        ({"output": "xml"}, "output"),
        ({"answer": "all"}, "answer"),
    ],
)
async def test_a_wrong_question_is_refused(
    client: httpx.AsyncClient, query: dict[str, str], parameter: str
) -> None:
    response = await client.post(FILE, content=as_csv([SALE]), headers=CSV, params=query)
    assert "validation-failed" == problem(response)["kind"]
    assert parameter == problem(response)["errors"][0]["parameter"]


async def test_files_beyond_the_room_for_them_are_refused_until_there_is_room() -> None:
    go_on = asyncio.Event()

    async def waiting() -> AsyncIterator[bytes]:
        yield HEADER
        await go_on.wait()

    async with serving(Settings(max_concurrent_files=1)) as client:
        first = asyncio.create_task(client.post(FILE, content=waiting(), headers=CSV))
        await asyncio.sleep(0.1)
        response = await post_file(client, as_csv([SALE]), CSV)
        assert (503, "overloaded") == (response.status_code, problem(response)["kind"])
        assert "retry-after" in response.headers
        go_on.set()
        assert 200 == (await first).status_code
        assert 200 == (await post_file(client, as_csv([SALE]), CSV)).status_code


async def test_a_file_that_takes_too_long_makes_room_for_the_next() -> None:
    settings = Settings(max_concurrent_files=1, request_timeout_seconds=0.3)
    async with serving(settings) as client:
        response = await post_file(client, as_csv(sales(200_000)), CSV)
        assert (503, "timed-out") == (response.status_code, problem(response)["kind"])
        for _ in range(100):
            response = await post_file(client, as_csv([SALE]), CSV)
            if response.status_code == 200:
                break
            await asyncio.sleep(0.1)
    assert 200 == response.status_code
