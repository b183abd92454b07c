"""Files go in and come out, in every format, with a report of what is wrong with them."""

import csv
import gzip
import io
import json
import zipfile
from datetime import UTC, datetime
from decimal import Decimal

import httpx
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from services.data_processor.tests.helpers import (
    CLEAN,
    COLUMNS,
    CSV,
    DEDUPLICATE,
    IN_EURO,
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

FILES = {
    "csv": (as_csv([SALE]), CSV),
    "ndjson": (as_ndjson([SALE]), NDJSON),
    "parquet": (as_parquet([SALE]), PARQUET),
}


@pytest.mark.parametrize("output", ["csv", "ndjson", "parquet"])
@pytest.mark.parametrize("given", FILES)
async def test_every_format_becomes_every_other(
    client: httpx.AsyncClient, given: str, output: str
) -> None:
    response = await post_file(client, *FILES[given], output=output)
    assert response.status_code == 200, response.text
    match output:
        case "csv":
            (record,) = csv.DictReader(io.StringIO(response.text))
            assert {name: str(value) for name, value in CLEAN.items()} == record
        case "ndjson":
            assert [CLEAN] == lines(response)
        case "parquet":
            (record,) = pq.read_table(io.BytesIO(response.content)).to_pylist()
            moment = datetime(2026, 11, 20, 10, tzinfo=UTC)
            assert {**CLEAN, "occurred_at": moment} == record
    summary = json.loads(response.headers["x-transform-summary"])
    assert {"received": 1, "rejected": 0, "duplicates": 0, "written": 1} == summary


@pytest.mark.parametrize("given", FILES)
async def test_the_report_names_row_field_and_reason(client: httpx.AsyncClient, given: str) -> None:
    records = [*sales(2), {**SALE, "price": "x", "kind": "gift"}, {**SALE, "unit": "parsec"}]
    write = {"csv": as_csv, "ndjson": as_ndjson, "parquet": as_parquet}[given]
    response = await post_file(client, write(records), FILES[given][1], answer="rejects")
    rejects = lines(response)
    places = [(reject["row"], reject["field"], reject["code"]) for reject in rejects]
    assert [
        (3, "kind", "literal_error"),
        (3, "price", "string_pattern_mismatch"),
        (4, "unit", "unknown_unit"),
    ] == places
    assert "'sale' or 'stock'" in rejects[0]["reason"]
    assert 2 == json.loads(response.headers["x-transform-summary"])["rejected"]


async def test_an_archive_has_the_records_the_rejects_and_the_summary(
    client: httpx.AsyncClient,
) -> None:
    content = as_csv([SALE, SALE, {**SALE, "sku": ""}])
    response = await post_file(client, content, CSV, DEDUPLICATE, answer="archive", output="ndjson")
    assert "application/zip" == response.headers["content-type"]
    with zipfile.ZipFile(io.BytesIO(response.content)) as archive:
        assert None is archive.testzip()
        assert CLEAN == json.loads(archive.read("records.ndjson"))
        assert 3 == json.loads(archive.read("rejects.ndjson"))["row"]
        summary = json.loads(archive.read("summary.json"))
    assert {"received": 3, "rejected": 1, "duplicates": 1, "written": 1} == summary


@pytest.mark.parametrize("given", FILES)
async def test_groups_are_written_too(client: httpx.AsyncClient, given: str) -> None:
    records = [*sales(3), *sales(1, sku="PEAR"), *sales(1, kind="stock", price=None, currency=None)]
    write = {"csv": as_csv, "ndjson": as_ndjson, "parquet": as_parquet}[given]
    window = {"size": "day", "time_zone": "Europe/Berlin"}
    steps = [IN_EURO, {"operation": "aggregate", "by": ["sku"], "window": window}]
    response = await post_file(client, write(records), FILES[given][1], *steps, output="ndjson")
    apples, stock, _pears = lines(response)
    expected = {
        **{"window_start": "2026-11-19T23:00:00Z", "source": None, "sku": "APPLE", "kind": "sale"},
        **{"unit": "kg", "currency": "EUR", "records": 3, "quantity": 3.401943},
        **{"minimum": 1.133981, "maximum": 1.133981, "amount": "13.731001"},
    }
    assert expected == apples
    assert (None, None) == (stock["currency"], stock["amount"])


async def test_what_is_repeated_in_another_chunk_is_found(client: httpx.AsyncClient) -> None:
    records = sales(30_000)
    response = await post_file(client, as_csv(records + records), CSV, DEDUPLICATE)
    summary = json.loads(response.headers["x-transform-summary"])
    assert (60_000, 30_000) == (summary["received"], summary["duplicates"])
    assert 30_001 == response.text.count("\n")


async def test_a_packed_file_with_a_byte_order_mark_is_taken(client: httpx.AsyncClient) -> None:
    content = gzip.compress(b"\xef\xbb\xbf" + as_csv([SALE])) + gzip.compress(as_csv(sales(1))[78:])
    response = await post_file(client, content, {**CSV, "Content-Encoding": "gzip"})
    assert 200 == response.status_code, response.text
    assert "till-7/41" in response.text


@pytest.mark.parametrize(("name", "delimiter"), [("semicolon", ";"), ("tab", "\t"), ("pipe", "|")])
async def test_values_may_be_apart_by_other_signs(
    client: httpx.AsyncClient, name: str, delimiter: str
) -> None:
    content = as_csv([SALE], delimiter=delimiter)
    response = await post_file(client, content, CSV, delimiter=name, output="ndjson")
    assert [CLEAN] == lines(response)


async def test_parquet_columns_may_have_types_of_their_own(client: httpx.AsyncClient) -> None:
    table = pa.table(
        {
            **{name: [SALE[name]] for name in ("record_id", "sku", "kind", "unit", "currency")},
            "source": pa.array(["tills"]).dictionary_encode(),
            "quantity": pa.array([Decimal("2.5")]),
            "price": pa.array([Decimal("1.99")]),
            "occurred_at": pa.array([datetime(2026, 11, 20, 10, tzinfo=UTC)]),
        }
    )
    response = await post_file(client, as_parquet(table), PARQUET, output="ndjson")
    assert [CLEAN] == lines(response)


async def test_optional_columns_may_be_left_out(client: httpx.AsyncClient) -> None:
    content = as_csv([SALE]).decode().replace(",price,currency", "").replace(",1.99,USD", "")
    response = await post_file(client, content.encode(), CSV, output="ndjson")
    assert [{**CLEAN, "price": None, "currency": None}] == lines(response)


async def test_a_result_keeps_to_its_columns_even_without_rows(client: httpx.AsyncClient) -> None:
    response = await post_file(client, as_csv([]), CSV)
    assert [f'"{name}"' for name in COLUMNS] == response.text.strip().split(",")
