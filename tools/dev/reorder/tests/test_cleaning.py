"""Records go through data_processor, and come back as histories of each SKU."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from tools.dev.client import Client
from tools.dev.errors import DevError
from tools.dev.reorder.cleaning import as_csv, clean, histories, units_sold
from tools.dev.tests.scripted_service import problem, service

RECORDS: list[dict[str, Any]] = [
    {"record_id": "a", "source": "tills", "quantity": 2, "price": None},
    {"record_id": "b", "source": "branch", "quantity": "4.5", "unit": "dozen"},
]
DAY, NEXT = date(2026, 3, 29), date(2026, 3, 30)


def group(sku: str, start: str, quantity: float, unit: str = "each") -> dict[str, Any]:
    return {"sku": sku, "window_start": start, "quantity": quantity, "unit": unit}


def archive(groups: Sequence[Any], rejects: Sequence[Any], summary: Any) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as packed:
        for name, rows in (("records", groups), ("rejects", rejects)):
            packed.writestr(f"{name}.ndjson", "".join(f"{json.dumps(row)}\n" for row in rows))
        packed.writestr("summary.json", json.dumps(summary))
    return file.getvalue()


def test_records_become_a_table_with_nothing_for_what_is_missing() -> None:
    assert as_csv(RECORDS).decode().split("\r\n") == [
        "record_id,source,sku,kind,quantity,unit,price,currency,occurred_at",
        "a,tills,,,2,,,,",
        "b,branch,,,4.5,dozen,,,",
        "",
    ]


async def test_rejects_are_told_by_the_name_of_the_record() -> None:
    groups = [group("mug", "2026-03-29T23:00:00Z", 54.0)]
    rejects = [
        {"row": 2, "field": "unit"},
        {"row": 2, "field": "price"},
        {"row": 1, "field": "sku"},
    ]
    asked = []

    async def handle(request: web.Request) -> web.StreamResponse:
        asked.append((request.content_type, await request.read(), request.query))
        summary = {"received": 2, "duplicates": 1}
        return web.Response(body=archive(groups, rejects, summary))

    async with service(handle) as address, aiohttp.ClientSession(address) as session:
        cleaned = await clean(Client(session), RECORDS)
    assert cleaned.sold == {"mug": {NEXT: Decimal(54)}}
    assert (cleaned.received, cleaned.duplicates, cleaned.rejected) == (2, 1, ["a", "b"])
    ((content_type, body, query),) = asked
    assert (content_type, body) == ("text/csv", as_csv(RECORDS))
    assert [step["operation"] for step in json.loads(query["pipeline"])] == [
        *("localise_times", "normalise_units", "convert_currency", "deduplicate", "aggregate")
    ]


async def test_a_refusal_is_shown() -> None:
    async def handle(_: web.Request) -> web.StreamResponse:
        return problem(422, "bad-columns")

    async with service(handle) as address, aiohttp.ClientSession(address) as session:
        with pytest.raises(DevError, match="data_processor answers 422 bad-columns"):
            await clean(Client(session), RECORDS)


def test_pieces_and_kilograms_of_a_day_are_put_together() -> None:
    sold = units_sold(
        [
            group("coffee", "2026-03-28T23:00:00Z", 3.0),
            group("coffee", "2026-03-28T23:00:00Z", 11.793402, "kg"),
            # The day on which clocks change has 23 hours.
            group("coffee", "2026-03-29T22:00:00Z", 0.1),
        ]
    )
    assert sold == {"coffee": {DAY: Decimal("14.793402"), NEXT: Decimal("0.1")}}


def test_days_without_a_sale_are_zero_in_all_histories() -> None:
    last = date(2026, 4, 1)
    sold = {"b": {DAY: Decimal("1.5"), last: Decimal(-1)}, "a": {NEXT: Decimal(2)}}
    assert histories(sold) == (DAY, {"a": [0, 2, 0, 0], "b": [1.5, 0, 0, 0]})


def test_nothing_sold_is_nothing_to_forecast_from() -> None:
    with pytest.raises(DevError, match="nothing to forecast from"):
        histories({})
