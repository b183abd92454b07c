"""Records, files of them, and short forms of requests."""

import csv
import io
import json
from typing import Any

import httpx
import pyarrow as pa
import pyarrow.parquet as pq

CSV = {"Content-Type": "text/csv"}
NDJSON = {"Content-Type": "application/x-ndjson"}
PARQUET = {"Content-Type": "application/vnd.apache.parquet"}
FILE = "/v1/transform/file"

COLUMNS = (
    "record_id", "source", "sku", "kind", "quantity", "unit", "price", "currency", "occurred_at",
)  # fmt: skip

SALE = {
    "record_id": "till-7/41",
    "source": "tills",
    "sku": "APPLE",
    "kind": "sale",
    "quantity": 2.5,
    "unit": "lb",
    "price": "1.99",
    "currency": "USD",
    "occurred_at": "2026-11-20T11:00:00+01:00",
}
CLEAN = {
    **SALE,
    "quantity": 1.133981,
    "unit": "kg",
    "price": "4.387199",
    "occurred_at": "2026-11-20T10:00:00Z",
}
IN_EURO = {"operation": "convert_currency", "to": "EUR", "rates": {"USD": "0.92"}}
DEDUPLICATE = {"operation": "deduplicate"}


def sales(count: int, **changes: object) -> list[dict[str, Any]]:
    """Return records with ids from 1 on."""
    return [{**SALE, "record_id": str(number), **changes} for number in range(1, count + 1)]


def as_csv(records: list[dict[str, Any]], delimiter: str = ",") -> bytes:
    """Return records as CSV with a header."""
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, delimiter=delimiter, lineterminator="\n")
    writer.writeheader()
    writer.writerows(records)
    return text.getvalue().encode()


def as_ndjson(records: list[Any]) -> bytes:
    """Return values as lines of JSON."""
    return b"".join(json.dumps(record).encode() + b"\n" for record in records)


def as_parquet(records: list[dict[str, Any]] | pa.Table) -> bytes:
    """Return records, or a table, as Parquet."""
    table = records if isinstance(records, pa.Table) else pa.Table.from_pylist(records)
    file = io.BytesIO()
    pq.write_table(table, file)
    return file.getvalue()


async def post_file(
    client: httpx.AsyncClient, content: bytes, headers: dict[str, str], *steps: object, **query: str
) -> httpx.Response:
    """Send a file with a pipeline."""
    params = {"pipeline": json.dumps(steps), **query}
    return await client.post(FILE, content=content, headers=headers, params=params)


def lines(response: httpx.Response) -> list[dict[str, Any]]:
    """Return an NDJSON answer."""
    assert response.status_code == 200, response.text
    return [json.loads(line) for line in response.content.splitlines()]
