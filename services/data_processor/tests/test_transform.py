"""Records in JSON: cleaned, put together, and reported where they are wrong."""

import json
from typing import Any

import httpx
import pytest

from libs.contracts.records import RecordOut
from libs.service_kit.testing_problems import problem
from services.data_processor.settings import Settings
from services.data_processor.tests.conftest import serving
from services.data_processor.tests.helpers import CLEAN, DEDUPLICATE, IN_EURO, SALE, sales


async def post(client: httpx.AsyncClient, records: list[Any], *steps: object) -> httpx.Response:
    """Send records with a pipeline."""
    return await client.post("/v1/transform", json={"pipeline": steps, "records": records})


async def transform(client: httpx.AsyncClient, records: list[Any], *steps: object) -> Any:
    """Return what becomes of records."""
    response = await post(client, records, *steps)
    assert 200 == response.status_code, response.text
    return response.json()


async def test_a_record_comes_out_in_base_units_and_utc(client: httpx.AsyncClient) -> None:
    result = await transform(client, [SALE])
    assert [CLEAN] == result["records"]
    assert None is result["groups"]
    assert [] == result["rejects"]
    RecordOut.model_validate(result["records"][0])


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"unit": "KG"}, {"quantity": 2.5, "unit": "kg", "price": "1.99"}),
        ({"unit": "g"}, {"quantity": 0.0025, "unit": "kg", "price": "1990"}),
        ({"unit": "dozen"}, {"quantity": 30.0, "unit": "each", "price": "0.165833"}),
        ({"unit": "crate"}, {"quantity": 60.0, "unit": "each", "price": "0.082917"}),
        ({"unit": "kg", "price": "1.990"}, {"quantity": 2.5, "unit": "kg", "price": "1.990"}),
        ({"unit": "kg", "quantity": 1e-7}, {"quantity": 0.0}),
        ({"unit": "kg", "quantity": -3}, {"quantity": -3.0}),
        ({"unit": "kg", "price": "0.000000"}, {"price": "0.000000"}),
        ({"occurred_at": "2026-11-20T10:00:00.5Z"}, {"occurred_at": "2026-11-20T10:00:00.500000Z"}),
        ({"occurred_at": "2026-11-20t10:00:00z"}, {"occurred_at": "2026-11-20T10:00:00Z"}),
        ({"price": None, "currency": None}, {"price": None, "currency": None}),
    ],
)
async def test_units_prices_and_times_are_normalised(
    client: httpx.AsyncClient, changes: dict[str, object], expected: dict[str, object]
) -> None:
    crate = {"crate": {"base": "each", "factor": "24"}}
    units = {"operation": "normalise_units", "units": crate}
    result = await transform(client, [{**SALE, **changes}], units)
    assert expected == {name: result["records"][0][name] for name in expected}


@pytest.mark.parametrize(
    ("to", "rates", "price"),
    [
        ("EUR", {"USD": "0.92"}, "1.8308"),
        ("EUR", {"USD": "1", "EUR": "1.10"}, "1.809091"),
        ("USD", {"EUR": "1.10"}, "1.99"),
        ("JPY", {"USD": "150.123456789"}, "298.745679"),
    ],
)
async def test_prices_are_converted_by_decimal_rates(
    client: httpx.AsyncClient, to: str, rates: dict[str, str], price: str
) -> None:
    step = {"operation": "convert_currency", "to": to, "rates": rates}
    result = await transform(client, [{**SALE, "unit": "each"}], step)
    assert (price, to) == (result["records"][0]["price"], result["records"][0]["currency"])


async def test_rates_may_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CURRENCY_RATES", '{"EUR": "1", "USD": "0.92", "GBP": "1.15"}')
    settings = Settings()
    step = {"operation": "convert_currency", "to": "GBP"}
    async with serving(settings) as client:
        result = await transform(client, [{**SALE, "unit": "each"}], step)
        assert "1.592" == result["records"][0]["price"]
        response = await post(client, [SALE], {**step, "to": "CHF"})
    assert "no-rates" == problem(response)["kind"]


async def test_the_first_of_a_source_and_id_is_kept(client: httpx.AsyncClient) -> None:
    wrong = {**SALE, "quantity": None}
    twice = [wrong, {**SALE, "sku": "FIRST"}, {**SALE, "sku": "SECOND"}, {**SALE, "source": "web"}]
    result = await transform(client, twice, DEDUPLICATE)
    assert ["FIRST", "APPLE"] == [record["sku"] for record in result["records"]]
    summary = {"received": 4, "rejected": 1, "duplicates": 1, "written": 2}
    assert summary == result["summary"]


async def test_local_times_are_taken_when_their_zone_is_named(client: httpx.AsyncClient) -> None:
    local = {"operation": "localise_times", "time_zone": "Europe/Berlin"}
    times = ["2026-07-01T12:00", "2026-03-29T02:30:00", "2026-10-25T02:30:00", "2026-07-01T12:00Z"]
    records = [{**SALE, "occurred_at": time + ":00" * (time[-1] == "Z")} for time in times]
    records[3]["occurred_at"] = "2026-07-01T12:00:00Z"
    result = await transform(client, records, local)
    written = [record["occurred_at"] for record in result["records"]]
    assert ["2026-07-01T10:00:00Z", "2026-07-01T12:00:00Z"] == written
    # Clocks skipped the one and showed the other twice.
    assert [(2, "zoned_time"), (3, "zoned_time")] == [
        (reject["row"], reject["code"]) for reject in result["rejects"]
    ]


async def test_windows_are_those_of_local_clocks(client: httpx.AsyncClient) -> None:
    # In the night to 2026-10-25, Berlin's clocks showed 02:00 to 03:00 twice.
    times = ["2026-10-24T22:00:00Z", "2026-10-25T00:59:59Z", "2026-10-25T01:00:00Z"]
    records = [
        {**SALE, "record_id": str(number), "unit": "each", "occurred_at": time}
        for number, time in enumerate([*times, "2026-10-25T22:59:59Z", "2026-10-25T23:00:00Z"])
    ]
    starts = {}
    for size in ("hour", "day", "week", "month"):
        window = {"size": size, "time_zone": "Europe/Berlin"}
        step = {"operation": "aggregate", "by": [], "window": window}
        groups = (await transform(client, records, step))["groups"]
        starts[size] = {group["window_start"]: group["records"] for group in groups}
    assert {"2026-10-24T22:00:00Z": 4, "2026-10-25T23:00:00Z": 1} == starts["day"]
    assert {"2026-10-18T22:00:00Z": 4, "2026-10-25T23:00:00Z": 1} == starts["week"]
    assert {"2026-09-30T22:00:00Z": 5} == starts["month"]
    assert {1} == set(starts["hour"].values())


async def test_what_cannot_be_summed_is_apart(client: httpx.AsyncClient) -> None:
    records = [
        *sales(2, unit="each", price="0.1"),
        *sales(1, unit="each", currency="EUR"),
        *sales(1, unit="each", kind="stock", price=None, currency=None),
        *sales(1, unit="m", quantity=-1),
    ]
    result = await transform(client, records, {"operation": "aggregate", "by": ["source", "sku"]})
    assert None is result["records"]
    groups = [
        (group["kind"], group["unit"], group["currency"], group["records"], group["amount"])
        for group in result["groups"]
    ]
    assert [
        ("sale", "each", "EUR", 1, "4.975"),
        ("sale", "each", "USD", 2, "0.5"),
        ("sale", "m", "USD", 1, "-1.99"),
        ("stock", "each", None, 1, None),
    ] == groups


@pytest.mark.parametrize(
    ("record", "field", "code"),
    [
        ({**SALE, "quantity": "2"}, "quantity", "float_type"),
        ({**SALE, "quantity": True}, "quantity", "float_type"),
        ({**SALE, "quantity": 10**400}, "quantity", "float_type"),
        ({**SALE, "quantity": 1e10}, "quantity", "less_than_equal"),
        ({**SALE, "quantity": 1e9, "unit": "t"}, "quantity", "quantity_range"),
        ({**SALE, "price": "999999999999", "unit": "g"}, "price", "price_range"),
        ({**SALE, "price": 1.99}, "price", "string_type"),
        ({**SALE, "currency": None}, "price", "price_currency"),
        ({**SALE, "currency": "GBP"}, "currency", "no_rate"),
        ({**SALE, "unit": "parsec"}, "unit", "unknown_unit"),
        ({**SALE, "occurred_at": "2026-11-20T11:00:00"}, "occurred_at", "zoned_time"),
        ({**SALE, "occurred_at": 1795168800}, "occurred_at", "zoned_time"),
        ({**SALE, "occurred_at": "0001-01-01T00:00:00+14:00"}, "occurred_at", "time_range"),
        ({**SALE, "sku": ["A"]}, "sku", "string_type"),
        ({**SALE, "kind": {}}, "kind", "literal_error"),
        ({**SALE, "record_id": "a\nb"}, "record_id", "string_pattern_mismatch"),
        ({**SALE, "colour": "red"}, "colour", "extra_forbidden"),
        ({name: SALE[name] for name in SALE if name != "sku"}, "sku", "missing"),
        ([SALE], None, "model_type"),
        ("till-7/41", None, "model_type"),
        (None, None, "model_type"),
    ],
)
async def test_a_wrong_record_is_reported_and_the_others_are_kept(
    client: httpx.AsyncClient, record: object, field: str | None, code: str
) -> None:
    result = await transform(client, [*sales(1), record, *sales(1)], IN_EURO)
    assert [(2, field, code)] == [
        (reject["row"], reject["field"], reject["code"]) for reject in result["rejects"]
    ]
    assert 2 == len(result["records"])


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999"])
async def test_what_is_no_finite_number_is_reported(client: httpx.AsyncClient, number: str) -> None:
    content = json.dumps({"records": [SALE]}).replace("2.5", number)
    headers = {"Content-Type": "application/json"}
    response = await client.post("/v1/transform", content=content, headers=headers)
    assert 200 == response.status_code, response.text
    assert ["quantity"] == [reject["field"] for reject in response.json()["rejects"]]


async def test_a_record_of_ten_thousand_fields_has_a_short_report(
    client: httpx.AsyncClient,
) -> None:
    wide = {**SALE, **{f"column_{number}": number for number in range(10_000)}}
    result = await transform(client, [wide])
    assert 10 == len(result["rejects"])
    assert {"extra_forbidden"} == {reject["code"] for reject in result["rejects"]}


@pytest.mark.parametrize(
    ("steps", "place"),
    [
        ([{"operation": "sort"}], "#/pipeline/0"),
        ([{}], "#/pipeline/0"),
        ([{**IN_EURO, "to": "euro"}], "#/pipeline/0/to"),
        ([{**IN_EURO, "rates": {"USD": "0"}}], "#/pipeline/0/rates/USD"),
        ([{**IN_EURO, "rates": {"USD": 0.92}}], "#/pipeline/0/rates/USD"),
        ([{**IN_EURO, "rate": {}}], "#/pipeline/0/rate"),
        ([DEDUPLICATE, DEDUPLICATE], "#/pipeline"),
        ([DEDUPLICATE, IN_EURO], "#/pipeline"),
        (
            [{"operation": "localise_times", "time_zone": "Mars/Olympus"}],
            "#/pipeline/0/time_zone",
        ),
    ],
)
async def test_a_wrong_pipeline_is_refused_with_its_place(
    client: httpx.AsyncClient, steps: list[Any], place: str
) -> None:
    response = await post(client, [SALE], *steps)
    assert 422 == response.status_code
    assert "validation-failed" == problem(response)["kind"]
    assert place == problem(response)["errors"][0]["pointer"]


async def test_too_many_groups_are_refused() -> None:
    async with serving(Settings(max_groups=2)) as client:
        records = [{**SALE, "sku": str(number)} for number in range(3)]
        response = await post(client, records, {"operation": "aggregate"})
    assert (422, "too-many-groups") == (response.status_code, problem(response)["kind"])


async def test_more_records_than_a_request_may_have_are_refused(client: httpx.AsyncClient) -> None:
    response = await post(client, [None] * 10_001)
    assert "#/records" == problem(response)["errors"][0]["pointer"]


async def test_no_records_make_an_empty_result(client: httpx.AsyncClient) -> None:
    result = await transform(client, [], DEDUPLICATE)
    assert ([], []) == (result["records"], result["rejects"])
